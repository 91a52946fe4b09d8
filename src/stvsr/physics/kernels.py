"""Blur kernels on the high grid: exposure in time, Gaussian and bicubic in space, learned, and their composition.

See `stvsr.physics` for the phase convention. Kernels of one axis have a single tap on the others, so a
space-time kernel is the composition of axis kernels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from stvsr.errors import StvsrError

Axis = Literal["time", "height", "width"]
AXES: tuple[Axis, ...] = ("time", "height", "width")


@dataclass(frozen=True)
class Kernel:
    """A 3-D blur kernel.

    Attributes:
        taps: Weights, float ``(channels, time, height, width)``; ``channels`` is 1 where all colours share them.
            May require gradients.
        origin: Offset of the first tap on each axis, in high-grid samples (usually negative or zero).
    """

    taps: Tensor
    origin: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        if not isinstance(self.taps, Tensor) or not self.taps.is_floating_point():
            kind = str(getattr(self.taps, "dtype", type(self.taps).__name__))
            raise StvsrError(f"a kernel's taps are a torch tensor of floats, not {kind}")
        if self.taps.ndim != 4 or self.taps.numel() == 0:
            raise StvsrError(f"a kernel has the shape (channels, time, height, width), not {tuple(self.taps.shape)}")

    @property
    def size(self) -> tuple[int, int, int]:
        """The number of taps on each axis ``(time, height, width)``."""
        _, frames, height, width = self.taps.shape
        return (frames, height, width)

    @property
    def mass(self) -> Tensor:
        """The sum of the taps of each channel, ``(channels,)``; 1 where brightness is kept."""
        return self.taps.sum(dim=(1, 2, 3))

    @property
    def centroid(self) -> Tensor:
        """Where a low sample sits, in high samples past ``s * i``: ``(channels, 3)`` for time, height, width."""
        weight = self.taps / self.mass[:, None, None, None]
        means = []
        for axis, (origin, size) in enumerate(zip(self.origin, self.size, strict=True)):
            others = [d + 1 for d in range(3) if d != axis]
            offsets = torch.arange(origin, origin + size, dtype=weight.dtype, device=weight.device)
            means.append((weight.sum(dim=others) * offsets).sum(dim=1))
        return torch.stack(means, dim=1)

    def to(self, *args: Any, **kwargs: Any) -> Kernel:
        """Return the kernel with its taps moved as by `torch.Tensor.to`."""
        return replace(self, taps=self.taps.to(*args, **kwargs))

    def __repr__(self) -> str:
        spans = (f"{axis} {o}..{o + n - 1}" for axis, o, n in zip(AXES, self.origin, self.size, strict=True))
        return f"Kernel({self.taps.shape[0]} channel(s), {', '.join(spans)})"


def from_array(taps: object, origin: tuple[int, int, int] | None = None) -> Kernel:
    """Make a kernel of any array, ``(time, height, width)`` or ``(channels, time, height, width)``.

    Without an ``origin`` the array is centred on offset 0 (the tap at index ``(n - 1) // 2`` of each axis).
    """
    tensor = torch.as_tensor(taps, dtype=torch.float32)
    if tensor.ndim == 3:
        tensor = tensor[None]
    if tensor.ndim == 4 and origin is None:
        origin = (-((tensor.shape[1] - 1) // 2), -((tensor.shape[2] - 1) // 2), -((tensor.shape[3] - 1) // 2))
    return Kernel(tensor, origin or (0, 0, 0))


def delta() -> Kernel:
    """Return the kernel that takes sample ``s * i`` as it is: plain subsampling."""
    return Kernel(torch.ones(1, 1, 1, 1))


def along(axis: Axis, taps: Tensor, origin: int) -> Kernel:
    """Return a kernel with the 1-D ``taps`` on one axis, the first at offset ``origin``."""
    place = AXES.index(axis)
    shape = [1, 1, 1, 1]
    shape[place + 1] = -1
    origins = [0, 0, 0]
    origins[place] = origin
    return Kernel(taps.reshape(shape), (origins[0], origins[1], origins[2]))


def box_exposure(factor: int, fraction: float = 1.0, opening: Literal["centred", "start"] = "centred") -> Kernel:
    """Return a shutter that is open for ``fraction`` of each low frame of ``factor`` high frames.

    A high frame counts by the part of its own interval that the window covers. The window is centred on the low
    frame's interval, or opens at its ``start``; ``fraction = 1`` is the plain mean either way (the degradation of
    DAVSR's Table 2 on Vid4).
    """
    _check_fraction(fraction)
    offsets = torch.arange(factor, dtype=torch.float64)
    length = max(factor * fraction, 1.0)  # a shorter window sees nothing else, down to one that rounds to nothing
    begin = (factor - length) / 2 if opening == "centred" else 0.0
    covered = (offsets + 1).clamp(max=begin + length) - offsets.clamp(min=begin)
    weights = covered.clamp(min=0)
    return along("time", (weights / weights.sum()).float(), 0)


def trapezoid_exposure(frames: int, subframes: int = 16) -> Kernel:
    """Return a shutter over ``frames`` high frames joined by linear motion, the two outermost counting half.

    The low frame is the mean of ``(frames - 1) * subframes + 1`` virtual frames, each a linear mixture of its two
    neighbours. ``frames = 5, subframes = 16`` is how REDS makes 24 blurry frames of 120 sharp ones a second:
    65 virtual frames, weights (8.5, 16, 16, 16, 8.5) / 65.
    """
    weights = torch.full((frames,), float(subframes), dtype=torch.float64)
    if frames > 1:
        weights[0] = weights[-1] = (subframes + 1) / 2
    return along("time", (weights / weights.sum()).float(), 0)


def _check_fraction(fraction: float) -> None:
    if not 0 < fraction <= 1:
        raise StvsrError(f"exposure {fraction} is impossible: give the open share of a frame, above 0 and at most 1")


def gaussian(axis: Axis, sigma: float, factor: int = 1, truncate: float = 4.0) -> Kernel:
    """Return a Gaussian of ``sigma`` high samples on one axis, centred at ``(factor - 1) / 2``."""
    if sigma <= 0:
        raise StvsrError(
            f"a Gaussian of sigma {sigma} is impossible: give a positive number of samples, or leave it off"
        )
    centre = (factor - 1) / 2
    first = -int(truncate * sigma + 0.5) + (factor - 1) // 2
    last = factor - 1 - first
    offsets = torch.arange(first, last + 1, dtype=torch.float64)
    weights = torch.softmax(-0.5 * ((offsets - centre) / sigma) ** 2, 0)  # normalises even where all taps underflow
    return along(axis, weights.float(), first)


def bicubic(axis: Axis, factor: int) -> Kernel:
    """Return the antialiased bicubic reduction of one axis: Keys' cubic (a = -0.5) widened by ``factor``.

    Equal to MATLAB's ``imresize`` by ``1 / factor`` away from the borders.
    """
    if factor == 1:
        return delta()
    # The offsets inside the support, -2 < (offset - centre) / factor < 2, counted without looking at a tensor.
    centre = (factor - 1) / 2
    first = (factor - 1 - 4 * factor) // 2 + 1
    offsets = torch.arange(first, factor - first, dtype=torch.float64)
    weights = keys_cubic((offsets - centre) / factor) / factor
    return along(axis, weights.float(), first)


def keys_cubic(x: Tensor, a: float = -0.5) -> Tensor:
    """Evaluate Keys' cubic convolution kernel (1981) at ``x``; zero outside [-2, 2]."""
    x = x.abs()
    near = ((a + 2) * x - (a + 3)) * x**2 + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return torch.where(x <= 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


def compose(*kernels: Kernel) -> Kernel:
    """Return the one kernel that equals blurring by each of ``kernels`` in turn."""
    return reduce(_compose_two, kernels, delta())


def _compose_two(first: Kernel, second: Kernel) -> Kernel:
    channels = max(first.taps.shape[0], second.taps.shape[0])
    a = first.taps.expand(channels, -1, -1, -1)[None]
    b = second.taps.to(first.taps).expand(channels, -1, -1, -1)[:, None]
    frames, height, width = (n - 1 for n in second.size)
    padded = F.pad(a, (width, width, height, height, frames, frames))
    taps = F.conv3d(padded, b.flip(2, 3, 4), groups=channels)[0]
    origin = [x + y for x, y in zip(first.origin, second.origin, strict=True)]
    return Kernel(taps, (origin[0], origin[1], origin[2]))


def bicubic_space(factor: int) -> Kernel:
    """Return the antialiased bicubic reduction of height and width."""
    return compose(bicubic("height", factor), bicubic("width", factor))


def gaussian_space_time(sigmas: tuple[float, float, float], factors: tuple[int, int, int]) -> Kernel:
    """Return a separable Gaussian with its own sigma (high samples; 0 is a delta) on time, height and width."""
    parts = zip(AXES, sigmas, factors, strict=True)
    return compose(*(gaussian(axis, sigma, factor) for axis, sigma, factor in parts if sigma > 0))
