"""Writing a file whole or not at all."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from stvsr.errors import StvsrError
from stvsr.video.source import reason

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
    """Raise StvsrError if writing `output` would overwrite `source`, also through links."""
    source, output = Path(source), Path(output)
    same = output.resolve() == source.resolve()
    if output.exists() and source.exists():
        same = same or source.samefile(output)
    if same:
        raise StvsrError(f"{output} is the input itself; choose another name for the output")


class PartialFile:
    """A hidden file beside its final name, renamed when it is complete.

    Attributes:
        path: where to write.

    Raises:
        StvsrError: the folder is missing or not writable, the name is a folder's, or `overwrite` is False and
            the file exists.
    """

    def __init__(self, final: Path, overwrite: bool = True) -> None:
        self._final = final
        folder = final.parent
        if final.is_dir():
            raise StvsrError(f"{final} is a folder; name a file")
        if final.exists() and not overwrite:
            raise StvsrError(f"{final} exists already; choose another name or allow overwriting")
        if not folder.is_dir():
            raise StvsrError(f"{final}: the folder {folder} does not exist; create it first")
        self.path = folder / f".{final.stem}.partial-{os.getpid()}{final.suffix}"
        _remove_left(final)
        try:
            self.path.unlink(missing_ok=True)
            self.path.touch(exist_ok=False)
        except OSError as error:
            raise StvsrError(f"{final} cannot be written ({reason(error)}); choose another folder") from error

    def keep(self) -> None:
        """Flush the complete file to disk and give it its final name."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        self.path.replace(self._final)

    def discard(self) -> None:
        """Remove what was written."""
        self.path.unlink(missing_ok=True)


def _remove_left(final: Path) -> None:
    """Remove what killed processes left of a file."""
    begin = f".{final.stem}.partial-"
    for path in final.parent.glob(f"{glob.escape(begin)}*{glob.escape(final.suffix)}"):
        number = path.name[len(begin) : len(path.name) - len(final.suffix)]
        if number.isdecimal() and not _runs(int(number)):
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    if os.name == "nt":  # where this question would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
