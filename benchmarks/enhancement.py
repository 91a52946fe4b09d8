"""What DAVSR's enhancement networks cost for one iteration: a Markdown table like that of `models.py`.

    python benchmarks/enhancement.py [NAME ...] [--frames 6] [--size 180x320] [--paper-size 96x128]
                                     [--threads 2] [--device cpu]

``convolutional`` is that of the shipped models, on frames aligned beforehand, ``paper`` that of the paper, and
``recurrent-compact`` the same design for CPUs. Operations are those of one more frame of 720×1280 in a clip, optical
flow included, counted without doing them. Time and memory are measured on clips of ``--frames`` frames, smaller ones
for the paper's network. Weights do not matter. With one thread, times are of that thread alone. Needs Linux.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from timing import apart, machine, operations, peak_flops, print_table, readable, shortest, working_memory
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from stvsr.models.davsr.config import ConvolutionalConfig
from stvsr.models.davsr.convolutional import ConvolutionalEnhancement
from stvsr.models.davsr.motion import FOLD
from stvsr.models.davsr.recurrent import RecurrentEnhancement
from stvsr.models.davsr.recurrent_config import COMPACT, RecurrentConfig

FRAME = (720, 1280)
SPACE = 4
BETA = 0.05
COLUMNS = ("network", "parameters", "GMAC per 720p frame", "clip", "s/MP", "memory", "GFLOP/s", "of peak")

Clip = tuple[int, int, int]
Enhance = Callable[[Tensor], Tensor]


def recurrent(config: RecurrentConfig) -> tuple[nn.Module, Enhance]:
    """Return the recurrent network, and what runs it on a clip ``(1, 3, T, H, W)``."""
    network = RecurrentEnhancement(config)
    return network, lambda z: network(z, z.new_full((1, 1, 1, 1, 1), BETA))


def convolutional(config: ConvolutionalConfig) -> tuple[nn.Module, Enhance]:
    """Return the convolutional network, and what runs it; the features of aligned frames are made once for all."""
    network = ConvolutionalEnhancement(config)

    def enhance(z: Tensor) -> Tensor:
        frames, height, width = z.shape[2:]
        guide = z.new_zeros(1, config.features, frames, -(-height // FOLD), -(-width // FOLD))
        condition = z.new_zeros(1, config.features, 1, 1, 1)
        enhanced: Tensor = network(z, z.new_full((1, 1, 1, 1, 1), BETA), condition, guide, SPACE)
        return enhanced

    return network, enhance


NETWORKS: dict[str, Callable[[], tuple[nn.Module, Enhance]]] = {
    "convolutional": lambda: convolutional(ConvolutionalConfig()),
    "recurrent-compact": lambda: recurrent(COMPACT),
    "paper": lambda: recurrent(RecurrentConfig()),
}


@dataclass(frozen=True)
class Cost:
    """What a network takes for a clip: parameters, seconds, bytes besides the network and the clip."""

    parameters: int
    seconds: float
    memory: int


def clip_operations(name: str, clip: Clip) -> float:
    """Return the operations of one pass over a clip."""
    with FakeTensorMode():
        _, enhance = NETWORKS[name]()
        return operations(lambda: enhance(torch.empty(1, 3, *clip)))


def operations_per_frame(name: str) -> float:
    """Return the operations of one more frame in a clip of `FRAME`.

    The first frame of a clip costs less, as there is nothing to align it with; every other costs the same.
    """
    return clip_operations(name, (2, *FRAME)) - clip_operations(name, (1, *FRAME))


def measure(name: str, clip: Clip, threads: int, device: torch.device) -> Cost:
    """Return what a network takes for a clip, in a process that has done nothing else."""
    torch.set_num_threads(threads)
    network, enhance = NETWORKS[name]()
    network.to(device).eval()
    z = torch.rand(1, 3, *clip, device=device)
    with torch.inference_mode():
        enhance(z[:, :, :2, :32, :32])  # loads the libraries
        _, memory = working_memory(lambda: enhance(z), device)
        seconds = shortest(lambda: enhance(z), device)
    return Cost(sum(p.numel() for p in network.parameters()), seconds, memory)


def rows(options: argparse.Namespace, device: torch.device, peak: float) -> Iterator[list[str]]:
    """Yield the cells of each network."""
    for name in options.names or NETWORKS:
        height, width = (int(n) for n in (options.paper_size if name == "paper" else options.size).split("x"))
        clip = (options.frames, height, width)
        cost: Cost = apart(measure, name, clip, options.threads, device)
        rate = clip_operations(name, clip) / cost.seconds
        yield [
            name,
            f"{cost.parameters:,}",
            f"{operations_per_frame(name) / 2e9:.1f}",
            "×".join(str(n) for n in clip),
            f"{cost.seconds * 1e6 / (clip[0] * height * width):.3g}",
            readable(cost.memory),
            f"{rate / 1e9:.0f}",
            f"{rate / peak:.0%}",
        ]


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}; all unless told")
    parser.add_argument("--frames", type=int, default=6, help="frames of the clip that is timed")
    parser.add_argument("--size", default="180x320", help="its height x width")
    parser.add_argument("--paper-size", default="96x128", help="height x width for the paper's network")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in NETWORKS]
    if unknown:
        parser.error(f"no network {unknown[0]!r}: there are {', '.join(NETWORKS)}")
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    peak = peak_flops(device)
    print(f"{machine(device)}; measured peak {peak / 1e9:.0f} GFLOP/s, float32\n")
    print_table(COLUMNS, rows(options, device, peak))


if __name__ == "__main__":
    main()
