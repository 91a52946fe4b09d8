"""OpenCV's non-local means over time, as a method for ``stvsr evaluate --external studies/denoise.py:sigma_5``."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
WINDOW = 3
"""Frames that are looked at for each."""


def sigma_5(frames: Frames, time: int, space: int) -> Frames:
    """Denoise frames ``(t, h, w, 3)`` whose noise has a standard deviation of 5 codes."""
    return _denoised(frames, 5)


def sigma_10(frames: Frames, time: int, space: int) -> Frames:
    """Denoise frames ``(t, h, w, 3)`` whose noise has a standard deviation of 10 codes."""
    return _denoised(frames, 10)


def _denoised(frames: Frames, strength: float) -> Frames:
    reach = WINDOW // 2
    padded = [frames[0]] * reach + list(frames) + [frames[-1]] * reach
    made = [
        cv2.fastNlMeansDenoisingColoredMulti(padded, number + reach, WINDOW, None, strength, strength, 7, 21)
        for number in range(len(frames))
    ]
    return np.stack(made)
