"""Laws of the estimates from frames: they find what was put in, and say so when they cannot."""

from __future__ import annotations

import numpy as np
import pytest

from stvsr.physics.estimation import BANDS, UNKNOWN, blur, luma, noise, spectrum
from tests.helpers.footage import flat_and_busy, footage, texture


@pytest.mark.parametrize("truth", [0, 2, 5, 10, 20])
def test_noise_comes_out_within_one_code(truth):
    found = noise(footage(flat_and_busy(), noise=truth))
    assert found.value == pytest.approx(truth, abs=1)


def test_detail_is_hardly_taken_for_noise():
    assert noise(footage(texture())).value < 1


def test_a_picture_of_nothing_but_even_detail_is_not_trusted():
    assert noise(footage(texture(blur=0.8, even=True))).confidence < 0.2


def test_noise_in_the_midst_of_detail_is_found_within_one_and_a_half_codes():
    values = [noise(footage(texture(), noise=truth)).value for truth in (0, 5, 10, 20)]
    assert values == pytest.approx([0, 5, 10, 20], abs=1.5)
    assert values == sorted(values)


def test_noise_that_is_cut_off_in_black_is_measured_elsewhere():
    picture = flat_and_busy()
    picture[:100, 112:] = 0
    assert noise(footage(picture, noise=8)).value == pytest.approx(8, abs=1)


def test_the_flatter_the_picture_the_surer_the_noise():
    flat, busy = (noise(footage(picture, noise=2)) for picture in (np.full((160, 224), 90.0), texture(even=True)))
    assert flat.confidence > 0.9 > busy.confidence


def test_white_noise_has_its_variance_at_all_frequencies():
    frames = footage(np.full((160, 224), 128.0), noise=10)
    expected = luma(frames).var()
    assert np.abs(spectrum(luma(frames)) / expected - 1).max() < 0.3


def test_the_spectrum_falls_by_the_power_that_a_texture_has():
    power = spectrum(texture(320, 320, even=True)[None].astype(np.float32))
    slope = np.polyfit(np.log(BANDS), np.log(power), 1)[0]
    assert slope == pytest.approx(-2.6, abs=0.3)


@pytest.mark.parametrize("truth", [0.6, 0.8, 1.0, 1.2])
def test_a_blur_comes_out_within_a_sixth_of_a_pixel(truth):
    found = blur(footage(texture(blur=truth)))
    assert found.value == pytest.approx(truth, abs=0.17)
    assert found.confidence > 0.5


def test_a_sharp_picture_is_called_so():
    found = blur(footage(texture()))
    assert found.value == 0
    assert found.confidence == 1


@pytest.mark.parametrize("truth", [0.0, 0.8])
def test_a_blur_behind_known_noise_comes_out_within_a_fifth_of_a_pixel(truth):
    frames = footage(texture(blur=truth), noise=5)
    assert blur(frames, noise=5).value == pytest.approx(truth, abs=0.2)


def test_noise_that_nobody_tells_of_hides_a_blur():
    frames = footage(texture(blur=1.0), noise=5)
    assert blur(frames).value < blur(frames, noise=5).value - 0.2


def test_behind_noise_or_compression_that_hides_everything_the_blur_is_unknown():
    frames = footage(texture(blur=0.8), noise=60)
    assert blur(frames, noise=60) == UNKNOWN
    assert blur(footage(texture(blur=0.8)), compression=48) == UNKNOWN


@pytest.mark.parametrize("size", [(1, 1), (2, 37), (31, 31), (33, 40)])
def test_small_pictures_are_no_mistake(size):
    frames = np.full((1, *size, 3), 7, np.uint8)
    assert noise(frames).value == 0
    assert blur(frames).value == 0


def test_black_pictures_tell_nothing_of_their_blur():
    assert blur(np.zeros((2, 64, 64, 3), np.uint8)) == UNKNOWN


def test_a_strong_blur_is_told_from_few_frequencies_where_no_quantiser_hides_the_others():
    frames = footage(texture(blur=2.0))
    assert blur(frames).value == pytest.approx(2, abs=0.3)
    assert blur(frames, compression=36) == UNKNOWN
