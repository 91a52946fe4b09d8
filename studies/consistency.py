"""Whether a low clip is what a degradation makes of its truth, and at which time phase: A(truth) == Y.

    python -m studies.consistency LOW TRUTH --time 5 --space 4 --shutter trapezoid

for instance with ``REDS/train_blur_bicubic/X4/000`` and ``REDS/train_orig/000``. Exactly that degradation leaves
the rounding to 8 bits, about 59 dB; one that is alike, such as the mean of frames whose originals were averaged in
linear light, leaves less, but still most at shift 0. A better figure at another shift is a phase error, which would
cost every method its figures without anyone noticing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip, find_clips
from stvsr.evaluation.metrics.psnr_ssim import PEAK, PSNR_CAP, Frames
from stvsr.physics.degradation import Degradation


def consistency(low: Frames, truth: Frames, degradation: Degradation) -> dict[int, float]:
    """Return, for each shift of the truth in high frames, the PSNR in dB of the low clip against what it should be.

    Args:
        low: ``(t, h, w, 3)`` uint8.
        truth: ``(T, H, W, 3)`` uint8, ``T`` at least ``(t - 1) * time``.
        degradation: What is said to have happened; its noise is left out.

    Returns:
        By shift, from ``1 - time`` to ``time - 1``: the low clip against the operator applied to the truth from that
        frame on (before frame 0: from one low frame later).

    Raises:
        StvsrError: If sizes do not fit, or there are too few frames.
    """
    step, operator = degradation.time, degradation.operator()
    count, height, width = degradation.scale.low_size((1, *truth.shape[1:3]))
    if low.shape[1:3] != (height, width):
        raise StvsrError(
            f"low frames of {low.shape[2]}x{low.shape[1]} do not belong to {truth.shape[2]}x{truth.shape[1]} "
            f"divided by {degradation.space}: give another --space"
        )
    found = {}
    for shift in range(1 - step, step):
        skipped = 1 if shift < 0 else 0
        high = truth[shift + skipped * step :]
        count = min(len(low) - skipped, len(high) // step)
        if count < 1:
            raise StvsrError(f"{len(truth)} frames of truth are too few: give at least {2 * step}, and 2 low ones")
        clip = torch.from_numpy(high[: count * step].copy()).permute(3, 0, 1, 2)[None].float() / PEAK
        made = operator.forward(clip)[0].permute(1, 2, 3, 0).double().numpy() * PEAK
        error = float(np.square(made - low[skipped : skipped + count]).mean())
        found[shift] = min(PSNR_CAP, 10 * float(np.log10(PEAK**2 / max(error, 1e-9))))
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the PSNR at every shift; exit code 0 where none is better than shift 0, else 1 (2 on a mistake)."""
    parser = argparse.ArgumentParser(prog="python -m studies.consistency", description="Check A(truth) == Y.")
    parser.add_argument("low", type=Path, help="the degraded clip: a video or a folder of frames")
    parser.add_argument("truth", type=Path, help="the original")
    parser.add_argument("--time", type=int, default=1)
    parser.add_argument("--space", type=int, default=1)
    parser.add_argument("--exposure", type=float, default=1.0)
    parser.add_argument("--shutter", default="box")
    parser.add_argument("--blur", default="bicubic")
    parser.add_argument("--frames", type=int, default=10, help="low frames to look at")
    options = parser.parse_args(arguments)
    names = ("time", "space", "exposure", "shutter", "blur")
    try:
        degradation = Degradation(**{name: getattr(options, name) for name in names})
        low, truth = (_only(find_clips(path)) for path in (options.low, options.truth))
        frames = options.frames
        found = consistency(_read(low, frames), _read(truth, (frames + 1) * degradation.time), degradation)
    except StvsrError as error:
        print(f"stvsr: {error}", file=sys.stderr)
        return 2
    best = max(found, key=lambda shift: (found[shift], shift == 0))
    for shift, psnr in found.items():
        print(f"truth from frame {shift:+d}: {psnr:6.2f} dB{'  <- best' if shift == best else ''}")
    return int(best != 0)


def _only(clips: Sequence[TestClip]) -> TestClip:
    if len(clips) != 1:
        raise StvsrError(f"{len(clips)} clips found: give one video or one folder of frames")
    return clips[0]


def _read(clip: TestClip, frames: int) -> Frames:
    found = list(islice(clip.frames(), frames))
    if not found:
        raise StvsrError(f"{clip.name}: no frames in it; give another clip")
    return np.stack(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
