"""How much memory a job may take, and what it looks like when there is less."""

from __future__ import annotations

import gc
import re

import torch

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
