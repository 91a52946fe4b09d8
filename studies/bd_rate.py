"""The Bjøntegaard delta rate: how many more bits one codec needs than another for the same quality.

The logarithm of the rate is taken as a function of quality, the two functions are averaged over the qualities that both
curves reach, and the difference of these averages is a ratio of rates (G. Bjøntegaard, VCEG-M33, 2001). Between its
points each curve is a piecewise cubic that is monotone where they are (F. N. Fritsch and J. Butland, SIAM J. Sci. Stat.
Comput. 5, 1984), as in the common test conditions of today's codecs; its integral is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

FEWEST = 2
LEAST_OVERLAP = 0.05
"""Of the anchor's range of qualities; the ends of two curves say nothing of the rest."""
Point = tuple[float, float]
"""Rate (any unit, above 0) and quality (more is better)."""


class Curve:
    """The logarithm of the rate as a function of quality.

    Points that need more bits for no more quality than another one are left out: no one would choose them.

    Args:
        points: In any order.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        kept: list[Point] = []
        for rate, quality in sorted(points, key=lambda point: (point[0], -point[1])):
            if not kept or quality > kept[-1][1]:
                kept.append((rate, quality))
        self.qualities = [quality for _, quality in kept]
        self.logarithms = [math.log(rate) for rate, _ in kept]
        self._slopes = _slopes(self.qualities, self.logarithms)

    @property
    def range(self) -> Point:
        """The least and the greatest quality; the same if there is only one point."""
        return (self.qualities[0], self.qualities[-1])

    def log_rate(self, quality: float) -> float | None:
        """Return the natural logarithm of the rate for a quality, None where the curve does not reach."""
        low, high = self.range
        if not low <= quality <= high:
            return None
        i = self._piece(quality)
        return _cubic(*self._ends(i), quality - self.qualities[i])

    def integral(self, start: float, stop: float) -> float:
        """Return the integral of `log_rate` from one quality to another, both within `range`."""
        total = 0.0
        for i in range(len(self.qualities) - 1):
            left, right = max(start, self.qualities[i]), min(stop, self.qualities[i + 1])
            if left < right:
                # Simpson's rule is exact for a cubic.
                points = (left, (left + right) / 2, right)
                values = [_cubic(*self._ends(i), point - self.qualities[i]) for point in points]
                total += (right - left) / 6 * (values[0] + 4 * values[1] + values[2])
        return total

    def _piece(self, quality: float) -> int:
        return max(i for i in range(max(len(self.qualities) - 1, 1)) if self.qualities[i] <= quality)

    def _ends(self, i: int) -> tuple[float, float, float, float, float]:
        if len(self.qualities) == 1:
            return (1.0, self.logarithms[0], self.logarithms[0], 0.0, 0.0)
        width = self.qualities[i + 1] - self.qualities[i]
        return (width, self.logarithms[i], self.logarithms[i + 1], self._slopes[i], self._slopes[i + 1])


@dataclass(frozen=True)
class Delta:
    """The outcome of a comparison.

    Attributes:
        rate: Mean difference of rate in per cent, negative where fewer bits are needed; None where hardly a quality is
            reached by both (`LEAST_OVERLAP`).
        overlap: Share of the anchor's range of qualities that both reach.
    """

    rate: float | None
    overlap: float


def bd_rate(anchor: Sequence[Point], tested: Sequence[Point]) -> Delta:
    """Return the Bjøntegaard delta rate of one curve against another; see the module."""
    first, second = Curve(anchor), Curve(tested)
    low, high = max(first.range[0], second.range[0]), min(first.range[1], second.range[1])
    if low >= high or min(len(first.qualities), len(second.qualities)) < FEWEST:
        return Delta(None, 0.0)
    mean = (second.integral(low, high) - first.integral(low, high)) / (high - low)
    overlap = (high - low) / (first.range[1] - first.range[0])
    return Delta(100 * math.expm1(mean) if overlap >= LEAST_OVERLAP else None, overlap)


def saving(anchor: Sequence[Point], point: Point) -> float | None:
    """Return by how many per cent a point's rate differs from the anchor's at its quality; None beyond the anchor."""
    logarithm = Curve(anchor).log_rate(point[1])
    return None if logarithm is None else 100 * math.expm1(math.log(point[0]) - logarithm)


def cheaper(anchor: Sequence[Point], tested: Sequence[Point], steps: int = 400) -> list[Point]:
    """Return the ranges of the anchor's rates within which the tested curve needs fewer bits for the same quality.

    Only qualities that both reach count; a range that ends where these do may go on beyond.
    """
    first, second = Curve(anchor), Curve(tested)
    low, high = max(first.range[0], second.range[0]), min(first.range[1], second.range[1])
    if low >= high:
        return []
    ranges: list[Point] = []
    open_ = False
    for i in range(steps + 1):
        quality = min(low + (high - low) * i / steps, high)
        ours, theirs = second.log_rate(quality), first.log_rate(quality)
        assert ours is not None
        assert theirs is not None
        if ours < theirs - 1e-9:
            start = ranges.pop()[0] if open_ else math.exp(theirs)
            ranges.append((start, math.exp(theirs)))
        open_ = ours < theirs - 1e-9
    return ranges


def _cubic(width: float, start: float, end: float, first: float, last: float, offset: float) -> float:
    """Evaluate Hermite's cubic over a piece: its values and slopes at both ends, ``offset`` from the left one."""
    t = offset / width
    square, cube = t * t, t * t * t
    values = start * (2 * cube - 3 * square + 1) + end * (3 * square - 2 * cube)
    return values + width * (first * (cube - 2 * square + t) + last * (cube - square))


def _slopes(x: Sequence[float], y: Sequence[float]) -> list[float]:
    """Return the slopes at the points: inside, a weighted harmonic mean of those beside; at the ends, of the piece."""
    if len(x) < FEWEST:
        return [0.0] * len(x)
    widths = [b - a for a, b in pairwise(x)]
    secants = [(b - a) / width for (a, b), width in zip(pairwise(y), widths, strict=True)]
    inside = []
    for i in range(1, len(x) - 1):
        left, right = secants[i - 1], secants[i]
        weights = (widths[i - 1] + 2 * widths[i], 2 * widths[i - 1] + widths[i])
        flat = left * right <= 0
        inside.append(0.0 if flat else sum(weights) / (weights[0] / left + weights[1] / right))
    return [secants[0], *inside, secants[-1]]
