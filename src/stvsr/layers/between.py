"""A frame between two frames, along the flow between them (Jiang et al., Super SloMo, CVPR 2018, section 3).

forward: first -> second      F(s -> first)  = s (s backward - (1 - s) forward)         (Eq. 4; s is the share)
backward: second -> first     F(s -> second) = (1 - s) ((1 - s) forward - s backward)
"""

from __future__ import annotations

from torch import Tensor

from stvsr.layers.optical_flow import warp


def flows_between(forward: Tensor, backward: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Return the flows from an instant between two frames to the first and to the second (Eq. 4).

    Args:
        forward: From the first frame to the second, ``(B, 2, height, width)`` in pixels.
        backward: From the second to the first.
        share: How far the instant is from the first to the second, 0 to 1.
    """
    rest = 1 - share
    return share * (share * backward - rest * forward), rest * (rest * forward - share * backward)


def frame_between(first: Tensor, second: Tensor, forward: Tensor, backward: Tensor, share: float) -> Tensor:
    """Return the frame at an instant: both frames warped to it, bicubically, and blended.

    Args:
        first: ``(B, C, height, width)``.
        second: The same.
        forward: As of `flows_between`, with ``backward`` and ``share``.
        backward: From the second frame to the first.
        share: How far the instant is from the first to the second.
    """
    to_first, to_second = flows_between(forward, backward, share)
    return (1 - share) * warp(first, to_first, "bicubic") + share * warp(second, to_second, "bicubic")
