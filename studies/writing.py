"""What every command that measures does last: a document whole under its name, or a line for the user and nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from stvsr.errors import StvsrError
from stvsr.evaluation.results import Document
from stvsr.files import atomic_write


def write_document(path: Path, make: Callable[[], Document]) -> int:
    """Write the document that ``make`` returns; an output that cannot be written is found before anything is measured.

    Returns:
        The exit code: 0, or 2 after a `StvsrError`, which is printed.
    """
    try:
        with atomic_write(path) as output:
            output.write_text(make().to_json(), encoding="utf-8")
    except StvsrError as error:
        print(f"stvsr: {error}", file=sys.stderr)
        return 2
    return 0
