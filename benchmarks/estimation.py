"""How far the blind estimates of `stvsr.jobs.estimate` are from the truth, on the clips of a folder.

    python benchmarks/estimation.py FOLDER [--clips 6] [--tables noise blur compression]

Each clip is degraded in known ways, written as a file, and estimated from that file alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stvsr.jobs.estimate import Estimate, estimate
from stvsr.physics.degradation import Degradation
from stvsr.video import LOSSLESS_RGB, Encoder, VideoReader, VideoWriter, encoder

SPACE, FRAMES, RATE, SEED = 2, 12, Fraction(25), 0
NOISES = (0, 2, 5, 10)
WIDTHS = (0, 0.3, 0.5, 0.8, 1.2)
FACTORS = (12, 18, 24, 30, 36, 42)
BEHIND = (18, 28, 36)
UNNOTED = {"preset": "medium", "x264-params": "stitchable=1"}
"""What makes x264 keep its rate factor to itself."""
OTHERS = {"h265": (18, 26, 34), "vp9": (15, 30, 45), "av1": (20, 35, 50)}


@dataclass(frozen=True)
class Case:
    """A way in which a clip comes about: what is done to it, how it is stored, and what is true of it."""

    name: str
    degradation: Degradation
    stored: Encoder
    truth: float | None


def cases(table: str) -> Iterator[Case]:
    """Yield the rows of a table."""
    plain = Degradation(space=SPACE)
    if table == "noise":
        for blur in ("bicubic", f"gaussian:{0.8 * SPACE}"):
            for noise in NOISES:
                yield Case(f"noise {noise}, {blur}", plain.but(noise=noise, blur=blur), LOSSLESS_RGB, noise)
        for factor in BEHIND[:2]:
            yield Case(f"noise 5, CRF {factor}", plain.but(noise=5), encoder("h264", factor), 5)
    elif table == "blur":
        for width in WIDTHS:
            yield Case(f"blur {width or 'bicubic'}", plain.but(blur=_blur(width)), LOSSLESS_RGB, width)
        for width in (0, 0.8):
            soft = plain.but(blur=_blur(width))
            yield Case(f"blur {width or 'bicubic'}, noise 5", soft.but(noise=5), LOSSLESS_RGB, width)
            for factor in BEHIND:
                yield Case(f"blur {width or 'bicubic'}, CRF {factor}", soft, encoder("h264", factor), width)
    else:
        yield Case("lossless", plain, LOSSLESS_RGB, 0)
        for factor in FACTORS:
            yield Case(f"H.264 CRF {factor}", plain, encoder("h264", factor), factor)
        for factor in FACTORS:
            silent = Encoder("libx264", "yuv420p", {**UNNOTED, "crf": str(factor)})
            yield Case(f"H.264 CRF {factor}, not noted", plain, silent, factor)
        for name, qualities in OTHERS.items():
            for quality in qualities:
                yield Case(f"{name} {quality}", plain, encoder(name, quality), None)


def _blur(width: float) -> str:
    return f"gaussian:{width * SPACE:g}" if width else "bicubic"


VALUES: dict[str, Callable[[Estimate], float]] = {
    "noise": lambda found: found.noise.value,
    "blur": lambda found: found.blur.value,
    "compression": lambda found: found.compression.value,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of clips")
    parser.add_argument("--clips", type=int, default=6, help="how many, the first by name")
    parser.add_argument("--tables", nargs="+", choices=list(VALUES), default=list(VALUES))
    arguments = parser.parse_args()
    clips = [_read(path) for path in sorted(arguments.folder.glob("*.mp4"))[: arguments.clips]]
    for table in arguments.tables:
        print(f"| {table} | estimates | mean error | largest |\n|---|---|---|---|")
        for case in cases(table):
            _row(case, [VALUES[table](found) for found in map(partial(_estimated, case), clips)], clips)
        print()


def _row(case: Case, found: list[float], clips: list[Tensor]) -> None:
    truths = [_equal(case, clip) for clip in clips] if case.truth is None else [case.truth] * len(clips)
    errors = np.abs(np.array(found) - truths)
    name = case.name if case.truth is not None else f"{case.name} (as CRF {np.mean(truths):.1f})"
    print(f"| {name} | {' '.join(f'{value:.2f}' for value in found)} | {errors.mean():.2f} | {errors.max():.2f} |")


def _read(path: Path) -> Tensor:
    with VideoReader(path) as reader:
        frames = [frame.rgb for frame, _ in zip(reader, range(FRAMES), strict=False)]
    return torch.from_numpy(np.stack(frames)).permute(3, 0, 1, 2)[None].float() / 255


def _low(case: Case, clip: Tensor) -> Iterator[np.ndarray]:
    low = case.degradation.apply(clip, torch.Generator().manual_seed(SEED))
    yield from (low[0] * 255).round().byte().permute(1, 2, 3, 0).numpy()


def _estimated(case: Case, clip: Tensor) -> Estimate:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mkv"
        frames = list(_low(case, clip))
        with VideoWriter(path, frames[0].shape[1], frames[0].shape[0], rate=RATE, encoder=case.stored) as writer:
            for number, frame in enumerate(frames):
                writer.write(frame, number / RATE)
        return estimate(path)


def _equal(case: Case, clip: Tensor) -> float:
    """Return the rate factor of H.264 at which this clip is as far from its source as it is in this case."""
    frames = list(_low(case, clip))
    reached = [_error(frames, encoder("h264", factor)) for factor in FACTORS]
    return float(np.interp(np.log(_error(frames, case.stored)), np.log(reached), FACTORS))


def _error(frames: list[np.ndarray], stored: Encoder) -> float:
    from stvsr.video.roundtrip import RoundTrip

    back = np.stack(list(RoundTrip(stored, RATE)(frames)))
    return float(np.square(back.astype(np.float32) - np.stack(frames)).mean())


if __name__ == "__main__":
    main()
