"""Interpolation of a low clip whose degradation is given, every low frame taken to stand at the instant it shows.

    low (B, 3, t, h, w) --one matrix for each axis, at the phase of the kernel's centroid--> high (B, 3, T, H, W)

Low sample i lies at ``s * i + c`` on the high grid, c the kernel's centroid. In time, with the shutter open
throughout, that is the middle of the exposure: ``5 i + 2`` for five frames. Taking it for ``5 i`` instead, two frames
off, costs about a decibel.

Lanczos has three lobes, and its taps are made to sum to 1. Bicubic is Keys' with a = -0.75, as in PyTorch and OpenCV.
With MATLAB's a = -0.5 enlargement is worse, by 0.03 dB (5x in time, 4x in space) to 0.24 dB (2x in space) on clips
like those of `docs/data.md`.

`Baseline` shrinks as well, so that it joins every table, by bicubic interpolation with a = -0.5 both ways, as MATLAB's
``imresize`` does:

    high (1, 3, T, H, W) --every st-th frame, antialiased bicubic 1/s, 8 bits--> low --interpolation--> high

Its phases agree on every axis. Low frame i *is* the instant of high frame ``st * i``, so the frames between are blends
of their neighbours at their own instants. Low pixel i covers the high pixels ``s * i`` to ``s * i + s - 1``, so both
directions are centred on blocks. PyTorch uses a = -0.5 only with ``antialias=True``, which leaves an enlargement
otherwise as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from stvsr.errors import StvsrError
from stvsr.layers.quantise import quantise
from stvsr.models.contract import Restorer
from stvsr.physics.degradation import Degradation
from stvsr.physics.kernels import bicubic, compose, keys_cubic
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

SHARPNESS = -0.75
Method = Literal["hold", "linear", "cubic", "lanczos"]
Space = Literal["bicubic", "bilinear", "nearest"]
Time = Literal["linear", "repeat"]


def resample(clip: Tensor, axis: int, step: int, centre: float, method: Method) -> Tensor:
    """Interpolate one axis of a clip to ``step`` times as many samples.

    Beyond the outermost samples, linear goes on as they are; cubic and Lanczos take them as repeated.

    Args:
        clip: ``(B, C, t, h, w)``.
        axis: 2, 3 or 4.
        step: The factor.
        centre: Where sample 0 lies on the finer grid.
        method: ``hold`` repeats each sample over its block, whatever its centre.
    """
    if step == 1 and (centre == 0 or method == "hold"):
        return clip
    weights = _weights(clip.shape[axis], step, centre, method).to(clip)
    finer: Tensor = torch.tensordot(clip, weights, dims=([axis], [1])).movedim(-1, axis)
    return finer


def _weights(count: int, step: int, centre: float, method: Method) -> Tensor:
    """Return the matrix ``(count * step, count)``."""
    places = torch.arange(count * step, dtype=torch.float64)
    if method == "hold":
        return torch.eye(count).repeat_interleave(step, dim=0)
    places = (places - centre) / step
    if method == "linear":
        places = places.clamp(0, count - 1)
    reach = {"linear": 1, "cubic": 2, "lanczos": 3}[method]
    near = places.floor()[:, None] + torch.arange(1 - reach, 1 + reach)
    values = _curve(places[:, None] - near, method)
    values = values / values.sum(dim=1, keepdim=True)
    matrix = torch.zeros(count * step, count, dtype=torch.float64)
    return matrix.scatter_add_(1, near.clamp(0, count - 1).long(), values).float()


def _curve(distance: Tensor, method: Method) -> Tensor:
    """Return the weight of a sample at a distance in samples."""
    if method == "linear":
        return (1 - distance.abs()).clamp(min=0)
    if method == "cubic":
        return keys_cubic(distance, SHARPNESS)
    lobes: Tensor = torch.special.sinc(distance) * torch.special.sinc(distance / 3)
    return lobes


@dataclass(frozen=True)
class Interpolation(Restorer):
    """What needs no training and no motion, behind the contract of a model (`Restorer`).

    Attributes:
        degradation: What made the low clip.
        space: How frames are enlarged.
        time: ``linear`` blends the two low frames around an instant, ``hold`` repeats the one whose frame it is.
    """

    degradation: Degradation
    space: Method = "cubic"
    time: Method = "linear"

    @property
    def name(self) -> str:
        """The interpolations that do something at this scale, such as ``bicubic + linear blend``."""
        spatial = {"cubic": "bicubic", "linear": "bilinear", "hold": "nearest", "lanczos": "Lanczos"}[self.space]
        blends = {"linear": "linear blend", "cubic": "cubic blend", "lanczos": "Lanczos blend"}
        temporal = blends.get(self.time, "frame repeat")
        if self.degradation.space == 1:
            return temporal if self.degradation.time > 1 else "copy"
        if self.degradation.time == 1:
            return spatial
        return {"bilinear + linear blend": "trilinear", "nearest + frame repeat": "nearest"}.get(
            f"{spatial} + {temporal}", f"{spatial} + {temporal}"
        )

    @property
    def scale(self) -> Scale:
        """Ratio of high to low samples."""
        return self.degradation.scale

    @property
    def operator(self) -> SpaceTimeOperator:
        """What made the low clip."""
        return self.degradation.operator()

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels of reach: one more than the interpolation's where the kernel is off its block."""
        steps, centres = self.scale.steps, self.centres
        off = [math.ceil(max(-c, c - (s - 1), 0) / s) for s, c in zip(steps, centres, strict=True)]
        return (1 + off[0], (3 if self.space == "lanczos" else 2) + max(off[1:]))

    @property
    def down_context(self) -> int:
        """High frames on each side that an exact low frame needs."""
        kernel, step = self.degradation.kernel(), self.degradation.time
        return max(-kernel.origin[0], kernel.origin[0] + kernel.size[0] - step, 0)

    @property
    def centres(self) -> tuple[float, float, float]:
        """Where low sample 0 lies on the high grid, in time, height and width."""
        time, height, width = self.degradation.kernel().centroid.double().mean(dim=0).tolist()
        return (_clean(time), _clean(height), _clean(width))

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the low clip without noise, in 8-bit values."""
        return quantise(self.operator(clip))

    def upsample(self, low: Tensor) -> Tensor:
        """Return the high clip, in [0, 1]."""
        step = self.scale.steps[0]
        return resample(self.enlarge(low), 2, step, self.centres[0], self.time).clamp(0, 1)

    def enlarge(self, low: Tensor) -> Tensor:
        """Return the low frames in the high size, in [0, 1]."""
        _, height, width = self.scale.steps
        _, top, left = self.centres
        large = resample(resample(low, 3, height, top, self.space), 4, width, left, self.space)
        return large.clamp(0, 1)


def interpolations(degradation: Degradation) -> list[Interpolation]:
    """Return the interpolations that differ under a degradation, the best known first."""
    kinds: list[tuple[Method, Method]] = [("cubic", "linear"), ("linear", "linear"), ("hold", "hold")]
    found = [Interpolation(degradation, space, time) for space, time in kinds]
    return list({one.name: one for one in reversed(found)}.values())[::-1]


def _clean(centre: float) -> float:
    """Return a centre without what float32 taps add to it."""
    return round(centre, 5)


@dataclass(frozen=True)
class Baseline(Restorer):
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
