"""What DAVSR's enhancement networks cost: parameters, operations and time, for one iteration.

    python benchmarks/enhancement.py [NAME ...] [--frames 6] [--size 180x320] [--paper-size 96x128]
                                     [--threads 2] [--device cpu]

``paper`` is the network of the paper, ``recurrent-compact`` the same design for CPUs. Operations are those of one more
frame of 720×1280 in a clip: of all convolutions, deformable ones and the optical flow included, counted without doing
them. Time is measured on clips of ``--frames`` frames, a smaller one for the paper's network. Weights do not matter.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from timing import machine, peak_flops, shortest
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from stvsr.models.davsr.recurrent import RecurrentEnhancement
from stvsr.models.davsr.recurrent_config import COMPACT, RecurrentConfig

FRAME = (720, 1280)

Enhance = Callable[[Tensor], Tensor]


def recurrent(config: RecurrentConfig) -> tuple[nn.Module, Enhance]:
    """Return the recurrent network, and what runs it on a clip ``(1, 3, T, H, W)``."""
    network = RecurrentEnhancement(config)
    return network, lambda z: network(z, z.new_full((1, 1, 1, 1, 1), 0.05))


NETWORKS: dict[str, Callable[[], tuple[nn.Module, Enhance]]] = {
    "paper": lambda: recurrent(RecurrentConfig()),
    "recurrent-compact": lambda: recurrent(COMPACT),
}


def operations(name: str, clip: tuple[int, int, int]) -> float:
    """Return the operations of one pass over a clip, two for each multiplication with a weight."""
    with FakeTensorMode(), torch.no_grad(), FlopCounterMode(display=False) as counter:
        _, enhance = NETWORKS[name]()
        enhance(torch.empty(1, 3, *clip))
    return float(counter.get_total_flops())


def operations_per_frame(name: str) -> float:
    """Return the operations of one more frame in a clip of `FRAME`.

    The first frame of a clip costs less, as there is nothing to align it with; every other costs the same.
    """
    return operations(name, (2, *FRAME)) - operations(name, (1, *FRAME))


def measure(name: str, clip: tuple[int, int, int], peak: float, device: torch.device) -> list[str]:
    """Return the cells of one network."""
    network, enhance = NETWORKS[name]()
    network.to(device).eval()
    z = torch.rand(1, 3, *clip, device=device)
    with torch.inference_mode():
        seconds = shortest(lambda: enhance(z), device)
    rate = operations(name, clip) / seconds
    return [
        f"{sum(p.numel() for p in network.parameters()):,}",
        f"{operations_per_frame(name) / 2e9:.1f}",
        "×".join(str(n) for n in clip),
        f"{seconds / (z[0, 0].numel() / 1e6):.2f}",
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

    table = Table(title=f"{machine(device)}; measured peak {peak / 1e9:.0f} GFLOP/s, float32")
    table.add_column("network", no_wrap=True)
    for column in ("parameters", "GMAC per 720p frame", "timed on", "s/MP", "GFLOP/s", "of peak"):
        table.add_column(column, justify="right")
    for name in options.names or NETWORKS:
        text = options.paper_size if name == "paper" else options.size
        height, width = (int(number) for number in text.split("x"))
        table.add_row(name, *measure(name, (options.frames, height, width), peak, device))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
