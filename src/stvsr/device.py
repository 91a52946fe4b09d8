"""Where tensors lie and networks compute, and how much memory a job may take there."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from stvsr.errors import StvsrError

MOST_ON_CPU = 4_000_000_000
CPU_SHARE, GPU_SHARE = 0.25, 0.6
LIMIT = Path("/sys/fs/cgroup/memory.max")


def device_of(model: object) -> torch.device:
    """Return where a model's parameters lie; the CPU if it has none."""
    tensors = model.parameters() if isinstance(model, torch.nn.Module) else iter(())
    return next((tensor.device for tensor in tensors), torch.device("cpu"))


def default_budget(model: object) -> int:
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


DEVICES = ("cpu", "cuda", "mps", "xpu")


def choose_device(name: str) -> torch.device:
    """Return the device that ``auto`` (CUDA where there is one) or a name such as ``cuda:1`` stands for.

    Raises:
        StvsrError: If PyTorch does not find it here, or it is none to compute on (`DEVICES`).
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        if torch.device(name).type not in DEVICES:
            raise RuntimeError("such as meta, which holds no numbers")
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise StvsrError(f"`device` {name}: PyTorch finds no such device here; use `device` cpu") from error
