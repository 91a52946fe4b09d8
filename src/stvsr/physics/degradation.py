"""What happened to a video, in the words of a user: the operator, its kernel and the noise behind it.

high --open shutter, box in time--> --optics, sensor: blur in space--> --decimate--> + noise --8 bits--> codec --> low
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.layers.quantise import quantise
from stvsr.physics.boundary import Boundary
from stvsr.physics.kernels import (
    Kernel,
    along,
    bicubic_space,
    box_exposure,
    compose,
    from_array,
    gaussian,
    trapezoid_exposure,
)
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale
from stvsr.settings import read

LARGEST_FACTOR = 16
SMALLEST_SIGMA, LARGEST_SIGMA = 0.01, 16.0
LARGEST_NOISE = 128.0
LARGEST_COMPRESSION = 51
FRAME_RATE = 25
"""Frames per second that rate control takes low clips to have."""
LARGEST_KERNEL = 255
COLOURS = 3
LARGEST_COUNT = 1_000_000
LARGEST_FILE = 16 * LARGEST_COUNT + 65_536
LEAST_SHARE = 1e-3
"""Of the taps' absolute sum that their sum must be: less is a filter that finds edges, not a blur."""
SHUTTERS = ("box", "trapezoid")
BLURS = "bicubic, area, gaussian:SIGMA or a .npy file"

Taps: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Degradation:
    """How a low video came, or comes, of a high one.

    Attributes:
        time: High frames per low frame; 1 leaves time alone.
        space: High pixels per low pixel, in height and width; 1 leaves size alone.
        exposure: Share of a low frame's duration for which the shutter is open, above 0 and at most 1. It opens at
            the start of the frame, so that ``1 / time`` or less is the first of its high frames, sharp.
        shutter: ``box``, all instants alike, or ``trapezoid``, the whole frame but its outermost high frames
            counting half (REDS); ``exposure`` has no say in it.
        blur: In space. ``bicubic``: antialiased bicubic reduction. ``area``: mean over the pixels. ``gaussian:SIGMA``:
            of SIGMA high pixels. A ``.npy`` file: taps ``(height, width)``, or ``(time, height, width)``, which
            replaces the shutter as well, or ``(3, time, height, width)``, one kernel for each of red, green and blue;
            each axis is centred on the samples that a low one stands for.
        noise: Standard deviation of white Gaussian noise in 8-bit code values.
        compression: Constant rate factor of H.264 (4:2:0, x264's usual settings) that the low clip was stored with,
            or that comes nearest to it; 0 for none.

    Raises:
        StvsrError: If a value is out of range.
    """

    time: int = 1
    space: int = 1
    exposure: float = 1.0
    shutter: str = "box"
    blur: str = "bicubic"
    noise: float = 0.0
    compression: float = 0.0

    def __post_init__(self) -> None:
        for name in ("time", "space"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) <= LARGEST_FACTOR:
                raise StvsrError(f"{name} {value!r} is impossible: give a whole number from 1 to {LARGEST_FACTOR}")
            object.__setattr__(self, name, int(value))
        for name in ("exposure", "noise", "compression"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise StvsrError(f"{name} {value!r} is impossible: give a number")
            object.__setattr__(self, name, float(value))
        if not 0 < self.exposure <= 1:
            raise StvsrError(f"exposure {self.exposure} is impossible: give the open share, above 0 and at most 1")
        if self.shutter not in SHUTTERS:
            raise StvsrError(f"shutter {self.shutter!r} is unknown: use {' or '.join(SHUTTERS)}")
        if not 0 <= self.noise <= LARGEST_NOISE:
            raise StvsrError(f"noise {self.noise} is impossible: give code values from 0 to {LARGEST_NOISE:g}")
        if not 0 <= self.compression <= LARGEST_COMPRESSION:
            raise StvsrError(
                f"compression {self.compression:g} is impossible: give a CRF from 0 to {LARGEST_COMPRESSION}"
            )
        _check_blur(self.blur)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Degradation:
        """Return the degradation that `to_dict` described.

        Raises:
            StvsrError: If it holds an unknown name or a bad value.
        """
        return read(cls, values, "degradation")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings, for `config.json` and recipes."""
        return asdict(self)

    @property
    def scale(self) -> Scale:
        """The ratio of the two grids."""
        return Scale.of(self.time, self.space)

    def kernel(self) -> Kernel:
        """Return the blur on the high grid, all taps summing to 1.

        Raises:
            StvsrError: If its file is missing or holds no kernel.
        """
        if self.blur.endswith(".npy"):
            taps = _read_taps(Path(self.blur))
            if taps.ndim > 2:
                return _centred(taps, self.scale.steps)
            return compose(self._shutter(), _centred(taps[None], (1, self.space, self.space)))
        return compose(self._shutter(), self._blur())

    def operator(self, boundary: Boundary = "replicate") -> SpaceTimeOperator:
        """Return the operator A of ``low = A high + noise``."""
        return SpaceTimeOperator(self.kernel(), self.scale, boundary)

    def apply(self, high: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return the low clip, noisy, rounded to 8 bits and compressed.

        Args:
            high: ``(B, C, T, H, W)`` in [0, 1].
            generator: Of the noise, on the clip's device.

        Returns:
            ``(B, C, ceil(T / time), ceil(H / space), ceil(W / space))``, values ``k / 255``.
        """
        low = self.operator().forward(high)
        if self.noise:
            noise = torch.empty_like(low).normal_(generator=generator)
            low = low + noise * (self.noise / 255)
        low = quantise(low)
        return _compressed(low, round(self.compression)) if self.compression else low

    def but(self, **changes: Any) -> Degradation:
        """Return a copy with some values changed."""
        return replace(self, **changes)

    def __str__(self) -> str:
        parts = [f"{self.time}x time", f"{self.space}x space"]
        if self.time > 1:
            parts.append("trapezoid exposure" if self.shutter == "trapezoid" else f"exposure {self.exposure:g}")
        if self.space > 1 or self.blur not in ("bicubic", "area"):
            parts.append(self.blur)
        if self.noise:
            parts.append(f"noise {self.noise:g}")
        if self.compression:
            parts.append(f"compression {self.compression:g}")
        return ", ".join(parts)

    def _shutter(self) -> Kernel:
        if self.shutter == "trapezoid":
            return trapezoid_exposure(self.time)
        return box_exposure(self.time, self.exposure, "start")

    def _blur(self) -> Kernel:
        if self.blur == "bicubic":
            return bicubic_space(self.space)
        if self.blur == "area":
            mean = torch.full((self.space,), 1 / self.space)
            return compose(along("height", mean, 0), along("width", mean, 0))
        sigma = float(self.blur.partition(":")[2])
        return compose(gaussian("height", sigma, self.space), gaussian("width", sigma, self.space))


def has_effect(degradation: Degradation) -> bool:
    """Return whether a degradation does anything but round.

    Raises:
        StvsrError: If its kernel cannot be read.
    """
    one_tap = degradation.kernel().size == (1, 1, 1)
    return not (degradation.scale == Scale() and one_tap and not (degradation.noise or degradation.compression))


def _compressed(low: Tensor, factor: int) -> Tensor:
    """Return what a decoder shows of clips that x264 stored; the gradient passes as if it changed nothing."""
    from stvsr.video.encoders import encoder
    from stvsr.video.roundtrip import RoundTrip

    codes = (low.detach().float().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 4, 1).cpu().numpy()
    chosen = encoder("h264", max(factor, 1))
    shown = np.stack([np.stack(list(RoundTrip(chosen, Fraction(FRAME_RATE))(clip))) for clip in codes])
    back = torch.from_numpy(shown).to(low.device).permute(0, 4, 1, 2, 3).to(low.dtype) / 255
    return back + (low - low.detach())


def _check_blur(blur: Any) -> None:
    if not isinstance(blur, str):
        raise StvsrError(f"blur {blur!r} is unknown: use {BLURS}")
    if blur in ("bicubic", "area") or blur.endswith(".npy"):
        return
    kind, colon, value = blur.partition(":")
    if kind != "gaussian" or not colon:
        raise StvsrError(f"blur {blur!r} is unknown: use {BLURS}")
    try:
        sigma = float(value)
    except ValueError:
        sigma = -1.0
    if not SMALLEST_SIGMA <= sigma <= LARGEST_SIGMA:
        raise StvsrError(f"blur {blur!r}: give a Gaussian's width in pixels, {SMALLEST_SIGMA} to {LARGEST_SIGMA:g}")


def _read_taps(path: Path) -> Taps:
    """Return the taps of a file, those of each colour summing to 1; nothing is unpickled, and nothing large is read."""
    try:
        if not path.is_file():
            raise FileNotFoundError("no such file")
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"it is larger than {LARGEST_COUNT:,} taps")
        # Headers may announce more than there is, and NumPy takes the memory first: so nothing is read but mapped.
        with path.open("rb") as file:
            start = file.read(12)
        if int.from_bytes(start[8:10] if start[6:7] == b"\x01" else start[8:], "little") > LARGEST_FILE:
            raise ValueError("its header is cut short")
        with np.errstate(over="raise"):
            stored = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # a damaged header makes NumPy raise nearly anything
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise StvsrError(f"{path}: not a kernel that NumPy can read ({reason})") from None
    if stored.dtype.kind not in "biuf":
        raise StvsrError(f"{path}: its values are of type {stored.dtype}; a kernel's taps are real numbers")
    known = stored.ndim in (2, 3) or (stored.ndim == 4 and len(stored) == COLOURS)
    if not known or max(stored.shape) > LARGEST_KERNEL or not 0 < stored.size <= LARGEST_COUNT:
        raise StvsrError(
            f"{path}: its shape is {stored.shape}; a kernel is (height, width), (time, height, width) or "
            f"({COLOURS}, time, height, width), at most {LARGEST_KERNEL} each and {LARGEST_COUNT:,} taps in all"
        )
    taps = np.array(stored, np.float64)
    axes = tuple(range(-min(stored.ndim, 3), 0))
    with np.errstate(all="ignore"):
        total, weight = taps.sum(axes, keepdims=True), np.abs(taps).sum(axes, keepdims=True)
    if not np.isfinite(weight).all() or not (total > LEAST_SHARE * weight).all():
        raise StvsrError(f"{path}: a kernel's taps are finite, and their sum is well above 0")
    normalised: Taps = taps / total
    return normalised


def _centred(taps: Taps, steps: tuple[int, int, int]) -> Kernel:
    """Centre an array on the block of ``steps`` samples that a low sample stands for (half a sample early if odd)."""
    origin = [(step - count) // 2 for step, count in zip(steps, taps.shape[-3:], strict=True)]
    return from_array(taps, (origin[0], origin[1], origin[2]))


DEFAULT = Degradation(time=2, space=2, exposure=0.5)
"""What is assumed of a clip that says nothing: half an open shutter, as film cameras and many others have."""
