"""Text for people: counts, sizes and times as they write and read them, and what strangers wrote in one short line."""

from __future__ import annotations

import math
import re
import reprlib

from stvsr.errors import StvsrError

_LONGEST = 400
_UNITS = "_kmgt"


def one_line(text: object) -> str:
    """Return a stranger's text as one printable line of bounded length."""
    line = "".join(letter if letter.isprintable() else " " for letter in str(text)[:_LONGEST])
    return " ".join(line.split())


def quoted(value: object) -> str:
    """Return a stranger's value as Python writes it, shortened."""
    return one_line(reprlib.repr(value))


def number_of(count: int, noun: str) -> str:
    """Return so many of something, such as ``1 file`` or ``2 files``."""
    return f"{count} {noun}{'s' * (count != 1)}"


def readable_size(count: int) -> str:
    """Return a number of bytes as people write it, such as ``3.1 MB``."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def readable_time(seconds: float) -> str:
    """Return a duration as people write it, such as ``1 h 02 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{round(seconds) // 60} min {round(seconds) % 60:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def reason(error: Exception) -> str:
    """Return the reason in an FFmpeg or operating system error, in a few words on one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split()).rstrip(".")


def memory_budget(text: str | None) -> int | None:
    """Return a budget of working memory in bytes; None stays None, which leaves it to the device.

    Args:
        text: A number of gigabytes, or with a unit: ``4GB``, ``500 MB``, ``8GiB``.

    Raises:
        StvsrError: If it is nothing of the kind, or not positive and finite.
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*([0-9.]+)\s*([kmgt]?)(i?)b?\s*", text, re.IGNORECASE)
    try:
        number = float(found[1]) if found else math.nan
    except ValueError:
        number = math.nan
    size = math.nan
    if found:
        size = number * (1024 if found[3] else 1000) ** _UNITS.index(found[2].lower() or "g")
    if not (math.isfinite(size) and size >= 1):
        raise StvsrError(f"`memory` {text}: give a positive number of gigabytes, or a size such as 4GB or 500MB")
    return int(size)
