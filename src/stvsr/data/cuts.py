"""Hard scene cuts: a training sample must not span one, since nothing moves from one shot into the next."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stvsr.data.cache import Frames

GRID = 32  # a frame is compared by about this many points along its shorter side
LEAST_CHANGE = 12.0  # mean change of a value in 0..255 below which nothing is a cut
PROMINENCE = 3.0  # how many times the changes just before and after a cut's own change must be


def shots(frames: Frames) -> list[tuple[int, int]]:
    """Divide a clip at its hard cuts.

    A cut is a change between two frames that is large, and several times those on both sides of it: fast motion
    changes much in every frame, a flash changes back at once. Fades and dissolves are not found.

    Args:
        frames: ``(frames, height, width, 3)`` uint8.

    Returns:
        ``(first, end)`` of every shot, in order, together all frames.
    """
    change = _changes(frames)
    around = np.maximum(np.append(0, change)[:-1], np.append(change, 0)[1:])
    cuts = np.flatnonzero((change > LEAST_CHANGE) & (change > PROMINENCE * around)) + 1
    bounds = [0, *cuts.tolist(), len(frames)]
    return list(pairwise(bounds))


def _changes(frames: Frames) -> NDArray[np.float64]:
    """Return the mean absolute change from each frame to the next, on a coarse grid of points."""
    step = max(1, min(frames.shape[1:3]) // GRID)
    points = frames[:, step // 2 :: step, step // 2 :: step].astype(np.int16)
    if len(points) < 2:
        return np.zeros(0)
    return np.asarray(np.abs(np.diff(points, axis=0)).mean(axis=(1, 2, 3)))
