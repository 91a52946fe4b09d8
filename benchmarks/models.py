"""What whole models of both families cost: parameters, operations, time and memory, as a Markdown table.

    python benchmarks/models.py [NAME ...] [--frames 6] [--size 90x160] [--paper-size 2x32x32]
                                [--threads 2] [--device cpu]

Names are those of recipes; weights do not matter. Operations are those of one more low frame in a clip, per high frame,
brought to 720×1280: convolutions, deformable ones, optical flow and the data step, but for its Fourier transforms. Time
is that of `upsample` and `downsample` on low clips of ``--frames`` frames of ``--size``, on smaller ones for the models
of the paper; memory is what `upsample` takes for that clip besides the model. Long videos are cut into windows, which
bounds the memory; they overlap, which costs on top. The peak is that of a large matrix product. Each model runs in a
process of its own. With one thread, times are of that thread alone. Needs Linux.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from timing import apart, machine, operations, peak_flops, print_table, readable, shortest, working_memory

from stvsr.models.checkpoint import build
from stvsr.models.contract import Restorer
from stvsr.settings import plain
from stvsr.training.recipe import load_recipe

NAMES = ("staa-2t4s-compact", "staa-2t1s-compact", "davsr-compact", "davsr-5t4s-compact")
PAPER_NAMES = ("staa-2t4s", "staa-2t1s", "davsr-5t4s")
FRAME = 720 * 1280
TILE = 128
"""Rows and columns of the high clip on which operations are counted."""
COLUMNS = (
    *("model", "parameters", "GMAC per 720p frame", "low clip", "upsample s/MP", "memory", "downsample s/MP"),
    *("GFLOP/s", "of peak"),
)


@dataclass(frozen=True)
class Cost:
    """What a model takes.

    Attributes:
        parameters: How many.
        frame_flop: Operations for one more high frame of 720×1280.
        up: Seconds of `upsample` per output megapixel.
        down: Seconds of `downsample` per input megapixel.
        rate: Operations per second of `upsample`.
        memory: Bytes that it takes besides the model and its input.
    """

    parameters: int
    frame_flop: float
    up: float
    down: float
    rate: float
    memory: int


def measure(name: str, size: tuple[int, int, int], threads: int, device: torch.device) -> Cost:
    """Return what a recipe's model takes for a low clip of ``size``, in a process that has done nothing else."""
    torch.set_num_threads(threads)
    model = build(plain(load_recipe(name).model), name).to(device).eval()
    low = torch.rand(1, 3, *size, device=device)
    with torch.inference_mode():
        model.upsample(low[:, :, :2, :16, :16])  # loads the libraries
        high, memory = working_memory(lambda: model.upsample(low), device)
        up = shortest(lambda: model.upsample(low), device)
        down = shortest(lambda: model.downsample(high), device)
    pixels = high[0, 0].numel() / 1e6
    return Cost(
        parameters=sum(p.numel() for p in model.parameters()),
        frame_flop=flop_per_pixel(model, device) * FRAME,
        up=up / pixels,
        down=down / pixels,
        rate=operations(lambda: model.upsample(low)) / up,
        memory=memory,
    )


def flop_per_pixel(model: Restorer, device: torch.device) -> float:
    """Return the operations for each high pixel of one more low frame; the first one has no neighbour to follow."""
    size = (TILE // model.scale.height, TILE // model.scale.width)
    one, two = (operations(lambda n=n: model.upsample(torch.rand(1, 3, n, *size, device=device))) for n in (1, 2))
    return (two - one) / (float(model.scale.time) * TILE**2)


def rows(options: argparse.Namespace, device: torch.device, peak: float) -> Iterator[list[str]]:
    """Yield the cells of each model."""
    for name in options.names:
        text = f"{options.frames}x{options.size}" if name.endswith("-compact") else options.paper_size
        frames, height, width = (int(number) for number in text.split("x"))
        cost: Cost = apart(measure, name, (frames, height, width), options.threads, device)
        yield [
            f"`{name}`",
            f"{cost.parameters:,}",
            f"{cost.frame_flop / 2e9:.1f}",
            f"{frames}×{height}×{width}",
            f"{cost.up:.3g}",
            readable(cost.memory),
            f"{cost.down:.2g}",
            f"{cost.rate / 1e9:.0f}",
            f"{cost.rate / peak:.0%}",
        ]


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", default=(*NAMES, *PAPER_NAMES), metavar="NAME", help="recipes to measure")
    parser.add_argument("--frames", type=int, default=6, help="low frames")
    parser.add_argument("--size", default="90x160", help="height x width of a low frame, compact models")
    parser.add_argument("--paper-size", default="2x32x32", help="frames x height x width, the paper's models")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    peak = peak_flops(device)
    print(f"{machine(device)}; measured peak {peak / 1e9:.0f} GFLOP/s, float32\n")
    print_table(COLUMNS, rows(options, device, peak))


if __name__ == "__main__":
    main()
