"""The times of pictures from stamps that may be missing, doubled or wrong.

The decoder's order is known, whatever the stamps say: a picture without one follows its predecessor, those before the
first stamp are counted back from it, and a stamp that contradicts the order is none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median_low


def settle(
    stamps: Sequence[Fraction | None], period: Fraction, snap: Callable[[Fraction, Fraction], Fraction] | None = None
) -> list[Fraction]:
    """Return the strictly increasing times of frames.

    Args:
        stamps: In the order in which they are shown, in seconds.
        period: For how long a frame stays by the file's header, in seconds.
        snap: Makes an exact time of a stamp, given the first one.
    """
    anchors = _anchors(stamps)
    if not anchors:
        return [number * period for number in range(len(stamps))]
    known = [stamp for number in anchors if (stamp := stamps[number]) is not None]
    if len(known) < len(stamps):
        period = _usual(anchors, known) or period
    if snap is not None:
        known = _snapped(known, snap)
    first = anchors[0]
    times = [known[0] - (first - number) * period for number in range(first)]
    for (number, time), (following, until) in pairwise(zip(anchors, known, strict=True)):
        times += _between(time, until, following - number, period)
    return times + [known[-1] + number * period for number in range(len(stamps) - anchors[-1])]


def _between(time: Fraction, until: Fraction, count: int, period: Fraction) -> list[Fraction]:
    """Return ``count`` times from ``time`` on, one period apart if they end about ``until`` or before."""
    room = until - time
    follows = room > (count + Fraction(1, 2)) * period
    return [time + number * (period if follows else room / count) for number in range(count)]


def _usual(anchors: Sequence[int], known: Sequence[Fraction]) -> Fraction | None:
    stays = [(late - early) / (b - a) for (a, early), (b, late) in pairwise(zip(anchors, known, strict=True))]
    return median_low(stays) if stays else None


def _snapped(known: Sequence[Fraction], snap: Callable[[Fraction, Fraction], Fraction]) -> list[Fraction]:
    exact = [snap(time, known[0]) for time in known]
    increasing = all(early < late for early, late in pairwise(exact))
    return exact if increasing else list(known)


def _anchors(stamps: Sequence[Fraction | None]) -> list[int]:
    """Return the numbers of the most frames whose stamps increase; of equal ones, that which fits its neighbours."""
    numbers = [number for number, stamp in enumerate(stamps) if stamp is not None]
    known = [stamp for stamp in stamps if stamp is not None]
    if all(early < late for early, late in pairwise(known)):
        return numbers
    kept = _longest(known)
    for place, at in enumerate(kept):
        twins = [other for other in (at - 1, at + 1) if 0 <= other < len(known) and known[other] == known[at]]
        if twins:
            # The frame that is left out lies on the side where there is room for it.
            earlier, later = sorted([at, twins[0]])
            kept[place] = later if _gap(known, kept, place) > _gap(known, kept, place + 1) else earlier
    return [numbers[at] for at in kept]


def _gap(known: Sequence[Fraction], kept: Sequence[int], place: int) -> Fraction:
    """Return how much earlier the kept stamp before ``place`` is; at the ends, what its neighbours are apart."""
    place = min(max(place, 1), len(kept) - 1)
    return known[kept[place]] - known[kept[place - 1]] if len(kept) > 1 else Fraction(0)


def _longest(known: Sequence[Fraction]) -> list[int]:
    """Return the places of the longest strictly increasing subsequence."""
    tails: list[Fraction] = []
    ends: list[int] = []
    before: list[int] = []
    for number, stamp in enumerate(known):
        place = bisect_left(tails, stamp)
        before.append(ends[place - 1] if place else -1)
        tails[place : place + 1], ends[place : place + 1] = [stamp], [number]
    found, number = [], ends[-1]
    while number >= 0:
        found.append(number)
        number = before[number]
    return found[::-1]
