"""``python -m stvsr``: the command line, where the ``stvsr`` script is not on the path."""

from __future__ import annotations

from stvsr.cli import main

if __name__ == "__main__":
    main()
