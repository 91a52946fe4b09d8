"""Where to look: the moment and the place of the fastest motion, found in the reference alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from stvsr.data.cuts import shots
from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.psnr_ssim import Frames
from stvsr.figures.compare.matched import Lineup, Size
from stvsr.figures.picture import Region, busiest_region

SEARCHED = 300
"""Frames from the start in which the busiest moment is looked for."""
GRID = 64
"""A frame is looked at on about this many points along its shorter side."""
LEAST_SIDE, MOST_SIDE = 48, 256


def busiest_moments(frames: Iterable[Frames], count: int = 3) -> range:
    """Return the numbers of ``count`` successive frames between which most changes, without a cut between them.

    Args:
        frames: ``(H, W, 3)`` uint8 each; they are looked at on a coarse grid.
        count: How many are wanted; where no shot is as long, there are fewer.
    """
    coarse = np.stack([_coarse(frame) for frame in frames])
    change = np.abs(np.diff(coarse.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
    best, busiest = range(1), -1.0
    for first, end in shots(coarse):
        for start in range(first, max(first, end - count) + 1):
            shown = range(start, min(start + count, end))
            total = float(change[start : shown[-1]].sum())
            if total > busiest:
                best, busiest = shown, total
    return best


def _coarse(frame: Frames) -> Frames:
    step = max(1, min(frame.shape[:2]) // GRID)
    return frame[step // 2 :: step, step // 2 :: step].copy()


def busiest_place(lineup: Lineup, first: int, side: int | None = None) -> Region:
    """Return the square in which the reference changes most from a frame to the next.

    Args:
        lineup: The videos.
        first: The frame.
        side: Of the square; by default a third of the frame, within reason.

    Raises:
        StvsrError: If there is no such frame.
    """
    pair = list(lineup.reference_frames(first, 2))
    if not pair:
        raise StvsrError(f"--frame {first}: there is no such frame; count from 0, and give one within the video")
    side = side or max(LEAST_SIDE, min(min(lineup.size) // 3, MOST_SIDE))
    if np.array_equal(pair[0], pair[-1]):  # nothing moves: the middle
        height, width = lineup.size
        return Region(
            (height - min(side, height)) // 2, (width - min(side, width)) // 2, min(side, height), min(side, width)
        )
    return busiest_region(np.stack(pair), 0, side)


def parse_region(text: str, size: Size) -> Region:
    """Return the region of ``x,y,width,height``.

    Raises:
        StvsrError: If it is no region of a frame of that size.
    """
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError as error:
        raise StvsrError(f"--crop {text}: give x,y,width,height in pixels, such as 120,40,96,96") from error
    if left < 0 or top < 0 or min(width, height) < 16 or left + width > size[1] or top + height > size[0]:
        raise StvsrError(f"--crop {text}: give at least 16x16 pixels inside the frame of {size[1]}x{size[0]}")
    return Region(top, left, height, width)
