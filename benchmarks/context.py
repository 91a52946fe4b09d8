"""How far a model's answer depends on its surroundings: what a margin too short would change.

    python benchmarks/context.py staa-2t4s-compact clip.mp4 [more clips]
    python benchmarks/context.py davsr-compact --time 5 --space 4 --iterations 2 clip.mp4 [more clips]

Restores two low frames (and a column four low pixels wide) from the middle of each clip with ever larger margins, and
compares the 8-bit codes with those of the whole clip. The margin a model keeps in long videos is chosen from this table
(`upsampler.context`, or `context` of a DAVSR model, in its config.json).
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

import stvsr
from stvsr.models.contract import Restorer
from stvsr.models.davsr.model import DAVSR
from stvsr.physics.degradation import Degradation
from stvsr.video import VideoReader

FRAMES = 24
SIDE = 192
MARGINS = (1, 2, 3, 4, 5, 6, 7, 8)


def read(path: Path) -> torch.Tensor:
    """Return the middle of a video's first frames, there and back, as a clip ``(1, 3, time, height, width)``."""
    with VideoReader(path) as reader:
        frames = np.stack([frame.rgb for frame in islice(reader, FRAMES)])
    top, left = ((size - min(size, SIDE)) // 2 for size in frames.shape[1:3])
    middle = np.ascontiguousarray(frames[:, top : top + SIDE, left : left + SIDE])
    middle = np.concatenate([middle, middle[::-1]])
    return torch.from_numpy(middle).permute(3, 0, 1, 2)[None].float() / 255


def codes(model: Restorer, low: torch.Tensor) -> torch.Tensor:
    """Return the 8-bit codes of the restored clip."""
    return model.upsample(low).mul(255).round()


def differences(
    model: Restorer, low: torch.Tensor, whole: torch.Tensor, dim: int, margin: int, kept: int
) -> torch.Tensor:
    """Return by how many codes ``kept`` samples in the middle of axis ``dim`` change with so small a margin."""
    step = model.scale.steps[dim - 2]
    first = (low.shape[dim] - kept) // 2
    piece = codes(model, low.narrow(dim, first - margin, kept + 2 * margin))
    inside = piece.narrow(dim, margin * step, kept * step)
    return (inside - whole.narrow(dim, first * step, kept * step)).abs()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", help="bundled name or folder")
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--time", type=int, default=2, help="for a DAVSR model: high frames per low frame")
    parser.add_argument("--space", type=int, default=2, help="for a DAVSR model: high pixels per low pixel")
    parser.add_argument("--iterations", type=int, help="for a DAVSR model: K, if not its own")
    options = parser.parse_args()
    model = stvsr.load(options.model)
    fold = 1 if isinstance(model, DAVSR) else model.config.upsampler.fold
    if isinstance(model, DAVSR):
        model = model.bind(Degradation(time=options.time, space=options.space), options.iterations)
    heads = ("margin", "largest change", "changed", "by more than 1", "by more than 2")
    table = Table(*heads, title=f"{model.name}, {len(options.clips)} clips")
    with torch.inference_mode():
        lows = [model.downsample(read(path)) for path in options.clips]
        wholes = [codes(model, low) for low in lows]
        for dim, name, kept, unit in ((2, "frames", 2, 1), (4, "pixels", 4, 2 * fold)):
            for margin in (unit * n for n in MARGINS if 2 * unit * n + kept < min(low.shape[dim] for low in lows)):
                pairs = zip(lows, wholes, strict=True)
                found = [differences(model, low, whole, dim, margin, kept).flatten() for low, whole in pairs]
                changed = torch.cat(found)
                row = (f"{(changed > codes).float().mean().item():.3%}" for codes in (0, 1, 2))
                table.add_row(f"{margin} low {name}", f"{int(changed.max())}", *row)
    Console().print(table)


if __name__ == "__main__":
    main()
