"""Seconds per output megapixel of whole models, and how close each comes to the machine's measured peak.

    python benchmarks/models.py [--threads 2] [--device cpu] [--frames 6] [--size 90x160] [--paper-size 4x48x64]

The shipped compact configurations run on ``--frames`` low frames of ``--size``, the paper's on a smaller clip. Weights
do not matter for speed: the configurations come from the bundled recipes. The peak is that of a large matrix product;
operations are those of the convolutions alone, time is that of `upsample`, skip connection and data step included.
"""

from __future__ import annotations

import argparse
import resource

import torch
from rich.console import Console
from rich.table import Table
from timing import count_flop, machine, peak_flops, shortest

from stvsr.models.files import build
from stvsr.models.staa import STAA
from stvsr.training.recipe import load_recipe
from stvsr.training.settings import plain

NAMES = ("staa-2t4s-compact", "staa-2t1s-compact", "staa-2t4s", "staa-2t1s")


def measure(model: STAA, low: torch.Tensor, peak: float, device: torch.device) -> list[str]:
    """Return the cells of one model: parameters, operations, seconds and rates."""
    with torch.inference_mode():
        pixels = model.upsample(low)[0, 0].numel() / 1e6
        high = model.upsample(low)
        flop = count_flop(model.upsampler, low, model.operator.kernel.centroid)
        up = shortest(lambda: model.upsample(low), device)
        down = shortest(lambda: model.downsample(high), device)
    parameters = sum(p.numel() for p in model.parameters())
    return [
        f"{parameters / 1e6:.3f} M",
        f"{flop / 2e9 / pixels:.1f}",
        f"{up / pixels:.3f}",
        f"{down / pixels:.3f}",
        f"{flop / up / 1e9:.0f}",
        f"{flop / up / peak:.0%}",
    ]


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", default=NAMES, help="recipes to measure")
    parser.add_argument("--frames", type=int, default=6, help="low frames")
    parser.add_argument("--size", default="90x160", help="height x width of a low frame, compact models")
    parser.add_argument("--paper-size", default="4x48x64", help="frames x height x width, the paper's models")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    peak = peak_flops(device)

    table = Table(title=f"{machine(device)}; measured peak {peak / 1e9:.0f} GFLOP/s, float32")
    table.add_column("model", no_wrap=True)
    for column in ("parameters", "GMAC/MP", "expand s/MP", "shrink s/MP", "GFLOP/s", "of peak"):
        table.add_column(column, justify="right")
    for name in options.names:
        compact = name.endswith("-compact")
        text = f"{options.frames}x{options.size}" if compact else options.paper_size
        frames, height, width = (int(number) for number in text.split("x"))
        model = build(plain(load_recipe(name).model), name).to(device).eval()
        low = torch.rand(1, 3, frames, height, width, device=device)
        table.add_row(name, *measure(model, low, peak, device))
    Console(width=110).print(table)
    memory = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else _resident()
    print(f"peak memory {memory / 1e9:.2f} GB")


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
