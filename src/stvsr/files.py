"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stvsr.errors import StvsrError
from stvsr.text import reason

# Bytes of a name that disks take, and what a hidden name adds to the file's at most: dots, words, a process, a suffix.
_LONGEST_NAME, _ADDED = 255, 32
_DIGITS = 16
_PARTIAL = ".partial-"


def check_name(path: Path) -> None:
    """Raise StvsrError if a path is longer than the disk takes, whether or not there is such a file."""
    try:
        path.lstat()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:  # the others are told by whoever opens it
            return
        raise StvsrError(
            f"{path.name[:_DIGITS]}...: a name of {len(os.fsencode(path.name))} bytes in a path of "
            f"{len(os.fsencode(path))} is longer than this disk takes, usually {_LONGEST_NAME}; choose a shorter one"
        ) from error


def hidden_name(name: str, tail: str) -> str:
    """Return the name under which something of a file is kept beside it meanwhile: a dot, its name and a tail.

    Of a name that the tail would make longer than disks take, the beginning and a checksum stand for the whole.
    """
    encoded = os.fsencode(name)
    if len(encoded) > _LONGEST_NAME - _ADDED:
        while len(os.fsencode(name)) > _LONGEST_NAME - _ADDED - _DIGITS - 1:
            name = name[:-1]
        name = f"{name}-{hashlib.sha256(encoded).hexdigest()[:_DIGITS]}"
    return f".{name}{tail}"


class PartialFile:
    """A hidden file beside its final name, renamed when it is complete.

    Attributes:
        path: where to write.

    Raises:
        StvsrError: the folder is missing or not writable, the name is a folder's, or `overwrite` is False and
            the file exists.
    """

    def __init__(self, final: Path, overwrite: bool = True) -> None:
        check_name(final)
        self._final = final
        folder = final.parent
        if final.is_dir():
            raise StvsrError(f"{final} is a folder; name a file")
        if final.exists() and not overwrite:
            raise StvsrError(f"{final} exists already; choose another name or allow overwriting")
        if not folder.is_dir():
            raise StvsrError(f"{final}: the folder {folder} does not exist; create it first")
        self.path = folder / hidden_name(final.stem, f"{_PARTIAL}{os.getpid()}{final.suffix}")
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


class NoFile:
    """Stands for a `PartialFile` where nothing is to be written.

    Attributes:
        path: where writing leaves nothing.
    """

    def __init__(self, final: Path, overwrite: bool = True) -> None:
        self.path = Path(os.devnull)

    def keep(self) -> None:
        """Keep nothing."""

    def discard(self) -> None:
        """Remove nothing."""


@contextmanager
def atomic_write(final: Path) -> Iterator[Path]:
    """A context with the path of a hidden file to be filled, which gets its final name if nothing goes wrong.

    Raises:
        StvsrError: On entering, if there can be no such file.
    """
    partial = PartialFile(final)
    try:
        yield partial.path
        partial.keep()
    finally:
        partial.discard()


def _remove_left(final: Path) -> None:
    """Remove what killed processes left of a file."""
    begin = hidden_name(final.stem, _PARTIAL)
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
