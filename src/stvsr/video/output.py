"""Which containers can be written, and under which names."""

from __future__ import annotations

from pathlib import Path

from stvsr.errors import StvsrError
from stvsr.files import check_name

CONTAINERS = {".mkv": "matroska", ".mp4": "mp4", ".mov": "mov", ".webm": "webm"}
"""The containers that can be written, suffix by suffix, with FFmpeg's names."""


def container_format(path: Path) -> str:
    """Return FFmpeg's name of the container that a file's suffix asks for.

    Raises:
        StvsrError: a suffix that is not in `CONTAINERS`.
    """
    name = CONTAINERS.get(path.suffix.lower())
    if name is None:
        known = ", ".join(CONTAINERS)
        raise StvsrError(f"{path}: the suffix says no container that can be written; use one of {known}")
    return name


def check_output(source: str | Path, output: str | Path) -> None:
    """Raise StvsrError if writing `output` would overwrite `source`, also through links, or its name is too long."""
    source, output = Path(source), Path(output)
    check_name(output)
    same = output.resolve() == source.resolve()
    if output.exists() and source.exists():
        same = same or source.samefile(output)
    if same:
        raise StvsrError(f"{output} is the input itself; choose another name for the output")
