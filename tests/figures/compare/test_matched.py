from fractions import Fraction

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.figures.compare.matched import Lineup


def _shown(lineup, **window):
    return [tuple(int(frame[0, 0, 0]) // 10 for frame in moment.frames) for moment in lineup.moments(**window)]


def test_frames_are_matched_by_the_time_on_the_screen_not_by_number(film, numbered):
    truth, half = film("truth.mkv", numbered(6)), film("half.mkv", numbered(3), rate=12)
    lineup = Lineup([half], truth)
    assert _shown(lineup) == [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 2)]
    assert _shown(lineup, first=3, count=2) == [(3, 1), (4, 2)]


def test_without_a_truth_the_frames_are_those_of_the_highest_rate(film, numbered):
    lineup = Lineup([film("slow.mkv", numbered(2), rate=12), film("fast.mkv", numbered(4))])
    assert _shown(lineup) == [(0, 0), (0, 1), (1, 2), (1, 3)]
    assert lineup.names == ["slow", "fast"]
    assert lineup.rate == 24


def test_a_variable_rate_and_a_late_start_do_not_shift_anything(film, numbered):
    times = [Fraction(1, 2) + Fraction(n, 24) for n in (0, 3, 4)]
    lineup = Lineup([film("late.mkv", numbered(3), times=times)], film("truth.mkv", numbered(6)))
    assert [late for _, late in _shown(lineup)] == [0, 0, 0, 1, 2, 2]
    assert [moment.time for moment in lineup.moments(2, 2)] == [Fraction(2, 24), Fraction(3, 24)]


def test_a_small_video_of_rounded_up_size_is_shown_block_by_block(film):
    low = np.random.default_rng(0).integers(0, 256, (1, 6, 8, 3), np.uint8)
    lineup = Lineup([film("low.mkv", low)], film("truth.mkv", np.zeros((1, 22, 31, 3), np.uint8)))
    (moment,) = lineup.moments()
    assert np.array_equal(moment.frames[1], low[0].repeat(4, axis=0).repeat(4, axis=1)[:22, :31])
    assert lineup.native == [True, False]
    assert lineup.facts[1].startswith("8x6, ")


def test_another_factor_is_interpolated(film, numbered):
    lineup = Lineup([film("low.mkv", numbered(2, 16, 24))], film("truth.mkv", numbered(2, 24, 36)))
    assert [moment.frames[1].shape for moment in lineup.moments()] == [(24, 36, 3)] * 2
    assert _shown(lineup) == [(0, 0), (1, 1)]


def test_what_cannot_be_compared_is_refused(film, numbered):
    one, wide = film("one.mkv", numbered(2)), film("wide.mkv", numbered(2, 24, 60))
    for paths, options, message in [
        ([one], {}, "two videos"),
        ([wide], {"truth": one}, "larger than the reference"),
        ([film("odd.mkv", numbered(2, 23, 20))], {"truth": wide}, "another shape"),
        ([one, one], {"names": ["a"]}, "1 names for 2"),
    ]:
        with pytest.raises(StvsrError, match=message):
            Lineup(paths, **options)
