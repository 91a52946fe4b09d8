"""Pictures whose stamps are missing, doubled or wrong are where their neighbours say."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from stvsr.video import VideoReader, scan_times
from stvsr.video.stamps import settle
from tests.helpers.broken import restamped
from tests.helpers.flashes import write

FRAME = Fraction(1, 25)
EVEN = [Fraction(5) + index * FRAME for index in range(30)]
WRONG_RATE = Fraction(1, 10)


def holed(*missing: int) -> list[Fraction | None]:
    return [None if number in missing else time for number, time in enumerate(EVEN)]


@pytest.mark.parametrize("missing", [(7,), (0,), (29,), (0, 1, 2), (27, 28, 29), tuple(range(1, 29)), (3, 5, 9, 11)])
def test_missing_stamps_follow_from_the_others_whatever_the_header_says(missing) -> None:
    assert settle(holed(*missing), FRAME) == EVEN
    if len(missing) < 28:
        assert settle(holed(*missing), WRONG_RATE) == EVEN


def test_without_any_stamp_the_header_counts() -> None:
    assert settle([None] * 4, FRAME) == [index * FRAME for index in range(4)]


@pytest.mark.parametrize("place", [1, 8, 27])
@pytest.mark.parametrize("other", [-1, 1])
def test_a_doubled_stamp_is_one_that_is_missing(place: int, other: int) -> None:
    stamps = list(EVEN)
    stamps[place] = EVEN[place + other]
    assert settle(stamps, FRAME) == EVEN


@pytest.mark.parametrize("wrong", [Fraction(0), Fraction(500), EVEN[3], EVEN[25]])
def test_a_stamp_against_the_order_is_none(wrong: Fraction) -> None:
    stamps = list(EVEN)
    stamps[12] = wrong
    assert settle(stamps, FRAME) == EVEN


def test_a_picture_without_a_stamp_before_a_pause_follows_its_predecessor() -> None:
    stamps = [Fraction(0), Fraction(1), None, Fraction(9), Fraction(10)]
    assert settle(stamps, Fraction(1)) == [0, 1, 2, 9, 10]


@pytest.mark.parametrize("seed", range(100))
def test_times_always_increase(seed: int) -> None:
    generator = np.random.default_rng(seed)
    drawn = generator.integers(-9, 30, generator.integers(0, 40))
    stamps = [None if value < -4 else Fraction(int(value), 7) for value in drawn]
    times = settle(stamps, FRAME)
    assert len(times) == len(stamps)
    assert all(early < late for early, late in pairwise(times))


@pytest.mark.parametrize(
    "odd",
    [
        lambda number: number % 12 != 0,
        lambda number: number == 17,
        lambda number: number < 5,
        lambda number: number > 44,
    ],
)
@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_missing_stamps_in_a_transport_stream_move_nothing(tmp_path, codec: str, odd) -> None:
    options = {"x265-params": "log-level=error"} if codec == "libx265" else {}
    whole = write(tmp_path / "whole.ts", "aac", video=codec, count=50, options=options, size=(64, 64))
    holes = restamped(
        whole,
        tmp_path / "holes.ts",
        lambda kind, number, *both: (None, None) if kind == "video" and odd(number) else both,
    )
    expected = scan_times(whole)
    times = scan_times(holes)
    assert [time - times[0] for time in times] == [time - expected[0] for time in expected]
    with VideoReader(holes) as reader:
        assert [frame.time for frame in reader] == times


def test_doubled_stamps_in_a_transport_stream_move_nothing(tmp_path) -> None:
    whole = write(tmp_path / "whole.ts", "aac", count=50, options={"preset": "medium"})
    seen: list[tuple[int, int]] = []

    def doubled(kind, number, *both):
        if kind == "video":
            seen.append(both)
            return seen[-2] if number % 10 == 7 else both
        return both

    times, expected = scan_times(restamped(whole, tmp_path / "twice.ts", doubled)), scan_times(whole)
    assert len(times) == 50
    assert max(abs(one - two) for one, two in zip(times, expected, strict=True)) <= 3 * FRAME
    assert times[-1] == expected[-1]
