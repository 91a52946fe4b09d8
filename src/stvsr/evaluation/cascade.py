"""Two steps one after the other, as people do it today: frames between the frames, then enlargement.

    low --motion, to every instant of the high frames--> fast --bicubic or Lanczos--> high

The instants are those that the degradation says: low frame i is the middle of its exposure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from stvsr.evaluation.aligned import Interpolation, Method
from stvsr.evaluation.flow import Flow, NetworkFlow, SearchFlow, sample, to_tensor
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale
from stvsr.video.images import Image
from stvsr.video.minterpolate import minterpolate

Motion = Literal["minterpolate", "DIS warping", "SPyNet warping"]


@dataclass(frozen=True)
class Cascade:
    """Motion-compensated frames, then enlargement; a `stvsr.evaluation.methods.FrameRestorer`.

    Attributes:
        degradation: What made the low clip.
        motion: ``minterpolate``, FFmpeg's block matching; ``DIS warping``, along OpenCV's dense inverse search; or
            ``SPyNet warping``, along the flow network that ships with this package.
        space: How frames are enlarged.
    """

    degradation: Degradation
    motion: Motion = "minterpolate"
    space: Method = "cubic"

    @property
    def name(self) -> str:
        """The steps that do something at this scale."""
        enlargement = Interpolation(self.degradation.but(time=1), self.space).name
        return self.motion + (f" + {enlargement}" if self.degradation.space > 1 else "")

    @property
    def scale(self) -> Scale:
        """Ratio of high to low samples."""
        return self.degradation.scale

    @property
    def down_context(self) -> int:
        """High frames on each side that an exact low frame needs."""
        return Interpolation(self.degradation).down_context

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the low clip without noise, in 8-bit values."""
        return Interpolation(self.degradation).downsample(clip)

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield the high frames of a stream of low frames."""
        space = Interpolation(self.degradation, self.space)
        centre = Fraction(space.centres[0]).limit_denominator(1000)
        for frame in self._between(low, self.degradation.time, centre):
            clip = to_tensor(frame)[None, :, None] / 255
            codes = (space.enlarge(clip)[0, :, 0] * 255).round().to(torch.uint8)
            yield codes.permute(1, 2, 0).contiguous().numpy()

    def _between(self, low: Iterable[Image], step: int, centre: Fraction) -> Iterator[Image]:
        if self.motion == "minterpolate":
            return minterpolate(low, step, centre)
        return warp_between(low, step, centre, SearchFlow() if self.motion == "DIS warping" else NetworkFlow())


def cascades(degradation: Degradation) -> list[Cascade]:
    """Return the cascades that serve a degradation."""
    if degradation.time == 1:
        return []
    block = Cascade(degradation)
    lanczos = [replace(block, space="lanczos")] if degradation.space > 1 else []
    return [block, *lanczos, Cascade(degradation, "DIS warping"), Cascade(degradation, "SPyNet warping")]


def warp_between(frames: Iterable[Image], step: int, centre: Fraction, flow: Flow) -> Iterator[Image]:
    """Yield the frames at the instants 0, 1, 2, ... of a clip whose frame i is the instant ``step * i + centre``.

    Both frames around an instant are warped to it and blended. The flow from an instant to a frame is put together
    from the flows between the frames (Jiang et al., Super SloMo, CVPR 2018, Eq. 4). Beyond its ends the clip stands
    still.

    Args:
        frames: RGB uint8 ``(height, width, 3)``, all of one size.
        step: Instants from one frame to the next.
        centre: The first frame's instant, from 0 to ``step``.
        flow: How motion is found.

    Yields:
        ``step`` frames for each one that came.
    """
    earlier, number, done = None, -1, 0
    for number, image in enumerate(frames):
        last = step * number + centre  # this frame's instant
        if earlier is None:
            while done < last:
                yield image
                done += 1
        else:
            pair = Pair(earlier, image, flow)
            while done < last:
                yield pair.at(float(1 - (last - done) / step))
                done += 1
        earlier = image
    while earlier is not None and done < step * (number + 1):
        yield earlier
        done += 1


class Pair:
    """Two frames and the flow between them, both ways."""

    @torch.inference_mode()
    def __init__(self, first: Image, second: Image, flow: Flow) -> None:
        self._first, self._second = first, second
        self._forward, self._backward = flow(first, second), flow(second, first)

    @torch.inference_mode()
    def at(self, share: float) -> Image:
        """Return the frame at ``share`` of the way from the first to the second, the first itself at 0."""
        if share == 0:
            return self._first
        rest = 1 - share
        to_first = share * (share * self._backward - rest * self._forward)
        to_second = rest * (rest * self._forward - share * self._backward)
        first, second = (to_tensor(image, self._forward.device) for image in (self._first, self._second))
        mixed = rest * sample(first, to_first) + share * sample(second, to_second)
        made: Image = mixed.round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
        return np.ascontiguousarray(made)
