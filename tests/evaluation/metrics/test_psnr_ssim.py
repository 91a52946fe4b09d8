import numpy as np
import pytest
import torch
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.psnr_ssim import PSNR_CAP, Score, luma, score_frames


def noisy_pair(seed=0, height=37, width=31, noise=12.0):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 6
    truth = 127 + 90 * np.stack([np.sin(x + y), np.cos(x - 2 * y), np.sin(3 * x)], axis=-1)
    restored = truth + noise * random.standard_normal(truth.shape)
    return (np.clip(np.rint(a), 0, 255).astype(np.uint8) for a in (restored, truth))


def reference_ssim(a, b, **options):
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    return structural_similarity(a.astype(float), b.astype(float), **settings, **options)


@pytest.mark.parametrize("noise", [0.7, 12.0, 80.0])
def test_rgb_and_luma_agree_with_scikit_image(noise):
    restored, truth = noisy_pair(noise=noise)
    score = score_frames(restored[None], truth[None])[0]
    restored_y, truth_y = rgb2ycbcr(restored)[..., 0], rgb2ycbcr(truth)[..., 0]

    assert score.psnr_rgb == pytest.approx(peak_signal_noise_ratio(truth, restored), abs=1e-5)
    assert score.psnr_y == pytest.approx(peak_signal_noise_ratio(truth_y, restored_y, data_range=255), abs=1e-5)
    assert score.ssim_rgb == pytest.approx(reference_ssim(restored, truth, channel_axis=2), abs=2e-5)
    assert score.ssim_y == pytest.approx(reference_ssim(restored_y, truth_y), abs=2e-5)


def test_luma_is_studio_swing():
    greys = torch.tensor([0.0, 255.0]).reshape(2, 1, 1, 1).expand(2, 3, 1, 1)
    assert luma(greys).flatten().tolist() == pytest.approx([16, 235], abs=1e-4)


def test_ssim_does_not_see_what_only_borders_see():
    restored, truth = noisy_pair()
    changed = restored.copy()
    changed[0, 0] = 255 - changed[0, 0]
    plain, other = score_frames(np.stack([restored, changed]), np.stack([truth, truth]))
    assert plain.ssim_rgb != other.ssim_rgb  # the outermost valid window still reaches the corner ...
    cropped = score_frames(np.stack([restored, changed]), np.stack([truth, truth]), border=1)
    assert cropped[0] == cropped[1]  # ... and a border of one pixel leaves it out of everything


def test_identical_frames_have_a_finite_flagged_score():
    _, truth = noisy_pair()
    score = score_frames(truth[None], truth[None])[0]
    assert score == Score(PSNR_CAP, pytest.approx(1), PSNR_CAP, pytest.approx(1), 1.0)


def test_a_mean_is_taken_figure_by_figure():
    a, b = Score(30, 0.9, 31, 0.8, 0), Score(100, 1, 100, 1, 1)
    assert Score.mean([a, b]) == Score(65, 0.95, 65.5, 0.9, 0.5)
    assert Score.mean([]) is None


def test_frames_that_cannot_be_measured_are_refused():
    frame = np.zeros((1, 12, 12, 3), np.uint8)
    with pytest.raises(StvsrError, match="too small"):
        score_frames(frame, frame, border=1)
    with pytest.raises(StvsrError, match="cannot be compared"):
        score_frames(frame, frame[:, :-1])
