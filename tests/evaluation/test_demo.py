import sys
from dataclasses import replace
from fractions import Fraction

import pytest
from PIL import Image

from stvsr.errors import StvsrError
from stvsr.evaluation.baselines import Baseline
from stvsr.evaluation.demo import SCENE, measure, read_frames, run_demo, write_original
from stvsr.physics.scale import Scale
from stvsr.video import probe, scan_times

SMALL = replace(SCENE, size=(46, 58), frames=7)


def test_the_original_has_picture_and_sound(tmp_path):
    path = tmp_path / "original.mkv"
    write_original(path, SMALL, 5)
    info = probe(path)
    assert (info.width, info.height, info.rate) == (58, 46, 24)
    assert [stream.kind for stream in info.streams] == ["video", "audio"]
    assert scan_times(path) == [Fraction(i, 24) for i in range(7)]


def test_the_demo_makes_what_it_says(tmp_path):
    said = []
    made = run_demo(tmp_path / "demo", Baseline(Scale.of(2, 2)), scene=SMALL, say=said.append)
    names = ["original", "small", "restored", "trilinear-small", "trilinear"]
    assert [path.stem for path in made.files] == names
    sizes = [(info.width, info.height) for info in map(probe, made.files)]
    assert sizes == [(58, 46), (29, 23), (58, 46), (29, 23), (58, 46)]
    assert [len(read_frames(path)) for path in made.files] == [7, 4, 7, 4, 7]
    assert [quality.method for quality in made.qualities] == ["bicubic + linear blend", "trilinear"]
    assert made.qualities[0].all.psnr_rgb > made.qualities[1].all.psnr_rgb > 10
    assert len(said) == 3
    with Image.open(made.picture) as picture:
        assert picture.width > 3 * 46 * 3
    assert len(list((tmp_path / "demo").iterdir())) == 6


def test_what_measures_is_looked_for_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    with pytest.raises(StvsrError, match="pip install"):
        run_demo(tmp_path / "demo", Baseline(Scale.of(2, 2)), scene=SMALL)
    assert not list(tmp_path.iterdir())


def test_quality_is_measured_between_files(tmp_path):
    path = tmp_path / "original.mkv"
    write_original(path, SMALL, 5)
    truth = read_frames(path)
    quality = measure(Baseline(Scale.of(1, 2)), path, truth, truth)
    assert quality.all.identical == 1
    assert quality.all.ssim_rgb == pytest.approx(1)
    assert quality.synthesised is None
