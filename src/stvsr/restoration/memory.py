"""How much memory a job may take, and what it looks like when there is less."""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path

import torch

from stvsr.restoration.contract import Reducer

MOST_ON_CPU = 4_000_000_000
CPU_SHARE, GPU_SHARE = 0.25, 0.6
LIMIT = Path("/sys/fs/cgroup/memory.max")
# What PyTorch says for lack of memory; on a GPU it has a type of its own for it.
_WORDS = re.compile(
    r"out of memory|(can't|cannot|not) (be )?allocate|not enough memory|failed to allocate", re.IGNORECASE
)


def device_of(model: object) -> torch.device:
    """Return where a model's parameters lie; the CPU if it has none."""
    tensors = model.parameters() if isinstance(model, torch.nn.Module) else iter(())
    return next((tensor.device for tensor in tensors), torch.device("cpu"))


def default_budget(model: Reducer) -> int:
    """Return the bytes of working memory that suit a model's device.

    Most of what a GPU has free, or a quarter of the machine's or the container's memory, at most 4 GB.
    """
    device = device_of(model)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] * GPU_SHARE)
    return min(int(_installed() * CPU_SHARE), MOST_ON_CPU)


def _installed() -> int:
    """Return the bytes of memory of this machine, or of the container that this process is confined to."""
    try:
        installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every system
        installed = 2 * MOST_ON_CPU
    try:
        return min(installed, int(LIMIT.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no Linux, or no limit
        return installed


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
