from fractions import Fraction

import numpy as np
import pytest

from stvsr.restoration.times import pack_times, unpack_times

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
    [{"deltas": "AAAA"}, {"deltas": "not base64!"}, {"deltas": ""}, {"unit": "x"}, {"start": "1/0"}],
    ids=str,
)
def test_damaged_times_are_noticed(damage):
    packed = pack_times(PROGRESSIONS["variable"]) | damage
    with pytest.raises((ValueError, ZeroDivisionError)):
        unpack_times(packed, 500)


def test_times_of_another_number_of_frames_are_noticed():
    with pytest.raises(ValueError, match="not of 501"):
        unpack_times(pack_times(PROGRESSIONS["variable"]), 501)
