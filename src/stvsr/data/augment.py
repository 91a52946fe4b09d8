"""What may be done to a crop: every operation here works on ``(frames, height, width, 3)`` uint8 in NumPy.

A flip, a quarter turn or a reversal of time only moves values; `area_average` is exact integer averaging.
"""

from __future__ import annotations

import numpy as np

from stvsr.data.cache import Frames


def area_average(frames: Frames, factor: int) -> Frames:
    """Average blocks of ``factor`` × ``factor`` pixels, rounding to the nearest integer, halves up.

    Rows and columns at the end that do not fill a block are dropped.

    Args:
        frames: ``(..., height, width, 3)`` uint8.
        factor: Whole number; 1 returns the frames as they are.

    Returns:
        ``(..., height // factor, width // factor, 3)`` uint8.
    """
    if factor == 1:
        return frames
    height, width = frames.shape[-3] // factor, frames.shape[-2] // factor
    total = np.zeros((*frames.shape[:-3], height, width, 3), dtype=np.uint32)
    for row in range(factor):
        for column in range(factor):
            total += frames[..., row : height * factor : factor, column : width * factor : factor, :]
    count = factor * factor
    return ((total + count // 2) // count).astype(np.uint8)


def flip_turn_reverse(frames: Frames, random: np.random.Generator) -> Frames:
    """Flip, turn by 90 degrees and reverse in time, each with probability one half.

    Args:
        frames: ``(frames, size, size, 3)``, square, since turns would change any other shape.
        random: Drawn from four times, whatever comes out.

    Returns:
        A view of the same shape.
    """
    across, down, turn, backwards = random.random(4) < 0.5
    if across:
        frames = frames[:, :, ::-1]
    if down:
        frames = frames[:, ::-1]
    if turn:
        frames = frames.transpose(0, 2, 1, 3)  # with the flips, all eight symmetries of the square
    if backwards:
        frames = frames[::-1]
    return frames
