import math

import pytest

from studies.bd_rate import Curve, bd_rate, cheaper, saving

ANCHOR = [(100.0, 30.0), (200.0, 33.0), (400.0, 36.0), (800.0, 39.0), (1600.0, 42.0)]


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 3.0])
def test_a_curve_of_rates_times_a_factor_differs_by_that(factor):
    found = bd_rate(ANCHOR, [(factor * rate, quality) for rate, quality in ANCHOR])
    assert found.rate == pytest.approx(100 * (factor - 1), abs=1e-9)
    assert found.overlap == 1


def test_straight_lines_give_what_is_computed_by_hand():
    """Rates double every 3 dB against every 6 dB, equal at 30 dB: the logarithms differ by ln 2 / 6 per dB.

    Over 30 .. 36 dB the mean difference is 3 dB * ln 2 / 6, so the rate is 1 / sqrt(2) on average.
    """
    slow = [(100.0 * 2 ** ((q - 30) / 6), q) for q in (28.0, 30.0, 33.0, 36.0)]
    found = bd_rate(ANCHOR[:3], slow)
    assert found.rate == pytest.approx(100 * (1 / math.sqrt(2) - 1), abs=1e-9)
    assert found.overlap == pytest.approx(1)


def test_a_cubic_between_three_points_is_integrated_as_by_hand():
    """Points (0, 0), (1, 1), (2, 4) as (quality, log rate): slopes 1, 2 / (1 / 1 + 1 / 3) = 1.5, 3.

    Hermite's integral over a piece of width 1 is the mean of its ends plus a twelfth of the difference of its slopes.
    """
    curve = Curve([(math.exp(0), 0.0), (math.exp(1), 1.0), (math.exp(4), 2.0)])
    first, second = 0.5 + (1 - 1.5) / 12, 2.5 + (1.5 - 3) / 12
    assert curve.integral(0, 1) == pytest.approx(first)
    assert curve.integral(0, 2) == pytest.approx(first + second)
    assert curve.integral(0, 0.5) + curve.integral(0.5, 2) == pytest.approx(first + second)
    assert curve.log_rate(1) == pytest.approx(1)
    assert curve.log_rate(2.01) is None


def test_only_qualities_that_both_reach_count():
    tested = [(80.0, 33.0), (320.0, 39.0), (5000.0, 50.0)]
    cut = bd_rate(ANCHOR, tested)
    assert cut.overlap == pytest.approx(9 / 12)
    assert cut.rate is not None
    assert cut.rate < -55


@pytest.mark.parametrize("tested", [[(100.0, 20.0), (200.0, 29.9)], [(100.0, 42.5), (200.0, 45.0)], [(100.0, 35.0)]])
def test_curves_that_do_not_overlap_have_no_difference(tested):
    assert bd_rate(ANCHOR, tested).rate is None
    assert bd_rate(ANCHOR, tested).overlap == 0


def test_curves_that_hardly_overlap_have_no_difference_either():
    found = bd_rate(ANCHOR, [(500.0, 41.8), (800.0, 45.0)])
    assert (found.rate, round(found.overlap, 3)) == (None, 0.017)


def test_points_that_cost_more_for_less_are_left_out():
    spoilt = [*ANCHOR, (300.0, 32.0), (900.0, 39.0)]
    assert bd_rate(ANCHOR, spoilt).rate == pytest.approx(0, abs=1e-9)


def test_the_order_of_the_points_does_not_matter():
    assert bd_rate(ANCHOR[::-1], ANCHOR).rate == pytest.approx(0, abs=1e-9)


def test_the_saving_at_a_point_is_read_at_the_same_quality():
    assert saving(ANCHOR, (150.0, 33.0)) == pytest.approx(-25)
    assert saving(ANCHOR, (150.0, 43.0)) is None


def test_where_a_curve_is_cheaper_is_told_in_rates_of_the_anchor():
    """Rates double every 3 dB for the anchor, every 1.5 dB for the other, equal at 36 dB, where the anchor has 400."""
    steep = [(400.0 * 2 ** ((q - 36) / 1.5), q) for q in (31.5, 33.0, 36.0, 39.0)]
    ((start, stop),) = cheaper(ANCHOR, steep)
    assert start == pytest.approx(100 * 2**0.5)
    assert stop == pytest.approx(400, rel=0.01)
    assert cheaper(ANCHOR, [(2 * rate, quality) for rate, quality in ANCHOR]) == []
    assert cheaper(ANCHOR, [(50.0, 10.0), (60.0, 12.0)]) == []
