from dataclasses import replace

import pytest
import torch

from stvsr import demo as job
from stvsr.cli import demo as command
from stvsr.errors import StvsrError
from stvsr.models import zoo
from stvsr.models.checkpoint import build, save


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(job, "SCENE", replace(job.SCENE, size=(36, 46), frames=5))


@pytest.fixture
def model_folder(tmp_path):
    torch.manual_seed(0)
    small = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 2, "growth": 4}
    save(build({"scale": [2, 2], "upsampler": small}, "staa-2t2s-tiny"), tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def general_folder(tmp_path):
    torch.manual_seed(0)
    tiny = {
        "family": "davsr",
        "degradation": {"time": 2, "space": 2},
        "iterations": 1,
        "motion": {"channels": [4, 4, 4, 4], "kernel": 3, "levels": 2},
        "enhancer": {"features": 4, "blocks": 1, "layers": 1, "growth": 4},
        "hidden": 8,
    }
    save(build(tiny, "davsr-tiny"), tmp_path / "weights" / "davsr-tiny")
    return tmp_path / "weights" / "davsr-tiny"


def test_the_demo_shows_files_and_figures_of_both_jobs(tmp_path, model_folder, general_folder, capsys):
    out = tmp_path / "demo"
    command.demo(out=out, model=str(model_folder), upscaler=str(general_folder))
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("original.mkv", "46x36", "23x18", "24 fps", "12 fps", "12x9", "trilinear"))
    assert shown.index("staa-2t2s-tiny") < shown.index("davsr-tiny")
    assert f"degrade, upscale: look at {out / 'upscaled.png'}" in shown.splitlines()[-1]
    for name in ("comparison.png", "upscaled.png"):
        assert (out / name).stat().st_size > 1000


def test_the_demo_goes_without_the_second_job_where_no_model_for_it_ships(
    tmp_path, model_folder, general_folder, monkeypatch, capsys
):
    monkeypatch.setattr(zoo, "WEIGHTS", general_folder.parent)  # of the family, but not the default
    command.demo(out=tmp_path / "demo", model=str(model_folder))
    shown = capsys.readouterr().out
    assert "left out" in shown
    assert "davsr-tiny" not in shown
    assert not (tmp_path / "demo" / "degraded.mkv").exists()


def test_the_shipped_general_model_is_taken(tmp_path, model_folder, general_folder, monkeypatch, capsys):
    general_folder.rename(general_folder.parent / "davsr-compact")
    monkeypatch.setattr(zoo, "WEIGHTS", general_folder.parent)
    config = general_folder.parent / "davsr-compact" / "config.json"
    config.write_text(config.read_text().replace("davsr-tiny", "davsr-compact"))
    command.demo(out=tmp_path / "demo", model=str(model_folder))
    assert "davsr-compact" in capsys.readouterr().out


def test_a_model_that_cannot_upscale_is_refused_before_anything_is_made(tmp_path, model_folder):
    with pytest.raises(StvsrError, match="made to rescale"):
        command.demo(out=tmp_path / "demo", model=str(model_folder), upscaler=str(model_folder))
    assert not (tmp_path / "demo").exists()


def test_a_file_in_the_way_is_refused(tmp_path, model_folder):
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(StvsrError, match="choose another one"):
        command.demo(out=tmp_path / "demo", model=str(model_folder))
    assert (tmp_path / "demo").read_text() == "mine"
