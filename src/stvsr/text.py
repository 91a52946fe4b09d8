"""Text for people: counts, sizes and times as they write them, and what strangers wrote in one short line."""

from __future__ import annotations

import reprlib

_LONGEST = 400


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
