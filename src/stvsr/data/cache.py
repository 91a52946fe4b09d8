"""Decoded clips on disk: raw uint8 arrays that are mapped into memory, so that a crop is a plain slice.

Each clip is one ``.npy`` file named after a digest of everything it was made from. A file is written under
a temporary name, flushed, and renamed: whoever finds it finds it whole. Two processes that make the same clip
at once both succeed, and the later rename wins with the same bytes. A file that is damaged all the same (cut
short, overwritten) is noticed when it is opened, and made again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from stvsr.errors import StvsrError

log = logging.getLogger("stvsr.data")

Frames = NDArray[np.uint8]
"""Frames of one clip, ``(frames, height, width, 3)`` RGB, or one frame ``(height, width, 3)``."""

LEFTOVER_SECONDS = 24 * 3600
FORMAT = 1  # raise it when the meaning of a cached file changes: old files are then simply not found


class CacheError(StvsrError):
    """The cache itself fails: no other clip would fare better."""


def default_cache() -> Path:
    """Return the cache folder of this user: ``$XDG_CACHE_HOME/stvsr/clips``, or ``~/.cache/stvsr/clips``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "stvsr" / "clips"


def file_identity(path: Path) -> list[str | int]:
    """Return what identifies one version of a file: full path, size in bytes, time of change in ns."""
    stat = path.stat()
    return [str(path.resolve()), stat.st_size, stat.st_mtime_ns]


class ClipCache:
    """A folder of decoded clips.

    Args:
        folder: Where the files lie; made when it is missing. ``None`` means `default_cache`.

    Raises:
        CacheError: If the folder cannot be made.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = Path(folder).expanduser() if folder is not None else default_cache()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(
                f"{self.folder}: cannot make this folder ({error.strerror}); set 'cache' to another one"
            ) from error
        self._clear_leftovers()

    def _clear_leftovers(self) -> None:
        """Remove what killed processes left half-written, once nobody can be writing it any more."""
        for part in self.folder.glob(".*.part"):
            with contextlib.suppress(OSError):
                if time.time() - part.stat().st_mtime > LEFTOVER_SECONDS:
                    part.unlink()

    def path(self, key: Mapping[str, Any]) -> Path:
        """Return the file for the clip with this JSON-like description."""
        text = json.dumps({"format": FORMAT, **key}, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npy"

    def find(self, key: Mapping[str, Any]) -> Frames | None:
        """Return the mapped clip, or ``None`` where there is none or it is damaged."""
        path = self.path(key)
        return open_mapped(path) if path.exists() else None

    def get(self, key: Mapping[str, Any], frames: Callable[[], Iterable[Frames]]) -> Frames:
        """Return the mapped clip, made from ``frames()`` first where the cache does not hold it.

        Args:
            key: JSON-like description of everything the frames depend on.
            frames: Gives the frames one after the other, each ``(height, width, 3)`` uint8, all of one size.

        Returns:
            Read-only ``(frames, height, width, 3)`` uint8.

        Raises:
            CacheError: If the disk is full or not writable.
            StvsrError: If frames differ in size, or there is none.
        """
        found = self.find(key)
        if found is not None:
            return found
        path = self.path(key)
        self._write(path, lambda file: _write_frames(file, frames()))
        made = open_mapped(path)
        if made is None:
            raise CacheError(f"{path}: a clip just written cannot be read back; check that disk or set 'cache'")
        return made

    def note(self, key: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """Return what ``make()`` once gave about a clip, as JSON beside it.

        Raises:
            CacheError: If the disk is full or not writable.
        """
        path = self.path(key).with_suffix(".json")
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            text = json.dumps(make())
        self._write(path, lambda file: file.write(text.encode()))
        return json.loads(text)

    def _write(self, path: Path, write: Callable[[IO[bytes]], object]) -> None:
        try:
            write_atomically(path, write)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT):
                raise
            raise CacheError(
                f"{self.folder}: cannot write decoded clips ({error.strerror}); free space or set 'cache'"
            ) from error


def open_mapped(path: Path) -> Frames | None:
    """Map a cached clip read-only, or return ``None`` with a warning where the file is damaged."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError):
        array = None
    if array is not None and array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] == 3:
        return array  # type: ignore[no-any-return]
    log.warning("%s: damaged cache file, making it again", path.name)
    return None


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let ``write`` fill a temporary file, and rename it to ``path`` when it is safely on disk."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write_frames(file: IO[bytes], frames: Iterable[Frames]) -> None:
    """Write one ``.npy`` file, one frame in memory at a time."""
    size: tuple[int, ...] = (0, 0, 3)
    count = 0
    for frame in frames:
        if count == 0:
            size = frame.shape
            file.write(_header(0, size))
        elif frame.shape != size:
            raise StvsrError(f"frame {count} is {frame.shape[1]}x{frame.shape[0]}, the first one {size[1]}x{size[0]}")
        file.write(np.ascontiguousarray(frame).data)
        count += 1
    if count == 0:
        raise StvsrError("no frame in it")
    file.seek(0)
    file.write(_header(count, size))


def _header(count: int, size: tuple[int, ...]) -> bytes:
    """Return the ``.npy`` header, of one length for any count: NumPy pads for a growing first axis."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"shape": (count, *size), "fortran_order": False, "descr": "|u1"})
    return buffer.getvalue()
