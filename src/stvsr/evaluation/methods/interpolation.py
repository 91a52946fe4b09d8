"""Interpolation of a low clip whose degradation is given, every low frame taken to stand at the instant it shows.

    low (B, 3, t, h, w) --one matrix for each axis, at the phase of the kernel's centroid--> high (B, 3, T, H, W)

Low sample i lies at ``s * i + c`` on the high grid, c the kernel's centroid. In time, with the shutter open
throughout, that is the middle of the exposure: ``5 i + 2`` for five frames. Taking it for ``5 i`` instead, two frames
off, costs about a decibel.

Lanczos has three lobes, and its taps are made to sum to 1. Bicubic is Keys' cubic, of one parameter: a = -0.75 as in
PyTorch and OpenCV, or a = -0.5 as Keys proposed and MATLAB's ``imresize`` has it. They are two methods, up to 0.24 dB
apart (2x in space; 0.03 dB at 5x in time, 4x in space, on clips like those of `docs/data.md`), so that a stands in the
name.

Where methods shrink clips by themselves, interpolation does so too, to join the table: every st-th frame, and
antialiased bicubic of a = -0.5 both ways (`Subsampling`). Low frame i then *is* the instant of high frame ``st * i``,
so the frames between are blends of their neighbours at their own instants; low pixel i covers the high pixels ``s * i``
to ``s * i + s - 1``, so both directions are centred on blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.layers.quantise import quantise
from stvsr.models.contract import Restorer
from stvsr.physics.degradation import Degradation
from stvsr.physics.kernels import Kernel, bicubic, compose, keys_cubic
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

KEYS, SHARPER = -0.5, -0.75
"""Of Keys' cubic: as he and MATLAB have it, and as PyTorch and OpenCV do."""
Method = Literal["hold", "linear", "cubic", "lanczos"]


@dataclass(frozen=True)
class Subsampling:
    """Every ``st``-th frame as it is, antialiased bicubic in height and width.

    Attributes:
        scale: Ratio of high to low samples; whole in time.
    """

    scale: Scale

    def kernel(self) -> Kernel:
        """Return the blur on the high grid."""
        _, height, width = self.scale.steps
        return compose(bicubic("height", height), bicubic("width", width))

    def operator(self) -> SpaceTimeOperator:
        """Return the operator A of ``low = A high``."""
        return SpaceTimeOperator(self.kernel(), self.scale)

    @property
    def degradation(self) -> Degradation:
        """The same in the words of `Degradation`.

        Raises:
            StvsrError: If height and width differ, or a factor is too large for that.
        """
        if self.scale.height != self.scale.width:
            raise StvsrError(f"{self.scale}: only equal factors in height and width have a name as a degradation")
        time, space, _ = self.scale.steps
        return Degradation(time=time, space=space, exposure=1 / time, blur="bicubic")


def resample(clip: Tensor, axis: int, step: int, centre: float, method: Method, a: float = SHARPER) -> Tensor:
    """Interpolate one axis of a clip to ``step`` times as many samples.

    Beyond the outermost samples, linear goes on as they are; cubic and Lanczos take them as repeated.

    Args:
        clip: ``(B, C, t, h, w)``.
        axis: 2, 3 or 4.
        step: The factor.
        centre: Where sample 0 lies on the finer grid.
        method: ``hold`` repeats each sample over its block, whatever its centre.
        a: Of Keys' cubic.
    """
    if step == 1 and (centre == 0 or method == "hold"):
        return clip
    weights = _weights(clip.shape[axis], step, centre, method, a).to(clip)
    finer: Tensor = torch.tensordot(clip, weights, dims=([axis], [1])).movedim(-1, axis)
    return finer


def _weights(count: int, step: int, centre: float, method: Method, a: float) -> Tensor:
    """Return the matrix ``(count * step, count)``."""
    places = torch.arange(count * step, dtype=torch.float64)
    if method == "hold":
        return torch.eye(count).repeat_interleave(step, dim=0)
    places = (places - centre) / step
    if method == "linear":
        places = places.clamp(0, count - 1)
    reach = {"linear": 1, "cubic": 2, "lanczos": 3}[method]
    near = places.floor()[:, None] + torch.arange(1 - reach, 1 + reach)
    values = _curve(places[:, None] - near, method, a)
    values = values / values.sum(dim=1, keepdim=True)
    matrix = torch.zeros(count * step, count, dtype=torch.float64)
    return matrix.scatter_add_(1, near.clamp(0, count - 1).long(), values).float()


def _curve(distance: Tensor, method: Method, a: float) -> Tensor:
    """Return the weight of a sample at a distance in samples."""
    if method == "linear":
        return (1 - distance.abs()).clamp(min=0)
    if method == "cubic":
        return keys_cubic(distance, a)
    lobes: Tensor = torch.special.sinc(distance) * torch.special.sinc(distance / 3)
    return lobes


SPACE_TIME_NAMES: dict[tuple[Method, Method], str] = {("linear", "linear"): "trilinear", ("hold", "hold"): "nearest"}
"""Of the same interpolation on all axes."""


@dataclass(frozen=True)
class Interpolation(Restorer):
    """What needs no training and no motion, behind the contract of a model (`Restorer`).

    Attributes:
        degradation: What made the low clip.
        space: How frames are enlarged.
        time: ``linear`` blends the two low frames around an instant, ``hold`` repeats the one whose frame it is.
        a: Of Keys' cubic, where that enlarges.
    """

    degradation: Degradation | Subsampling
    space: Method = "cubic"
    time: Method = "linear"
    a: float = SHARPER

    @property
    def name(self) -> str:
        """The interpolations that do something at this scale, such as ``bicubic (a = -0.75) + linear blend``."""
        spatial, temporal = self.scale.height * self.scale.width > 1, self.scale.time > 1
        if spatial and temporal and (self.space, self.time) in SPACE_TIME_NAMES:
            return SPACE_TIME_NAMES[self.space, self.time]
        cubic = f"bicubic (a = {self.a:g})"
        enlargement = {"cubic": cubic, "linear": "bilinear", "hold": "nearest", "lanczos": "Lanczos"}[self.space]
        blends = {"linear": "linear blend", "cubic": "cubic blend", "lanczos": "Lanczos blend", "hold": "frame repeat"}
        parts = [enlargement] * spatial + [blends[self.time]] * temporal
        return " + ".join(parts) or "copy"

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
        kernel, step = self.degradation.kernel(), self.scale.steps[0]
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
        large = resample(resample(low, 3, height, top, self.space, self.a), 4, width, left, self.space, self.a)
        return large.clamp(0, 1)


def interpolations(degradation: Degradation) -> list[Interpolation]:
    """Return the interpolations that differ under a degradation, the best known first."""
    kinds: list[tuple[Method, Method]] = [("cubic", "linear"), ("linear", "linear"), ("hold", "hold")]
    return _distinct(Interpolation(degradation, space, time) for space, time in kinds)


def _clean(centre: float) -> float:
    """Return a centre without what float32 taps add to it."""
    return round(centre, 5)


def baseline(scale: Scale, space: Method = "cubic", time: Method = "linear") -> Interpolation:
    """Return the interpolation of clips that were subsampled, with the cubic that they were shrunk by."""
    return Interpolation(Subsampling(scale), space, time, KEYS)


def baselines_for(scale: Scale) -> list[Interpolation]:
    """Return the baselines that differ at a scale, the best known first."""
    kinds: list[tuple[Method, Method]] = [
        ("cubic", "linear"),
        ("linear", "linear"),
        ("cubic", "hold"),
        ("hold", "hold"),
    ]
    return _distinct(baseline(scale, space, time) for space, time in kinds)


def _distinct(methods: Iterable[Interpolation]) -> list[Interpolation]:
    """Return the first of each name."""
    found: dict[str, Interpolation] = {}
    for method in methods:
        found.setdefault(method.name, method)
    return list(found.values())
