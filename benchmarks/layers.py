"""Times the building blocks and says how close each comes to the machine's measured peak.

    python benchmarks/layers.py [--size 96] [--frames 4] [--features 64] [--threads 2] [--device cpu]

The peak is that of a large matrix product. What runs at a small share of it is bound by memory, not by
arithmetic. Training is a forward and a backward pass, counted as three times the arithmetic of the forward one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import torch
from rich.console import Console
from rich.table import Table
from timing import count_flop, machine, peak_flops, shortest
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.convolution import Conv3d
from stvsr.layers.deformable import deform_conv2d
from stvsr.layers.residual_dense import RRDB3d
from stvsr.layers.temporal import DeformableTemporalModule

GROUPS = 8
TAPS = 9
WIDTH = 110


@dataclass(frozen=True)
class Case:
    """One line of the table: what to run, and how many operations its convolutions make."""

    name: str
    run: Callable[[], Tensor]
    flop: float


def planar_cases(features: int, size: int, device: torch.device) -> list[Case]:
    """Ordinary and deformable convolution of one frame, and what the latter's sampling alone takes."""
    x = torch.randn(1, features, size, size, device=device, requires_grad=True)
    weight = torch.randn(features, features, 3, 3, device=device, requires_grad=True)
    offset = torch.randn(1, GROUPS * TAPS * 2, size, size, device=device, requires_grad=True)
    mask = torch.rand(1, GROUPS * TAPS, size, size, device=device, requires_grad=True)
    images = x.reshape(GROUPS, features // GROUPS, size, size).detach().requires_grad_()
    line = torch.linspace(-1, 1, size, device=device)
    places = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
    grid = places.repeat(GROUPS, TAPS, 1, 1) + torch.randn(GROUPS, TAPS * size, size, 2, device=device) / size
    grid.requires_grad_()
    flop = 2.0 * features * features * TAPS * size * size
    return [
        Case("convolution 3×3", lambda: F.conv2d(x, weight, padding=1), flop),
        Case("deformable convolution 3×3", lambda: deform_conv2d(x, offset, mask, weight, padding=1), flop),
        Case("  of which grid_sample", lambda: F.grid_sample(images, grid, align_corners=False), 0),
    ]


def spatial_cases(features: int, shape: tuple[int, int, int], device: torch.device) -> list[Case]:
    """Convolution and dense block in either order of memory, and the temporal module."""
    cases = []
    for name, module in (
        ("torch.nn.Conv3d 3×3×3", nn.Conv3d(features, features, 3, padding=1)),
        ("Conv3d 3×3×3", Conv3d(features, features, 3, padding=1)),
        ("RRDB3d", RRDB3d(features, features // 2)),
        ("DeformableTemporalModule", DeformableTemporalModule(features, GROUPS)),
    ):
        for suffix, order in (("", torch.contiguous_format), ("channels last", torch.channels_last_3d)):
            x = torch.randn(1, features, *shape, device=device).to(memory_format=order).requires_grad_()
            module = module.to(device)
            flop = count_flop(module, x)
            cases.append(Case(f"{name} {suffix}", lambda module=module, x=x: module(x), flop))  # type: ignore[misc]
    return cases


def measure(case: Case, peak: float, device: torch.device) -> list[str]:
    """Return the cells of a case: milliseconds, GFLOP/s and share of the peak, without and with training."""

    def infer() -> None:
        with torch.no_grad():
            case.run()

    cells = [case.name]
    for run, passes in ((infer, 1), (lambda: torch.autograd.backward(case.run().sum()), 3)):
        took = shortest(run, device)
        rate = passes * case.flop / took
        cells.append(f"{1e3 * took:.1f}")
        cells += [f"{rate / 1e9:.1f}", f"{rate / peak:.0%}"] if case.flop else ["", ""]
    return cells


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", type=int, default=96, help="height and width of a frame")
    parser.add_argument("--frames", type=int, default=4, help="frames of a clip")
    parser.add_argument("--features", type=int, default=64, help="channels, a multiple of 8")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    peak = peak_flops(device)

    clip = f"{options.features} channels, {options.frames} frames of {options.size}×{options.size}"
    table = Table(title=f"{clip}; peak {peak / 1e9:.0f} GFLOP/s, {machine(device)}")
    table.add_column("layer", no_wrap=True)
    for column in ("infer ms", "GFLOP/s", "of peak", "train ms", "GFLOP/s", "of peak"):
        table.add_column(column, justify="right")
    cases = planar_cases(options.features, options.size, device)
    cases += spatial_cases(options.features, (options.frames, options.size, options.size), device)
    for case in cases:
        table.add_row(*measure(case, peak, device))
    Console(width=WIDTH).print(table)


if __name__ == "__main__":
    main()
