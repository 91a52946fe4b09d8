import numpy as np
import pytest
import torch
from PIL import Image

from stvsr.data.synthetic import textures


@pytest.mark.parametrize("draw", sorted(set(textures.DRAWINGS), key=lambda draw: draw.__name__))
@pytest.mark.parametrize("size", [96, 135])
def test_a_drawing_is_a_picture_of_the_asked_size_that_the_seed_decides(draw, size):
    picture = draw(np.random.default_rng(3), size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.float32
    assert 0 <= picture.min() < picture.max() <= 1
    assert np.array_equal(picture, draw(np.random.default_rng(3), size))
    assert not np.array_equal(picture, draw(np.random.default_rng(4), size))


def test_a_texture_is_twice_as_fine_as_the_screen_and_within_range():
    texture = textures.texture(np.random.default_rng(0), 45)
    assert texture.shape == (1, 3, 90, 90)
    assert 0 <= float(texture.min()) < float(texture.max()) <= 1


@pytest.mark.parametrize("seed", range(4))
def test_a_texture_holds_no_detail_finer_than_a_screen_pixel(seed):
    spectrum = torch.fft.fft2(textures.texture(np.random.default_rng(seed), 64)[0])
    frequency = torch.fft.fftfreq(128).abs()
    fine = (frequency[:, None] > 0.3) | (frequency[None] > 0.3)
    power = spectrum.abs().square().sum(dim=0)
    power[0, 0] = 0
    assert power[fine].sum() < 0.02 * power.sum()


def test_a_still_is_cut_out_of_the_photograph(tmp_path):
    photo = np.zeros((40, 60, 3), np.uint8)
    photo[..., 0], photo[..., 1] = np.arange(60), np.arange(40)[:, None]
    Image.fromarray(photo).save(tmp_path / "photo.png")
    cut = textures.still(np.random.default_rng(0), tmp_path / "photo.png") * 255
    assert cut.shape[0] == cut.shape[1]
    assert 20 <= cut.shape[0] <= 40
    assert np.allclose(np.diff(cut[..., 0], axis=1), 1)
    assert np.allclose(np.diff(cut[..., 1], axis=0), 1)
