"""What was found out by reading a whole file, kept until the file changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_MOST = 16
_KEPT: OrderedDict[tuple[str, str, int, int], Any] = OrderedDict()


def remembered(path: Path, what: str, find: Callable[[], T]) -> T:
    """Return ``find()``, or what it returned before for the same file with the same size and time of change.

    Args:
        path: The file.
        what: Tells several facts of one file apart.
        find: Reads the file; whatever it raises is raised.
    """
    key = _key(path, what)
    if key is None:
        return find()
    if key not in _KEPT:
        remember(path, what, find())
    _KEPT.move_to_end(key)
    found: T = _KEPT[key]
    return found


def remember(path: Path, what: str, found: object) -> None:
    """Keep what was found out in passing."""
    key = _key(path, what)
    if key is None:
        return
    _KEPT[key] = found
    while len(_KEPT) > _MOST:
        _KEPT.popitem(last=False)


def _key(path: Path, what: str) -> tuple[str, str, int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return str(path.resolve()), what, facts.st_size, facts.st_mtime_ns
