import numpy as np
import pytest

from stvsr.evaluation.methods.interpolation import Interpolation
from stvsr.evaluation.methods.peers.enlargement import MARGIN, enlarged, lanczos_enlargement
from stvsr.physics.degradation import Degradation


@pytest.fixture
def frame():
    return np.random.default_rng(0).integers(0, 256, (70, 93, 3), np.uint8)


def held(factor):
    return lambda planes: planes.repeat(factor, 1).repeat(factor, 2)


def smeared(planes):
    """Averages over as many pixels as the margin, with nothing beyond the borders; then twice the size."""
    for axis in (1, 2):
        ones = np.ones(2 * MARGIN + 1, np.float64) / (2 * MARGIN + 1)
        planes = np.apply_along_axis(np.convolve, axis, planes, ones)
        planes = planes.take(range(MARGIN, planes.shape[axis] - MARGIN), axis)
    return held(2)(planes)


@pytest.mark.parametrize("tile", [7, 64, 70, 1000])
def test_tiles_cover_every_pixel_once(frame, tile):
    high = enlarged(frame, held(4), 4, tile)
    assert np.array_equal(high, frame.repeat(4, 0).repeat(4, 1))


@pytest.mark.parametrize("tile", [20, 33, 69])
def test_tiles_show_no_seam_as_long_as_a_network_reaches_no_farther_than_the_margin(frame, tile):
    assert np.array_equal(enlarged(frame, smeared, 2, tile), enlarged(frame, smeared, 2))


def test_a_network_gets_contiguous_planes_of_red_green_and_blue_and_its_answer_is_rounded_and_clipped():
    def network(planes):
        assert planes.dtype == np.float32
        assert planes.shape == (3, 2, 5)
        assert planes[:, 0, 0].tolist() == [1, 0, np.float32(51) / 255]
        return held(2)(planes) * 1.01 - 0.004

    high = enlarged(np.full((2, 5, 3), (255, 0, 51), np.uint8), network, 2)
    assert high.dtype == np.uint8
    assert high[3, 9].tolist() == [255, 0, 50]


def test_lanczos_is_that_of_the_baselines(frame):
    import torch

    low = torch.from_numpy(frame).permute(2, 0, 1)[None, :, None] / 255
    expected = (Interpolation(Degradation(space=2), "lanczos").upsample(low) * 255).round().byte()
    assert np.array_equal(lanczos_enlargement(2)(frame), expected[0, :, 0].permute(1, 2, 0).numpy())
