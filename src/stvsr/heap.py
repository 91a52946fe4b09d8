"""How the C library handles memory, where it is glibc's: pages are kept between tensors instead of given back.

As it comes, every large tensor is mapped anew, and the kernel clears its pages again and again: a third of the
processor time of a job. Kept, they serve the next tensor. What lies between tensors that stay cannot be used again, so
that a long job would grow: `release` gives free pages back now and then, between segments.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
"""Numbers of mallopt's settings, from ``malloc.h``."""
PAD = 64 << 20
"""Bytes asked for at once beyond what is needed."""


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") and hasattr(library, "mallopt") else None


def keep_pages() -> bool:
    """Keep freed memory in this process, for the program whose process it is; return whether that was possible."""
    library = _library()
    if library is None:
        return False
    settings = ((MMAP_MAX, 0), (TRIM_THRESHOLD, -1), (TOP_PAD, PAD))
    return all(library.mallopt(name, value) == 1 for name, value in settings)


def release() -> None:
    """Give all memory that is free back to the system; nothing where that is not this library's way."""
    library = _library()
    if library is not None and hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
