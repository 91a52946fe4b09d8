"""How much memory a job may take, and what it looks like when there is less."""

from __future__ import annotations

import gc
import math
import re

import torch

from stvsr.errors import StvsrError

# What PyTorch says for lack of memory; on a GPU it has a type of its own for it.
_WORDS = re.compile(
    r"out of memory|(can't|cannot|not) (be )?allocate|not enough memory|failed to allocate", re.IGNORECASE
)


def is_lack_of_memory(error: Exception) -> bool:
    """Whether an error means that a smaller piece of work might do."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and _WORDS.search(str(error)) is not None


def release(device: torch.device) -> None:
    """Give back what PyTorch keeps for later."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


_UNITS = "_kmgt"


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
        raise StvsrError(f"--memory {text}: give a positive number of gigabytes, or a size such as 4GB or 500MB")
    return int(size)
