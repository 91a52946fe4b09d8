"""What needs no training, behind the same contract as a model (`Restorer`), so that it joins every table.

    high (1, 3, T, H, W) --every st-th frame, antialiased bicubic 1/s, 8 bits--> low --interpolation--> high

The phases agree on every axis. Low frame i *is* the instant of high frame ``st * i``, so the frames between
are blends of their neighbours at their own instants. Low pixel i covers the high pixels ``s * i`` to
``s * i + s - 1``, so both directions are centred on blocks. Bicubic is Keys' with a = -0.5 both ways, as in
MATLAB's ``imresize``; PyTorch uses that value only with ``antialias=True``, which leaves an enlargement otherwise
as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from stvsr.errors import StvsrError
from stvsr.layers.quantise import quantise
from stvsr.physics.degradation import Degradation
from stvsr.physics.kernels import bicubic, compose
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

Space = Literal["bicubic", "bilinear", "nearest"]
Time = Literal["linear", "repeat"]


@dataclass(frozen=True)
class Baseline:
    """Subsampling in time and antialiased bicubic in space, undone by interpolation.

    Attributes:
        scale: Ratio of high to low samples; whole in time.
        space: How a frame is enlarged.
        time: ``linear`` blends the two low frames around an instant, ``repeat`` shows the earlier one again.
    """

    scale: Scale
    space: Space = "bicubic"
    time: Time = "linear"

    @property
    def name(self) -> str:
        """The interpolations that do something at this scale, such as ``bicubic + linear``."""
        spatial = self.scale.height > 1 or self.scale.width > 1
        if spatial and self.scale.time > 1 and (self.space, self.time) == ("bilinear", "linear"):
            return "trilinear"
        if spatial and self.scale.time > 1 and (self.space, self.time) == ("nearest", "repeat"):
            return "nearest"
        temporal = {"linear": "linear blend", "repeat": "frame repeat"}[self.time]
        parts = [part for part, used in ((self.space, spatial), (temporal, self.scale.time > 1)) if used]
        return " + ".join(parts) or "copy"

    @property
    def context(self) -> tuple[int, int]:
        """One low frame and two low pixels: the reach of a linear blend and of a bicubic."""
        return (1, 2)

    @property
    def down_context(self) -> int:
        """None: a kept frame is taken as it is."""
        return 0

    @property
    def operator(self) -> SpaceTimeOperator:
        """Nothing in time, antialiased bicubic in height and width."""
        _, height, width = self.scale.steps
        return SpaceTimeOperator(compose(bicubic("height", height), bicubic("width", width)), self.scale)

    def downsample(self, clip: Tensor) -> Tensor:
        """Keep every ``st``-th frame, reduced by antialiased bicubic; sizes are rounded up."""
        return quantise(self.operator(clip))

    def upsample(self, low: Tensor) -> Tensor:
        """Enlarge every low frame and make up the frames between; past the last one it stands still."""
        step, height, width = self.scale.steps
        frames = _frames(low)
        if self.space == "nearest":
            frames = frames.repeat_interleave(height, dim=2).repeat_interleave(width, dim=3)
        elif height > 1 or width > 1:
            size = (frames.shape[2] * height, frames.shape[3] * width)
            frames = F.interpolate(frames, size=size, mode=self.space, antialias=True).clamp(0, 1)
        high = _clip(frames, low.shape[0])
        if self.time == "repeat" or step == 1:
            return high.repeat_interleave(step, dim=2)
        following = torch.cat([high[:, :, 1:], high[:, :, -1:]], dim=2)
        blends = [torch.lerp(high, following, k / step) for k in range(step)]
        return torch.stack(blends, dim=3).flatten(2, 3)


def baselines_for(scale: Scale) -> list[Baseline]:
    """Return the baselines that differ at this scale, the best known first."""
    spatial = scale.height > 1 or scale.width > 1
    found = [Baseline(scale)]
    if spatial:
        found.append(Baseline(scale, "bilinear"))
    if scale.time > 1:
        found.append(Baseline(scale, time="repeat"))
    if spatial:
        found.append(Baseline(scale, "nearest", "repeat"))
    return found


def usual_degradation(scale: Scale) -> Degradation:
    """Return what `Baseline.downsample` does, in the words of `Degradation`.

    Raises:
        StvsrError: If height and width differ, or a factor is too large for that.
    """
    if scale.height != scale.width:
        raise StvsrError(f"{scale}: only equal factors in height and width have a name as a degradation")
    time, space, _ = scale.steps
    return Degradation(time=time, space=space, exposure=1 / time, blur="bicubic")


def _frames(clip: Tensor) -> Tensor:
    return clip.transpose(1, 2).flatten(0, 1)


def _clip(frames: Tensor, batch: int) -> Tensor:
    return frames.reshape(batch, -1, *frames.shape[1:]).transpose(1, 2)
