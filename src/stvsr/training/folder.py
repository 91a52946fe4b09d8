"""A run's folder: made, locked against a second run, or moved aside for a fresh one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from stvsr.errors import StvsrError

try:
    import fcntl
except ImportError:  # Windows: two runs in one folder are not noticed there
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


@contextmanager
def use_folder(folder: Path, resume: bool) -> Iterator[None]:
    """Make a run's folder and keep other runs out of it for as long as the context lasts.

    Args:
        folder: Where a run keeps its files.
        resume: Whether to keep what is there; otherwise an existing folder becomes ``<folder>.1``, ``.2`` ...

    Raises:
        StvsrError: If the folder cannot be made, or another run is using it.
    """
    lock = _lock(folder)
    try:
        if not resume and len(list(folder.iterdir())) > 1:
            lock.close()
            _move_aside(folder)
            lock = _lock(folder)
        yield
    finally:
        lock.close()


def _lock(folder: Path) -> IO[bytes]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("wb")
    except OSError as error:
        raise StvsrError(f"{folder}: cannot be written: {error.strerror}; choose another with --run") from None
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StvsrError(f"{folder}: another run is using it; wait for it, or choose another with --run") from None
    return file


def _move_aside(folder: Path) -> None:
    free = (folder.with_name(f"{folder.name}.{number}") for number in range(1, 10_000))
    try:
        folder.rename(next(name for name in free if not name.exists()))
    except OSError as error:
        raise StvsrError(f"{folder}: cannot be moved aside: {error.strerror}; choose another with --run") from None
