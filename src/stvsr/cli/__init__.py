"""The command line. Every subcommand is one module here; none imports torch before it has to."""

from __future__ import annotations

import sys

from stvsr.cli.app import app
from stvsr.errors import StvsrError


def main() -> None:
    """Run the command line: exit code 0 on success, 2 on a user's mistake, 130 when interrupted."""
    try:
        app()
    except StvsrError as error:
        print(f"stvsr: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        print("stvsr: interrupted", file=sys.stderr)
        sys.exit(130)
