"""The times of all frames of a video, in a few bytes: start and step, or packed differences."""

from __future__ import annotations

import base64
import math
import re
import zlib
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np

from stvsr.errors import StvsrError

LARGEST_TERM = 2**31 - 1
MILLISECOND, MICROSECOND = Fraction(1, 1000), Fraction(1, 1_000_000)


def common_tick(times: Sequence[Fraction]) -> Fraction:
    """Return a tick of at most a millisecond, in seconds, of which all times are whole multiples.

    It is short because a video that begins before zero is moved by whole ticks. Where no such tick is simple enough
    for a container it is a microsecond, to which `on_ticks` then rounds.
    """
    moments = [time for time in times if time]
    if not moments:
        return MICROSECOND
    tick = Fraction(
        math.gcd(*(time.numerator for time in moments)),
        math.lcm(*(time.denominator for time in moments)),
    )
    tick /= math.ceil(tick / MILLISECOND)
    return tick if max(tick.numerator, tick.denominator) <= LARGEST_TERM else MICROSECOND


def on_ticks(times: Sequence[Fraction], tick: Fraction) -> list[Fraction]:
    """Return the times rounded to whole ticks; unchanged where they are so already.

    Raises:
        StvsrError: If two of them fall on one tick, which no container can hold.
    """
    rounded = [round(time / tick) * tick for time in times]
    if any(earlier >= later for earlier, later in pairwise(rounded)):
        raise StvsrError(f"frames are shown less than {tick} s after each other; give the original a constant rate")
    return rounded


def fraction(text: str) -> Fraction:
    """Return the number that ``str`` wrote of a `Fraction`.

    Raises:
        ValueError: If it is anything else: powers such as ``1e999999999`` would take forever to expand.
        ZeroDivisionError: If its denominator is zero.
    """
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{1,40}(/[0-9]{1,40})?", text):
        raise ValueError("a number that is no fraction")
    return Fraction(text)


def pack_times(times: Sequence[Fraction]) -> dict[str, str]:
    """Pack strictly increasing times (seconds) into short strings that JSON can hold.

    A constant rate becomes ``start`` and ``step``. Anything else becomes ``start``, ``unit`` (the longest
    time of which all differences are multiples) and ``deltas``: these multiples, 64-bit, deflated, base64.
    """
    deltas = [later - earlier for earlier, later in pairwise(times)]
    packed = {"start": str(times[0])}
    if not deltas or min(deltas) == max(deltas):
        return packed | {"step": str(deltas[0] if deltas else 0)}
    unit = Fraction(math.gcd(*(d.numerator for d in deltas)), math.lcm(*(d.denominator for d in deltas)))
    ticks = np.array([int(delta / unit) for delta in deltas], "<i8")
    return packed | {
        "unit": str(unit),
        "deltas": base64.b64encode(zlib.compress(ticks.tobytes(), 9)).decode("ascii"),
    }


def unpack_times(packed: dict[str, str], count: int) -> list[Fraction]:
    """Return the ``count`` times that `pack_times` packed.

    Raises:
        ValueError: If ``packed`` holds no such times, or they leave the range of containers.
        KeyError: If a field is missing.
    """
    start = fraction(packed["start"])
    offsets = _offsets(packed, count)
    if max(abs(start), abs(start + offsets[-1])) > LARGEST_TERM:
        raise ValueError("frame times out of all bounds")
    return [start + offset for offset in offsets]


def _offsets(packed: dict[str, str], count: int) -> list[Fraction]:
    """Return how much later than the first each frame is shown."""
    unit = fraction(packed["step" if "step" in packed else "unit"])
    if unit <= 0 and count > 1:
        raise ValueError(f"frame times that increase by {unit}")
    if "step" in packed or count == 1:
        return [i * unit for i in range(count)]
    size = 8 * (count - 1)
    try:
        data = zlib.decompressobj().decompress(base64.b64decode(packed["deltas"], validate=True), size)
    except zlib.error as error:
        raise ValueError("frame times do not inflate") from error
    ticks = np.frombuffer(data, "<i8").tolist()
    if len(data) != size or min(ticks) <= 0:
        raise ValueError(f"frame times of {len(ticks) + 1} frames, not of {count}")
    return [unit * total for total in accumulate(ticks, initial=0)]
