import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from stvsr.data.synthetic.video import write_original
from stvsr.demo import DEGRADATION, SCENE, degrade_and_upscale, measure, read_frames, run_demo
from stvsr.errors import StvsrError
from stvsr.evaluation.methods.interpolation import Interpolation, baseline
from stvsr.models.contract import ConditionalModel
from stvsr.physics.scale import Scale
from stvsr.video import probe, scan_times

SMALL = replace(SCENE, size=(46, 58), frames=7)


class General(ConditionalModel):
    """Bicubic interpolation as a general model, which remembers what it was bound to."""

    told: object = None

    def bind(self, degradation, iterations=None):
        self.told = degradation
        return Interpolation(degradation, space="cubic")


def sizes_and_frames(paths):
    infos = [probe(path) for path in paths]
    return [(info.width, info.height, len(read_frames(info.path))) for info in infos]


def test_the_demo_does_both_jobs_the_general_one_last(tmp_path):
    said, general = [], General()
    made = run_demo(tmp_path / "demo", baseline(Scale.of(2, 2)), general=general, scene=SMALL, say=said.append)
    shrunk, degraded = made.jobs
    assert [path.stem for path in shrunk.files] == ["small", "restored", "trilinear-small", "trilinear"]
    assert sizes_and_frames(shrunk.files) == [(29, 23, 4), (58, 46, 7), (29, 23, 4), (58, 46, 7)]
    assert [quality.method for quality in shrunk.qualities] == ["bicubic (a = -0.5) + linear blend", "trilinear"]
    assert shrunk.qualities[0].all.psnr_rgb > shrunk.qualities[1].all.psnr_rgb > 10

    assert [path.stem for path in degraded.files] == ["degraded", "degraded-trilinear", "upscaled"]
    assert sizes_and_frames(degraded.files) == [(15, 12, 4), (58, 46, 7), (58, 46, 7)]
    assert [quality.method for quality in degraded.qualities] == ["trilinear", "bicubic (a = -0.75) + linear blend"]
    assert all(quality.synthesised is None for quality in degraded.qualities)
    assert general.told == DEGRADATION
    assert said[-1].endswith("upscale")

    kept = {made.original, *shrunk.files, *degraded.files, shrunk.picture, degraded.picture}
    assert set((tmp_path / "demo").iterdir()) == kept
    for job in made.jobs:
        with Image.open(job.picture) as picture:  # two crops and a slice, four rows
            assert picture.size == (3 * 3 * 58 + 4 * 6, 4 * (3 * 46 + 22 + 6) + 6)


def test_what_comes_back_of_the_degraded_clip_is_close_to_the_original_and_keeps_its_times_and_sound(tmp_path):
    original = tmp_path / "original.mkv"
    write_original(original, replace(SMALL, speed=0, rotation=0, zoom=0), 5)
    truth = read_frames(original)
    job = degrade_and_upscale(original, truth, General(), lambda step: None)
    upscaled = job.files[-1]
    assert scan_times(upscaled) == scan_times(original)
    assert [stream.kind for stream in probe(upscaled).streams] == ["video", "audio"]
    before, after = job.qualities
    assert after.all.psnr_rgb > before.all.psnr_rgb > 15
    error = np.abs(read_frames(upscaled).astype(float).mean((0, 1, 2)) - truth.mean((0, 1, 2)))
    assert error.max() < 3


def test_without_a_general_model_its_job_is_left_out_in_one_line(tmp_path):
    said = []
    made = run_demo(tmp_path, baseline(Scale.of(2, 2)), scene=SMALL, say=said.append)
    assert len(made.jobs) == 1
    assert "left out" in said[-1]


def test_what_measures_is_looked_for_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    with pytest.raises(StvsrError, match="pip install"):
        run_demo(tmp_path / "demo", baseline(Scale.of(2, 2)), scene=SMALL)
    assert not list(tmp_path.iterdir())


def test_quality_is_measured_between_files(tmp_path):
    path = tmp_path / "original.mkv"
    write_original(path, SMALL, 5)
    truth = read_frames(path)
    quality = measure(baseline(Scale.of(1, 2)), path, truth, truth)
    assert quality.all.identical == 1
    assert quality.all.ssim_rgb == pytest.approx(1)
    assert quality.synthesised is None
    assert measure(baseline(Scale.of(2, 2)), path, truth, truth).synthesised is not None
    assert measure(baseline(Scale.of(2, 2)), path, truth, truth, kept=False).synthesised is None
