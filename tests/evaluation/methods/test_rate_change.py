from fractions import Fraction

import numpy as np
import pytest
import torch

from stvsr.evaluation.methods.motion import RateChange, Retimed, rate_changes
from stvsr.models.contract import ConditionalModel

RATES = (6, 5)


def sliding(instant):
    y, x = np.mgrid[:40, :64]
    x = x - 0.5 * float(instant)
    waves = [np.sin(x / 9 + y / 7 + k) + np.cos(x / 11 - y / 8 + 2 * k) for k in range(3)]
    return np.rint(127 + 55 * np.stack(waves, axis=-1)).astype(np.uint8)


def grey(level):
    return np.full((4, 5, 3), level, np.uint8)


def test_blending_mixes_the_two_frames_around_an_instant():
    made = list(RateChange(RATES, "linear blend").restore(grey(60 * i) for i in range(4)))
    assert [int(frame[0, 0, 0]) for frame in made[:4]] == [0, 50, 100, 150]
    assert len(made) >= 18 // 5 + 1
    assert RateChange(RATES, "linear blend").scale.time == Fraction(6, 5)


def test_the_nearest_frame_is_dropped_or_repeated():
    made = list(RateChange(RATES, "nearest frame").restore(grey(i) for i in range(7)))
    instants = [5 * j for j in range(len(made))]
    assert [int(frame[0, 0, 0]) for frame in made] == [
        min(range(7), key=lambda i: (abs(6 * i - t), i)) for t in instants
    ]
    assert len(made) == 36 // 5 + 1
    slower = list(RateChange((4, 6), "nearest frame").restore(grey(i) for i in range(7)))
    assert [int(frame[0, 0, 0]) for frame in slower[:5]] == [0, 1, 3, 4, 6]


@pytest.mark.parametrize("method", rate_changes(RATES), ids=lambda one: one.name)
def test_frames_fall_on_their_instants(method):
    """Nearer to the right instant than to those a low frame off; and no less than what is due comes."""
    made = list(method.restore(sliding(6 * i) for i in range(6)))
    assert len(made) >= 30 // 5 + 1
    for j in range(1, 6):
        errors = {shift: np.abs(made[j].astype(float) - sliding(5 * j + shift)).mean() for shift in (-6, 0, 6)}
        assert min(errors, key=errors.get) == 0, (j, errors)


@pytest.mark.parametrize(("rates", "factor", "told"), [((6, 5), 6, 6), ((5, 2), 5, 5), ((25, 24), 8, 25)])
def test_what_retime_does_is_measured_at_the_same_instants(rates, factor, told):
    """A model that knows the truth between its frames gives the truth, or next to it where it has to mix."""
    given, due = rates

    class Knowing(ConditionalModel):
        context, bytes_per_low_pixel = (0, 0), 8192

        def bind(self, degradation, iterations=None):
            assert (degradation.time, degradation.exposure, iterations) == (factor, 1 / told, 3)
            self.degradation, self.scale = degradation, degradation.scale
            return self

        def upsample(self, low):
            instants = low[0, 0, :, 0, 0, None] * 255 + torch.arange(factor) / factor  # a frame's value is its number
            return (instants * 8 / 255).flatten()[None, None, :, None, None].expand(1, 3, -1, *low.shape[3:])

    method = Retimed(rates, Knowing(), "retime", 3)
    made = list(method.restore(grey(i) for i in range(30)))
    wanted = [8 * due * k / given for k in range(len(made))]
    assert method.scale.time == Fraction(*rates)
    assert len(made) >= 29 * given // due + 1
    last = sum(place <= 8 * 29 for place in wanted)
    assert np.abs([int(frame[0, 0, 0]) for frame in made[:last]] - np.array(wanted[:last])).max() <= 1
