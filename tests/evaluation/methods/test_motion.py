from fractions import Fraction

import numpy as np
import pytest
import torch

from stvsr.evaluation.flow import search_flow
from stvsr.evaluation.methods.motion import Cascade, cascades, frames_between, warp_between
from stvsr.physics.degradation import Degradation

MOTIONS = ["minterpolate", "DIS warping", "SPyNet warping"]


def sliding(instant, size=(40, 64), speed=2.0):
    y, x = np.mgrid[: size[0], : size[1]]
    x = x - speed * float(instant)
    waves = [np.sin(x / 9 + y / 7 + k) + np.cos(x / 11 - y / 8 + 2 * k) for k in range(3)]
    return np.rint(127 + 55 * np.stack(waves, axis=-1)).astype(np.uint8)


def error(a, b):
    inside = (slice(8, -8), slice(16, -16))
    return np.abs(a[inside].astype(float) - b[inside]).mean()


class Known:
    """The true flow of `sliding`."""

    name = "known"

    def __init__(self, step):
        self.shift = {True: 2.0 * step, False: -2.0 * step}

    def __call__(self, first, second):
        later = np.abs(second.astype(float) - np.roll(first, int(self.shift[True]), 1)).mean()
        earlier = np.abs(second.astype(float) - np.roll(first, int(self.shift[False]), 1)).mean()
        flow = torch.zeros(2, *first.shape[:2])
        flow[0] = self.shift[bool(later < earlier)]
        return flow


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("step", "centre"), [(5, "2"), (2, "1/2"), (3, "0")])
def test_warped_frames_fall_on_their_instants(step, centre, known):
    centre, flow = Fraction(centre), Known(step) if known else search_flow()
    made = list(warp_between((sliding(step * i + centre) for i in range(4)), step, centre, flow))
    assert len(made) == 4 * step
    for instant in range(step, 3 * step):
        errors = {shift: error(made[instant], sliding(instant + shift)) for shift in (-0.5, 0, 0.5)}
        assert min(errors, key=errors.get) == 0, (instant, errors)
        assert errors[0] < 2
    assert np.array_equal(made[-1], sliding(3 * step + centre))
    assert np.array_equal(made[0], sliding(centre))


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_cascade_gives_every_frame_in_full_size(motion, count):
    method = Cascade(Degradation(time=4, space=2, exposure=0.9), motion)
    made = list(method.restore(sliding(4 * i, (5, 7)) for i in range(count)))
    assert [frame.shape for frame in made] == [(10, 14, 3)] * 4 * count
    assert method.name == f"{motion} + bicubic (a = -0.75)"


@pytest.mark.parametrize("motion", MOTIONS)
def test_a_sharp_frame_comes_back_as_it_is(motion):
    frames = [sliding(i) for i in range(3)]
    made = list(Cascade(Degradation(time=2, exposure=0.5), motion).restore(frames))
    assert all(np.array_equal(made[2 * i], frame) for i, frame in enumerate(frames))


def test_what_lies_between_two_frames_is_asked_for_where_it_is_due():
    asked = []

    class Noted:
        def __init__(self, first, second):
            self.pair = (int(first[0, 0, 0]), int(second[0, 0, 0]))

        def at(self, share):
            asked.append((*self.pair, share))
            return np.zeros((1, 1, 3), np.uint8)

    frames = [np.full((1, 1, 3), i, np.uint8) for i in range(3)]
    assert len(list(frames_between(frames, 2, Fraction(1, 2), Noted))) == 6
    assert asked == [(0, 1, 0.25), (0, 1, 0.75), (1, 2, 0.25), (1, 2, 0.75)]


def test_cascades_suit_what_is_to_be_undone():
    assert [one.name for one in cascades(Degradation(time=2))] == ["minterpolate", "DIS warping", "SPyNet warping"]
    assert [one.name for one in cascades(Degradation(time=2, space=2))] == [
        "minterpolate + bicubic (a = -0.75)", "minterpolate + Lanczos",
        "DIS warping + bicubic (a = -0.75)", "SPyNet warping + bicubic (a = -0.75)",
    ]  # fmt: skip
    assert cascades(Degradation(space=4)) == []


def test_a_cascade_shrinks_as_its_degradation_says():
    degradation = Degradation(time=2, space=2, exposure=0.5)
    clip = torch.rand(1, 3, 4, 12, 14)
    assert torch.equal(Cascade(degradation).reducer().downsample(clip), degradation.apply(clip))
    assert Cascade(degradation).reducer().down_context == 0
