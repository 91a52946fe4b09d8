"""Which instants the frames of another rate are, in a video whose frames were divided into finer ones.

source frames    |           |           |           |        may be shown for different times
made, factor 3   |   |   |   |   |   |   |   |   |            0, 1, 2, ...: `SamplePosition.number`
due              |        |        |        |        |        regular; between two made ones: `SamplePosition.share`
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median

from stvsr.engine.retiming import SamplePosition
from stvsr.engine.windows import Shot, find_shots
from stvsr.errors import StvsrError

USUAL_FACTOR = 8
"""Finer frames per source frame that are made where not every frame that is due would be one of them anyway.

Two of them are mixed by their distances, which puts what moves where it belongs, exactly, as taking the nearer one
would not; it is smeared over its way of 1/8 of a frame at most, less than most cameras' shutters do.
"""
LARGEST_FACTOR = 16


def regular_times(start: Fraction, end: Fraction, rate: Fraction) -> list[Fraction]:
    """Return the times of a constant rate from ``start`` on, in seconds.

    The last one is shown until ``end``, for half a period to one and a half.
    """
    count = max(math.floor((end - start) * rate + Fraction(1, 2)), 1)
    return [start + k / rate for k in range(count)]


def constant_duration(pts: Sequence[Fraction]) -> Fraction | None:
    """Return the duration of every frame but the last, None where that varies or there is but one frame."""
    durations = {later - earlier for earlier, later in pairwise(pts)}
    return durations.pop() if len(durations) == 1 else None


def source_rate(pts: Sequence[Fraction], nominal: Fraction) -> Fraction:
    """Return frames a second of a video: exactly where it is constant, else the nominal one."""
    duration = constant_duration(pts)
    return 1 / duration if duration else nominal


def fitting_factor(pts: Sequence[Fraction], end: Fraction, times: Iterable[Fraction]) -> int:
    """Return how many finer frames to make of each source frame.

    As few as have every time that is due among them; where they would be more than `USUAL_FACTOR`, so many.

    Args:
        pts: When the source frames are shown, in seconds, increasing.
        end: When the last one stops being shown.
        times: When frames are due, from the first one's time to the end.

    Raises:
        StvsrError: If more than `LARGEST_FACTOR` would be due in an ordinary source frame.
    """
    least, times = 1, list(times)
    for time in times:
        _, place = _place(pts, end, time)
        least = math.lcm(least, place.denominator)
        if least > USUAL_FACTOR:
            break
    else:
        return least
    due = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else Fraction(1)
    durations = [later - earlier for earlier, later in pairwise([*pts, end])]
    needed = math.ceil(median(durations) / due)
    if needed > LARGEST_FACTOR:
        raise StvsrError(f"the new rate is {needed} times the old one: choose one of at most {LARGEST_FACTOR} times")
    return max(USUAL_FACTOR, needed)


def find_positions(
    pts: Sequence[Fraction], end: Fraction, times: Iterable[Fraction], factor: int, cuts: Iterable[int] = ()
) -> list[SamplePosition]:
    """Return where frames are due among ``factor`` finer frames for each source frame.

    Between the last finer frame of a shot and the cut nothing is known, and it is that last one.

    Args:
        pts: When the source frames are shown, in seconds, increasing.
        end: When the last one stops being shown.
        times: When frames are due, increasing, from the first one's time on.
        factor: Finer frames per source frame.
        cuts: Numbers of the source frames that begin a new shot.
    """
    starts = {*cuts, len(pts)}
    found = []
    for time in times:
        index, place = _place(pts, end, time)
        within = math.floor(place * factor)
        share = place * factor - within
        if within == factor - 1 and index + 1 in starts:
            share = Fraction(0)
        found.append(SamplePosition(index * factor + within, share))
    return found


def divide_shots(length: int, cuts: Iterable[int], positions: Sequence[SamplePosition], factor: int) -> list[Shot]:
    """Return the shots of a video of ``length`` source frames, and how many frames are due in each."""

    def due(frame: int) -> int:
        return bisect_left(positions, frame * factor, key=lambda position: position.number)

    shots = find_shots(length, cuts, lambda frames: frames)
    return [Shot(shot.start, shot.stop, due(shot.stop) - due(shot.start)) for shot in shots]


def _place(pts: Sequence[Fraction], end: Fraction, time: Fraction) -> tuple[int, Fraction]:
    """Return the source frame that is shown at a time, and for which share of its duration it has been."""
    index = bisect_right(pts, time) - 1
    stop = pts[index + 1] if index + 1 < len(pts) else end
    return index, (time - pts[index]) / (stop - pts[index])
