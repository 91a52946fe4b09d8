"""How noisy and how soft a video is, told from its frames alone.

Noise is looked for where little else is. The bands of an orthonormal Haar transform of white noise are independent of
each other: blocks may be chosen by two of them, as the flattest, and measured by the third without a bias from the
choice. What detail is left there is told from a line through blocks that are less flat, followed down to where nothing
but noise could be: ``diagonal = N + k (others - 2 N)``.

Blur is looked for where most is to be seen, in the busiest squares. The power of natural pictures falls as a power of
frequency, and a Gaussian of sigma pixels takes ``exp(-(2 pi sigma f)^2)`` of it, a bend in the logarithm that no power
law has. Noise is taken off first, and frequencies that noise or a codec's quantiser hide have no say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Planes = npt.NDArray[np.float32]
"""Luma in 8-bit code values, ``(frames, height, width)``."""
Values = npt.NDArray[np.float64]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue, BT.601."""
GAIN = float(np.sqrt((LUMA**2).sum()))
"""Noise of luma over that of each colour, where the colours' noises are independent."""
ROUNDING = 1 / 12
"""Variance that rounding to whole codes adds."""


@dataclass(frozen=True)
class Measured:
    """A value and how far to trust it.

    Attributes:
        value: In the unit of what was measured.
        confidence: From 0, a guess, to 1.
    """

    value: float
    confidence: float


UNKNOWN = Measured(0.0, 0.0)


def luma(frames: npt.NDArray[Any]) -> Planes:
    """Return the luma of RGB frames ``(frames, height, width, 3)`` of 8 bits."""
    planes: Planes = frames.astype(np.float32) @ LUMA
    return planes


# Noise

CELL = 4
"""Side of a block of Haar coefficients, which is eight pixels."""
FLATTEST, FLAT = 0.06, 0.45
"""Shares of the blocks: noise is measured up to the first, detail between both."""
FEWEST = 24
CLIPPED = 0.05
"""Share of a block's pixels at either end of the codes from which on noise may be cut off there."""
STEEPEST = 0.4
"""Of detail, diagonal over the other bands; noise has one half."""


def noise(frames: npt.NDArray[Any]) -> Measured:
    """Return the standard deviation of white Gaussian noise in 8-bit codes of each colour.

    Args:
        frames: RGB uint8 ``(frames, height, width, 3)``.

    Returns:
        The noise, trusted less the more there is in the other bands than it would leave there: even the flattest
        blocks hold detail then. Unknown where there are hardly any blocks.
    """
    along, across, diagonal = _haar(luma(frames))
    others, finest = _cells(along**2 + across**2), _cells(diagonal**2)
    usable = _cells(_clipped(frames)) <= CLIPPED
    if usable.sum() >= 2 * FEWEST:
        others, finest = others[usable], finest[usable]
    if len(others) < 2 * FEWEST:
        return UNKNOWN
    order = np.argsort(others, kind="stable")
    first = max(round(FLATTEST * len(order)), FEWEST)
    flattest, flat = order[:first], order[first : max(round(FLAT * len(order)), 2 * first)]
    low, high = ((float(others[part].mean()), float(finest[part].mean())) for part in (flattest, flat))
    slope = float(np.clip((high[1] - low[1]) / max(high[0] - low[0], 1e-6), 0, STEEPEST))
    variance = max((low[1] - slope * low[0]) / (1 - 2 * slope) - ROUNDING, 0.0)
    return Measured(float(np.sqrt(variance)) / GAIN, min(1.0, (2 * variance + 1) / (low[0] + 1)))


def _haar(planes: Planes) -> tuple[Planes, Planes, Planes]:
    """Return the three detail bands ``(frames, height // 2, width // 2)`` of an orthonormal Haar transform."""
    a, b, c, d = _quarters(planes)
    half = np.float32(0.5)
    return half * (a + b - c - d), half * (a - b + c - d), half * (a - b - c + d)


def _clipped(frames: npt.NDArray[Any]) -> Planes:
    """Return the share of each two by two pixels in which any colour is at an end of the codes."""
    ends = ((frames == 0) | (frames == 255)).any(-1).astype(np.float32)
    a, b, c, d = _quarters(ends)
    return np.float32(0.25) * (a + b + c + d)


def _quarters(planes: Planes) -> tuple[Planes, Planes, Planes, Planes]:
    height, width = (2 * (size // 2) for size in planes.shape[1:])
    even, odd = planes[:, 0:height:2, :width], planes[:, 1:height:2, :width]
    return even[..., 0::2], even[..., 1::2], odd[..., 0::2], odd[..., 1::2]


def _cells(band: Planes) -> Values:
    """Return the means over all whole blocks."""
    frames, height, width = band.shape[0], band.shape[1] // CELL, band.shape[2] // CELL
    whole = band[:, : height * CELL, : width * CELL].reshape(frames, height, CELL, width, CELL)
    return np.asarray(whole.mean((2, 4)), np.float64).reshape(-1)


# Blur

SIDE = 32
"""Of the squares that spectra are taken of."""
BUSIEST, MOST = 0.25, 400
"""Share of the squares, and how many at most."""
BANDS: Values = np.arange(2, SIDE // 2 + 1) / SIDE
"""Middles of the rings of frequencies, in cycles per pixel, up to the Nyquist frequency."""
USUAL_POWER, TRUST = 2.6, 0.3
"""By which natural pictures fall with frequency, and how firmly that is believed of one of them."""
SOFTNESS = 0.05
"""Variance in square pixels that footage has of itself, reduced without any further blur."""
UNCOMPRESSED, SOFTENING = 12.0, 0.006
"""A rate factor that costs no detail to speak of, and the variance that each one above it adds."""
SHARP = 0.45
"""A width below this cannot be told from an antialiased bicubic reduction."""
FEWEST_BANDS, FEWEST_HIDDEN = 4, 7
"""That must be seen, where noise alone hides the others and where a quantiser does, which also softens what is seen."""
LEAST_POWER = 0.2
"""Of rounding in all steps between a picture and its luma."""
DEEPER = 4
"""By how much the quantiser of H.264 typically exceeds the rate factor."""


def blur(frames: npt.NDArray[Any], noise: float = 0.0, compression: float = 0.0) -> Measured:
    """Return the width of a Gaussian blur, in pixels of these frames.

    Args:
        frames: RGB uint8 ``(frames, height, width, 3)``.
        noise: As `noise` measures it.
        compression: The rate factor of H.264 that comes nearest; 0 for none.

    Returns:
        The standard deviation; 0 for as sharp as an antialiased reduction, unknown where too little of the spectrum
        can be seen.
    """
    planes = luma(frames)
    if min(planes.shape[1:]) < SIDE:
        return UNKNOWN
    power = spectrum(planes)
    floor = (noise * GAIN) ** 2 + LEAST_POWER
    hidden = _rounding(compression)
    seen = _seen(power, floor, hidden)
    if seen < (FEWEST_HIDDEN if hidden > floor else FEWEST_BANDS):
        return UNKNOWN
    variance = _bend(power[:seen], floor) - SOFTNESS - SOFTENING * max(compression - UNCOMPRESSED, 0)
    width = float(np.sqrt(max(variance, 0.0)))
    confidence = float(np.clip((BANDS[seen - 1] - 0.15) / 0.2, 0, 1))
    return Measured(width if width >= SHARP else 0.0, confidence)


def spectrum(planes: Planes) -> Values:
    """Return the mean power in each of `BANDS` of the busiest squares, per pixel: white noise has its variance."""
    squares = _busiest(planes)
    line = np.hanning(SIDE + 2)[1:-1].astype(np.float32)
    window = np.outer(line, line)
    means = (squares * window).sum((1, 2), keepdims=True) / window.sum()
    power = np.abs(np.fft.rfft2((squares - means) * window)) ** 2 / (window**2).sum()
    radius = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    ring, mean = np.rint(radius * SIDE), power.mean(0)
    return np.array([mean[ring == round(band * SIDE)].mean() for band in BANDS], np.float64)


def _busiest(planes: Planes) -> Planes:
    frames, height, width = planes.shape[0], planes.shape[1] // SIDE, planes.shape[2] // SIDE
    whole = planes[:, : height * SIDE, : width * SIDE].reshape(frames, height, SIDE, width, SIDE)
    squares = whole.transpose(0, 1, 3, 2, 4).reshape(-1, SIDE, SIDE)
    count = min(max(round(BUSIEST * len(squares)), 1), MOST)
    chosen: Planes = squares[np.argsort(-squares.std((1, 2)), kind="stable")[:count]]
    return chosen


def _rounding(compression: float) -> float:
    """Return the power that rounding to the steps of H.264's quantiser has at all frequencies; luma is in 219 steps."""
    step = 0.625 * 2 ** ((compression + DEEPER) / 6) * 255 / 219
    return step**2 / 12 if compression else 0.0


def _seen(power: Values, floor: float, hidden: float) -> int:
    """Return how many bands, from the lowest on, show more of the picture than of anything else."""
    signal = power - floor
    lost = np.flatnonzero((signal <= floor) | (signal <= hidden))
    return int(lost[0]) if len(lost) else len(power)


def _bend(power: Values, floor: float) -> float:
    """Return sigma squared of ``log power = level - exponent log f - (2 pi sigma f)^2`` by weighted least squares."""
    bands, signal = BANDS[: len(power)], power - floor
    weights = (signal / power) ** 2 * np.sqrt(bands)
    parts = np.stack([np.ones_like(bands), -np.log(bands), -((2 * np.pi * bands) ** 2)], axis=1)
    weighed = parts.T * weights
    believed = np.array([0.0, TRUST, 0.0])
    matrix = weighed @ parts + np.diag(believed)
    return float(np.linalg.solve(matrix, weighed @ np.log(signal) + believed * USUAL_POWER)[2])
