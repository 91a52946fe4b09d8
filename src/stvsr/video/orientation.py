"""How a stored picture has to be turned to stand upright (the display matrix of phones and cameras)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from stvsr.video.sidedata import side_data


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways to lay a picture: mirrored left to right first, then turned clockwise.

    Attributes:
        rotation: clockwise degrees, 0, 90, 180 or 270.
        mirrored: whether left and right are exchanged before the turn.
    """

    rotation: int = 0
    mirrored: bool = False

    @property
    def swaps_axes(self) -> bool:
        """Whether width and height change places."""
        return self.rotation % 180 == 90

    def apply(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return the upright picture of a stored one; arrays are (height, width, ...)."""
        if self.mirrored:
            image = image[:, ::-1]
        return np.ascontiguousarray(np.rot90(image, -(self.rotation // 90)))


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """Return the orientation in a frame's display matrix; angles between quarter turns go to the nearest."""
    told = side_data(frame)
    if told is None:  # PyAV still gives the angle, counted the other way round
        return Orientation(round(-frame.rotation / 90) * 90 % 360)
    matrix = told.get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation()
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
    # The matrix sends a stored (x, y) to the shown (a x + c y, b x + d y), y pointing down.
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    if abs(a) >= abs(b):
        return Orientation(0 if a >= 0 else 180, mirrored)
    return Orientation(90 if b > 0 else 270, mirrored)
