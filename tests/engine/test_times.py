from fractions import Fraction

import numpy as np
import pytest

from stvsr.engine.times import MICROSECOND, common_tick, on_ticks, pack_times, unpack_times
from stvsr.errors import StvsrError

NTSC = Fraction(1001, 30000)
JITTER = np.random.default_rng(1).integers(1, 90, 500).cumsum()

PROGRESSIONS = {
    "one frame": [Fraction(7, 3)],
    "two frames": [Fraction(0), Fraction(1, 24)],
    "constant": [Fraction(1, 2) + i * NTSC for i in range(1000)],
    "negative start": [Fraction(-1, 10) + i * NTSC for i in range(5)],
    "constant, rounded to milliseconds": [Fraction(round(i * NTSC * 1000), 1000) for i in range(10_000)],
    "variable": [Fraction(int(t), 90_000) for t in JITTER],
}


@pytest.mark.parametrize("times", PROGRESSIONS.values(), ids=PROGRESSIONS.keys())
def test_times_come_back_exactly(times):
    assert unpack_times(pack_times(times), len(times)) == times


def test_a_constant_rate_takes_no_room_and_a_rounded_one_little():
    assert set(pack_times(PROGRESSIONS["constant"])) == {"start", "step"}
    assert len(pack_times(PROGRESSIONS["constant, rounded to milliseconds"])["deltas"]) < 1000


@pytest.mark.parametrize(
    "damage",
    [
        {"unit": "0"},
        {"start": 5},
        {"start": "1e30"},
        {"start": "9" * 11},
        {"deltas": "AAAA"},
        {"deltas": "not base64!"},
        {"deltas": ""},
        {"unit": "x"},
        {"start": "1/0"},
    ],
    ids=str,
)
def test_damaged_times_are_noticed(damage):
    packed = pack_times(PROGRESSIONS["variable"]) | damage
    with pytest.raises((ValueError, ZeroDivisionError)):
        unpack_times(packed, 500)


@pytest.mark.parametrize("step", ["0", "-1/25", "1e-3"])
def test_a_constant_rate_must_go_forward(step):
    with pytest.raises(ValueError, match=r"increase|fraction"):
        unpack_times({"start": "0", "step": step}, 2)


def test_times_that_fall_on_one_tick_are_refused():
    with pytest.raises(StvsrError, match="give the original a constant rate"):
        on_ticks([Fraction(0), Fraction(1, 10**23)], MICROSECOND)


def test_times_of_another_number_of_frames_are_noticed():
    with pytest.raises(ValueError, match="not of 501"):
        unpack_times(pack_times(PROGRESSIONS["variable"]), 501)


@pytest.mark.parametrize("times", PROGRESSIONS.values(), ids=PROGRESSIONS.keys())
def test_every_time_is_a_whole_number_of_common_ticks(times):
    tick = common_tick(times)
    assert 0 < tick <= Fraction(1, 1000)
    assert on_ticks(times, tick) == times


def test_times_too_odd_for_a_container_are_rounded_to_microseconds_and_still_increase():
    odd = [Fraction(0), Fraction(1, 65_537), Fraction(1, 30_011), Fraction(1, 3)]
    tick = common_tick(odd)
    rounded = on_ticks(odd, tick)
    assert tick == MICROSECOND
    assert all(abs(a - b) <= tick / 2 for a, b in zip(odd, rounded, strict=True))
