import numpy as np
import pytest

from studies.quick import Reference
from stvsr.evaluation.metrics.psnr_ssim import score_frames


@pytest.mark.parametrize("error", [0, 1, 20])
@pytest.mark.parametrize("base", ["noise", "bright", "slope"])
def test_the_figures_are_those_of_the_full_metrics(error, base):
    random = np.random.default_rng(0)
    truth = {
        "noise": random.integers(0, 256, (37, 31, 3)),
        "bright": 250 + random.integers(0, 5, (37, 31, 3)),
        "slope": np.add.outer(4 * np.arange(37), 3 * np.arange(31))[..., None].repeat(3, 2) % 256,
    }[base].astype(np.uint8)
    shown = np.clip(truth + random.integers(-error, error + 1, truth.shape), 0, 255).astype(np.uint8)
    (full,) = score_frames(shown[None], truth[None])
    quick = Reference(truth).quality(shown)
    assert quick.psnr_rgb == pytest.approx(full.psnr_rgb, abs=1e-4)
    assert quick.psnr_y == pytest.approx(full.psnr_y, abs=1e-4)
    assert quick.ssim_y == pytest.approx(full.ssim_y, abs=1e-4)
