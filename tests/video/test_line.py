"""Packets go on in order, and what has to be corrected moves nothing that follows."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import pytest

from stvsr.video.line import Line

MILLI, SAMPLE = Fraction(1, 1000), Fraction(1, 48000)


def packet(stamp: int | None, stay: int = 0, tick: Fraction = MILLI) -> av.Packet:
    made = av.Packet(b"sound")
    made.pts = made.dts = stamp
    made.duration, made.time_base = stay, tick
    return made


def through(stamps: list[int | None], stay: int = 0, *, shares: bool, tick: Fraction = MILLI) -> list[Fraction]:
    """Return when packets come out, in seconds."""
    line = Line(shares=shares)
    ready = [each for stamp in stamps for each in line.put(packet(stamp, stay), Fraction(0), tick)]
    return [each.dts * each.time_base for each in [*ready, *line.finish()]]


SHORT = [number * 1000 // 1200 for number in range(2400)]  # 1200 packets a second, in whole milliseconds


def test_equal_stamps_stay_where_the_muxer_takes_them() -> None:
    assert through(SHORT, shares=True) == [stamp * MILLI for stamp in SHORT]


def test_packets_shorter_than_a_tick_are_counted_in_finer_ones_without_drift() -> None:
    times = through(SHORT, shares=False, tick=SAMPLE)
    assert all(early < late for early, late in pairwise(times))
    assert max(abs(time - stamp * MILLI) for time, stamp in zip(times, SHORT, strict=True)) < MILLI


def test_a_doubled_stamp_of_a_long_packet_follows_its_predecessor() -> None:
    assert through([0, 0, 40, 40, 80], 20, shares=False) == [stamp * MILLI for stamp in (0, 20, 40, 60, 80)]


def test_missing_stamps_follow_their_predecessors_and_precede_their_successors() -> None:
    stamps = [None, None, 40, None, None, 100]
    expected = [stamp * MILLI for stamp in (0, 20, 40, 60, 80, 100)]
    assert through(stamps, 20, shares=False) == through(stamps, 20, shares=True) == expected
    assert through([None, None], 20, shares=False) == [0, 20 * MILLI]


@pytest.mark.parametrize("shares", [False, True])
def test_one_late_stamp_moves_only_what_it_overtakes(shares: bool) -> None:
    times = through([0, 20, 300, 60, 80, 400, 420], 20, shares=shares)
    assert times[:3] == [0, 20 * MILLI, 300 * MILLI]
    assert times[-2:] == [400 * MILLI, 420 * MILLI]


def test_what_could_be_noticed_is_told() -> None:
    line = Line(shares=True)
    for stamp in (0, 40, 30, 60):
        line.put(packet(stamp), Fraction(0), MILLI)
    assert line.moved_ms == 10
