"""Hard scene cuts: a training sample must not span one, since nothing moves from one shot into the next."""

from __future__ import annotations

from itertools import pairwise

import av

from stvsr.data.cache import Frames
from stvsr.video.cuts import find_cuts


def shots(frames: Frames) -> list[tuple[int, int]]:
    """Divide a clip at its hard cuts.

    Args:
        frames: ``(frames, height, width, 3)`` uint8.

    Returns:
        ``(first, end)`` of every shot, in order, together all frames.
    """
    pictures = (av.VideoFrame.from_ndarray(frame, format="rgb24") for frame in frames)
    return list(pairwise([0, *find_cuts(pictures), len(frames)]))
