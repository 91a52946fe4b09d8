"""What a name or a file is that cannot be read as a video, in a line that says what to do about it."""

from __future__ import annotations

import re
from pathlib import Path

from stvsr.errors import StvsrError

PICTURES = {
    ".bmp", ".dng", ".dpx", ".exr", ".heic", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff",
    ".webp",
}  # fmt: skip
"""The suffixes of files that hold one picture each."""
# One letter would be a drive of Windows. Of the two slashes paths keep one.
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
_NUMBERED = re.compile(r"%0?\d*d|#{2,}")
# In the extended header of a WebP file, whose bytes 12 to 16 name it.
_WEBP_FLAGS, _WEBP_ANIMATED = 20, 0x02


def check_is_path(text: str) -> None:
    """Raise StvsrError if what should name a file is an address."""
    if _ADDRESS.match(text):
        raise StvsrError(f"{text} is an address, and only files are read and written: download it first")


def missing(path: Path) -> StvsrError:
    """Return why there is no such file."""
    try:
        check_is_path(str(path))
    except StvsrError as error:
        return error
    if _NUMBERED.search(path.name) and path.suffix.lower() in PICTURES:
        return of_pictures(path)
    return StvsrError(f"{path} does not exist; check the name")


def of_pictures(path: Path) -> StvsrError:
    """Return what to do about pictures where a video is wanted; ``path`` is their folder or pattern."""
    return StvsrError(
        f"{path} holds single pictures, which are no video: make one of them first, such as by "
        "'ffmpeg -framerate 25 -i %05d.png -c:v ffv1 frames.mkv'"
    )


def undecodable(path: Path, reason: str) -> StvsrError:
    """Return why not even the first frame of a file can be decoded."""
    if _is_animated_webp(path):
        return StvsrError(f"{path} is an animated WebP, which FFmpeg cannot decode: convert it to GIF or MP4 first")
    return StvsrError(f"{path}: no frame can be decoded ({reason}); copy it again from its source")


def encrypted(path: Path) -> StvsrError:
    """Return what to do about a video that needs a key."""
    return StvsrError(f"{path} is encrypted, and its pictures cannot be read without the key: get an open copy of it")


def _is_animated_webp(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_WEBP_FLAGS + 1)
    animated = len(head) > _WEBP_FLAGS and bool(head[_WEBP_FLAGS] & _WEBP_ANIMATED)
    return animated and head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X"
