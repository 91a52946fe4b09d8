"""Where a figure comes from: versions, machine, checksums. A figure without these cannot be checked."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from stvsr._version import __version__


def environment(device: str = "cpu") -> dict[str, Any]:
    """Return the versions, the machine and the time of a measurement, as plain JSON values.

    Args:
        device: Where the models ran; a GPU is named only if it was used.
    """
    used = torch.device(device)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "stvsr": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_model(),
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name(used) if used.type == "cuda" else None,
    }


def cpu_model() -> str:
    """Return the processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
