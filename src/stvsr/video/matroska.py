"""Whether a Matroska or WebM file goes on as far as its own elements say, by RFC 8794 and RFC 9559."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_LONGEST_ID, _LONGEST_SIZE = 4, 8


def is_cut_off(path: Path) -> bool:
    """Whether a file ends within a cluster of frames, or after one while its segment should go on.

    What was written without knowing its size, as live recordings are, is cut off nowhere.
    """
    length = path.stat().st_size
    try:
        with path.open("rb") as file:
            return _is_cut_off(file, length)
    except (OSError, ValueError):
        return False  # whoever reads the pictures tells


def _is_cut_off(file: BinaryIO, length: int) -> bool:
    end, name = 0, None
    while file.tell() < length:
        name = _number(file, _LONGEST_ID, keep_marker=True)
        size = _number(file, _LONGEST_SIZE)
        if name == _SEGMENT or size is None:  # go on inside it
            end = max(end, file.tell() + (size or 0))
        elif file.tell() + size > length:
            return name == _CLUSTER
        else:
            file.seek(size, 1)
    return end > length and name == _CLUSTER


def _number(file: BinaryIO, longest: int, *, keep_marker: bool = False) -> int | None:
    """Return a number whose first set bit tells its length; None where all bits after that are set: unknown.

    Raises:
        ValueError: the file ends in it, or it is longer than it may be.
    """
    first = file.read(1)
    if not first:
        raise ValueError("the end")
    length = 9 - first[0].bit_length()
    rest = file.read(length - 1) if length <= longest else b""
    if len(rest) != length - 1:
        raise ValueError("no number")
    value = int.from_bytes(first + rest, "big")
    mask = (1 << 7 * length) - 1
    if not keep_marker and value & mask == mask:
        return None
    return value if keep_marker else value & mask
