"""What the benchmarks share: timing, memory, the machine's peak and name, counting operations, tables."""

from __future__ import annotations

import multiprocessing
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from stvsr.layers.deformable import DeformableConv2d

MATRIX = 2048
BUDGET_SECONDS = 1.0


def shortest(run: Callable[[], object], device: torch.device) -> float:
    """Return the seconds of the fastest of the runs that fit into the budget, after one to warm up.

    On one CPU thread these are seconds of that thread, which other work on the machine disturbs little.
    """
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if alone else time.perf_counter

    def once() -> float:
        start = clock()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return clock() - start

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


def operations(run: Callable[[], object]) -> float:
    """Return two for each multiplication in a run's convolutions and matrix products, deformable ones included."""
    enabled = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False  # the counter does not know oneDNN's convolutions
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            run()
    finally:
        torch.backends.mkldnn.enabled = enabled
    return float(counter.get_total_flops())


def machine(device: torch.device) -> str:
    """Return the processor or graphics card, and the threads in use."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {torch.get_num_threads()} threads"


def working_memory(run: Callable[[], Tensor], device: torch.device) -> tuple[Tensor, int]:
    """Return a result, and how many bytes making it took at most, the result included; on a CPU, needs Linux."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        return run(), torch.cuda.max_memory_allocated(device) - before
    Path("/proc/self/clear_refs").write_text("5")  # the peak becomes what is in use now
    before = _peak_resident()
    return run(), _peak_resident() - before


def _peak_resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def apart(function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function returns in a process of its own, whose memory nothing else has touched."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def readable(count: float) -> str:
    """Return a number of bytes as people write it."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table, each row as soon as it is there; the first column is text."""
    print("|", " | ".join(columns), "|")
    print("|---|" + "---:|" * (len(columns) - 1), flush=True)
    for row in rows:
        print("|", " | ".join(row), "|", flush=True)
