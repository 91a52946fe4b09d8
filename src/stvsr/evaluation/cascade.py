"""Two steps one after the other, as people do it today: frames between the frames, then bicubic enlargement.

    low --motion, to every instant of the high frames--> fast --bicubic--> high

The instants are those that the degradation says: low frame i is the middle of its exposure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import torch

from stvsr.errors import StvsrError
from stvsr.evaluation.aligned import Interpolation
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale
from stvsr.restoration.contract import Image
from stvsr.video.minterpolate import minterpolate

Motion = Literal["minterpolate", "DIS warping"]
SMALLEST = 32
"""Side to which frames are padded for OpenCV's flow, which needs some pixels on its coarsest level."""


@dataclass(frozen=True)
class Cascade:
    """Motion-compensated frames, then bicubic; a `stvsr.evaluation.methods.FrameRestorer`.

    Attributes:
        degradation: What made the low clip.
        motion: ``minterpolate``, FFmpeg's block matching; or ``DIS warping``, OpenCV's dense inverse search.
    """

    degradation: Degradation
    motion: Motion = "minterpolate"

    @property
    def name(self) -> str:
        """The steps that do something at this scale."""
        return self.motion + (" + bicubic" if self.degradation.space > 1 else "")

    @property
    def scale(self) -> Scale:
        """Ratio of high to low samples."""
        return self.degradation.scale

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield the high frames of a stream of low frames."""
        space = Interpolation(self.degradation)
        centre = Fraction(space.centres[0]).limit_denominator(1000)
        between = minterpolate if self.motion == "minterpolate" else warp_between
        for frame in between(low, self.degradation.time, centre):
            clip = torch.from_numpy(frame).permute(2, 0, 1)[None, :, None].float() / 255
            codes = (space.enlarge(clip)[0, :, 0] * 255).round().to(torch.uint8)
            yield codes.permute(1, 2, 0).contiguous().numpy()


def cascades(degradation: Degradation) -> list[Cascade]:
    """Return the cascades that can run here: those of OpenCV only where it is installed."""
    if degradation.time == 1:
        return []
    return [Cascade(degradation), *([Cascade(degradation, "DIS warping")] if _opencv() else [])]


def warp_between(frames: Iterable[Image], step: int, centre: Fraction) -> Iterator[Image]:
    """Yield the frames at the instants 0, 1, 2, ... of a clip whose frame i is the instant ``step * i + centre``.

    Both frames around an instant are warped to it and blended. The flow from an instant to a frame is put together
    from the flows between the frames (Jiang et al., Super SloMo, CVPR 2018, Eq. 4). Beyond its ends the clip stands
    still.

    Args:
        frames: RGB uint8 ``(height, width, 3)``, all of one size.
        step: Instants from one frame to the next.
        centre: The first frame's instant, from 0 to ``step``.

    Yields:
        ``step`` frames for each one that came.

    Raises:
        StvsrError: If OpenCV is missing.
    """
    opencv = _opencv()
    if opencv is None:
        raise StvsrError("warping along OpenCV's optical flow needs it: pip install 'stvsr[opencv]'")
    earlier, number, done = None, -1, 0
    for number, image in enumerate(frames):
        last = step * number + centre  # this frame's instant
        if earlier is None:
            while done < last:
                yield image
                done += 1
        else:
            pair = _Pair(opencv, earlier, image)
            while done < last:
                yield pair.at(float(1 - (last - done) / step))
                done += 1
        earlier = image
    while earlier is not None and done < step * (number + 1):
        yield earlier
        done += 1


class _Pair:
    """Two frames and the flow between them, both ways."""

    def __init__(self, opencv: Any, first: Image, second: Image) -> None:
        self._cv, self._first, self._second = opencv, first, second
        search = opencv.DISOpticalFlow_create(opencv.DISOPTICAL_FLOW_PRESET_MEDIUM)
        search.setFinestScale(0)  # low frames have no pixels to spare
        height, width, _ = first.shape
        missing = ((0, max(SMALLEST - height, 0)), (0, max(SMALLEST - width, 0)))
        greys = [
            np.pad(opencv.cvtColor(image, opencv.COLOR_RGB2GRAY), missing, mode="edge") for image in (first, second)
        ]
        self._forward, self._backward = (search.calc(a, b, None)[:height, :width] for a, b in (greys, greys[::-1]))
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        self._places = np.stack([columns, rows], axis=-1)

    def at(self, share: float) -> Image:
        """Return the frame at ``share`` of the way from the first to the second."""
        rest = 1 - share
        to_first = share * (share * self._backward - rest * self._forward)
        to_second = rest * (rest * self._forward - share * self._backward)
        mixed = rest * self._warp(self._first, to_first) + share * self._warp(self._second, to_second)
        made: Image = np.rint(mixed).clip(0, 255).astype(np.uint8)
        return made

    def _warp(self, image: Image, flow: Any) -> Any:
        places = self._places + flow.astype(np.float32)
        cv = self._cv
        return cv.remap(image, places, None, cv.INTER_CUBIC, borderMode=cv.BORDER_REPLICATE).astype(np.float32)


def _opencv() -> Any:
    """Return OpenCV's module, ``None`` where it is not installed."""
    try:
        import cv2
    except ImportError:
        return None
    return cv2
