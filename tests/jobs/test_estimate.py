"""Laws of an estimate: from the file alone to a degradation, the same one every time."""

from __future__ import annotations

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.jobs.estimate import Estimate, estimate
from stvsr.physics.degradation import Degradation
from stvsr.physics.estimation import UNKNOWN, Measured
from stvsr.video.encoders import encoder
from tests.helpers.clips import write
from tests.helpers.footage import flat_and_busy, footage, texture


@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_what_a_lossless_file_went_through_is_found(tmp_path, truth):
    path = write(tmp_path / "clip.mkv", footage(texture(blur=truth), 8))
    found = estimate(path)
    assert found.blur.value == pytest.approx(truth, abs=0.17)
    assert found.noise.value < 1.5
    assert found.compression.value == 0
    assert found.compression_source == "lossless"


@pytest.mark.parametrize("truth", [2, 5, 10])
def test_noise_is_found_within_one_code(tmp_path, truth):
    path = write(tmp_path / "clip.mkv", footage(flat_and_busy(), 8, noise=truth))
    assert estimate(path).noise.value == pytest.approx(truth, abs=1)


def test_noise_outlives_halved_colour_planes_and_weak_compression(tmp_path):
    path = write(tmp_path / "clip.mp4", footage(flat_and_busy(), 8, noise=8), encoder=encoder("h264", 8))
    assert estimate(path).noise.value == pytest.approx(8, abs=1.5)


def test_a_blur_behind_weak_compression_is_found_and_behind_strong_compression_unknown(tmp_path):
    frames = footage(texture(blur=1.0), 8)
    weak, strong = (estimate(write(tmp_path / f"{n}.mp4", frames, encoder=encoder("h264", n))) for n in (10, 45))
    assert weak.blur.value == pytest.approx(1.0, abs=0.25)
    assert strong.blur == UNKNOWN
    assert "unknown" in strong.words()


def test_an_estimate_is_the_same_every_time(tmp_path):
    path = write(tmp_path / "clip.mp4", footage(texture(), 12, noise=3), encoder=encoder("h264", 30))
    assert estimate(path) == estimate(path)


def test_a_blur_is_told_in_high_pixels_and_the_rest_as_it_is():
    found = Estimate(Measured(0.8, 1), Measured(3.04, 1), Measured(23.4, 1), "quantisers")
    expected = Degradation(time=2, space=3, exposure=0.5, blur="gaussian:2.4", noise=3, compression=23)
    assert found.degradation(2, 3, 0.5) == expected
    sharp = Estimate(UNKNOWN, UNKNOWN, UNKNOWN, "lossless")
    assert sharp.degradation(1, 2) == Degradation(space=2)


def test_what_is_believed_is_told_in_one_line_and_doubts_with_it():
    sure = Estimate(Measured(0.8, 1), Measured(3, 1), Measured(23, 1), "rate factor").words()
    assert sure == "a blur of 0.80 pixels, noise 3.0, compression 23 (the encoder noted it)"
    assert "perhaps noise 3.0" in Estimate(UNKNOWN, Measured(3, 0.1), Measured(0, 1), "lossless").words()


def test_a_large_picture_is_looked_at_in_its_middle(tmp_path, monkeypatch):
    monkeypatch.setattr("stvsr.jobs.estimate.LARGEST_AREA", 128 * 128)
    frames = footage(np.full((256, 256), 90.0), 4)
    generator = np.random.default_rng(0)
    frames[:, 48:208, 48:208] = generator.integers(80, 100, (4, 160, 160, 3), np.uint8)
    assert estimate(write(tmp_path / "clip.mkv", frames)).noise.value > 4


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(StvsrError, match="does not exist"):
        estimate(tmp_path / "missing.mp4")
