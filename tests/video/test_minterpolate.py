from fractions import Fraction

import numpy as np
import pytest

from stvsr.video.minterpolate import minterpolate


def sliding(instant, size=(37, 61), speed=2.0):
    """A smooth texture that moves to the right, sampled at any instant."""
    y, x = np.mgrid[: size[0], : size[1]]
    x = x - speed * float(instant)
    waves = [np.sin(x / 5 + y / 7 + k) + np.cos(x / 11 - y / 4 + 2 * k) for k in range(3)]
    return np.rint(127 + 55 * np.stack(waves, axis=-1)).astype(np.uint8)


@pytest.mark.parametrize(("step", "centre"), [(5, "2"), (2, "1/2"), (4, "3/2"), (3, "0"), (1, "0"), (5, "13/10")])
def test_frames_fall_on_their_instants(step, centre):
    centre = Fraction(centre)
    made = list(minterpolate((sliding(step * i + centre) for i in range(6)), step, centre))
    assert len(made) == 6 * step
    inside = (slice(8, -8), slice(16, -16))
    for instant in range(2 * step, 4 * step):  # away from the ends, where the clip stands still
        errors = {
            shift: np.abs(made[instant][inside].astype(float) - sliding(instant + shift)[inside]).mean()
            for shift in (-1, 0, 1)
        }
        assert min(errors, key=errors.get) == 0, (instant, errors)  # FFmpeg moves blocks by whole pixels only


def test_a_frame_at_a_whole_instant_comes_back_exactly():
    random = np.random.default_rng(0)
    frames = [random.integers(0, 256, (9, 14, 3), np.uint8) for _ in range(3)]
    made = list(minterpolate(frames, 4, Fraction(1)))
    assert all(np.array_equal(made[4 * i + 1], frame) for i, frame in enumerate(frames))


def test_the_clip_stands_still_beyond_its_ends():
    made = list(minterpolate((sliding(5 * i + 2) for i in range(3)), 5, Fraction(2)))
    assert np.array_equal(made[0], made[2])
    assert np.array_equal(made[14], made[12])
    assert not np.array_equal(made[7], made[9])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_short_clips_are_whole(count):
    made = list(minterpolate([sliding(i, (1, 2)) for i in range(count)], 3, Fraction(1)))
    assert [frame.shape for frame in made] == [(1, 2, 3)] * 3 * count
