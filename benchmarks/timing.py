"""What the benchmarks share: timing, the machine's peak, counting operations, the machine's name."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from stvsr.layers.deformable import DeformableConv2d

MATRIX = 2048
BUDGET_SECONDS = 1.0


def shortest(run: Callable[[], object], device: torch.device) -> float:
    """Return the seconds of the fastest of the runs that fit into the budget, after one to warm up."""

    def once() -> float:
        start = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    once()
    times = [once()]
    while sum(times) < BUDGET_SECONDS:
        times.append(once())
    return min(times)


def peak_flops(device: torch.device) -> float:
    """Return the operations per second of a large float32 matrix product."""
    a, b = torch.randn(2, MATRIX, MATRIX, device=device)
    return 2.0 * MATRIX**3 / shortest(lambda: a @ b, device)


def count_flop(module: nn.Module, *inputs: Tensor) -> float:
    """Count two operations for each weight that each output of a convolution, deformable or not, uses."""
    total = 0.0

    def add(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        total += 2.0 * output.numel() * layer.weight[0].numel()  # type: ignore[index]

    kinds = (nn.Conv2d, nn.Conv3d, DeformableConv2d)
    hooks = [part.register_forward_hook(add) for part in module.modules() if isinstance(part, kinds)]
    with torch.no_grad():
        module(*inputs)
    for hook in hooks:
        hook.remove()
    return total


def machine(device: torch.device) -> str:
    """Return the processor or graphics card, and the threads in use."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {torch.get_num_threads()} threads"
