"""Difference maps: how far two frames are apart, pixel by pixel, on a scale that is drawn beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stvsr.evaluation.metrics.psnr_ssim import Frames

# Paper where nothing differs, then the accent, then nearly black.
ANCHORS = ((0.0, (255, 255, 255)), (0.45, (244, 150, 110)), (0.75, (196, 52, 36)), (1.0, (58, 8, 24)))
TOPS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 255)
SHARE = 99.5


def difference(frame: Frames, base: Frames) -> NDArray[np.float64]:
    """Return the mean absolute difference of the three colours, ``(H, W)`` in 8-bit code values."""
    return np.asarray(np.abs(frame.astype(np.float64) - base).mean(axis=-1))


def scale_top(differences: Sequence[NDArray[np.float64]]) -> int:
    """Return the end of a scale on which nearly all of these differences fit, one of `TOPS`."""
    highest = max((float(np.percentile(one, SHARE)) for one in differences), default=0.0)
    return next((top for top in TOPS if top >= highest), TOPS[-1])


def coloured(values: NDArray[np.float64], top: float) -> Frames:
    """Return values of 0 to ``top`` and more as colours, white to dark red; ``(..., 3)`` uint8."""
    places = np.clip(values / top, 0, 1)
    at = [place for place, _ in ANCHORS]
    colours = [np.interp(places, at, [colour[i] for _, colour in ANCHORS]) for i in range(3)]
    return np.round(np.stack(colours, axis=-1)).astype(np.uint8)
