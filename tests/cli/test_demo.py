from dataclasses import replace

import pytest
import torch

from stvsr.cli import demo as command
from stvsr.errors import StvsrError
from stvsr.evaluation import demo as job


@pytest.fixture
def model_folder(tmp_path):
    from stvsr.models.files import build, save

    torch.manual_seed(0)
    small = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 2, "growth": 4}
    save(build({"scale": [2, 2], "upsampler": small}, "staa-2t2s-tiny"), tmp_path / "tiny")
    return tmp_path / "tiny"


def test_the_demo_shows_files_and_figures(tmp_path, model_folder, monkeypatch, capsys):
    monkeypatch.setattr(job, "SCENE", replace(job.SCENE, size=(36, 46), frames=5))
    command.demo(out=tmp_path / "demo", model=str(model_folder))
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("original.mkv", "46x36", "23x18", "24 fps", "12 fps", "trilinear"))
    assert "staa-2t2s-tiny" in shown
    assert (tmp_path / "demo" / "comparison.png").stat().st_size > 1000


def test_a_file_in_the_way_is_refused(tmp_path, model_folder):
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(StvsrError, match="choose another one"):
        command.demo(out=tmp_path / "demo", model=str(model_folder))
    assert (tmp_path / "demo").read_text() == "mine"
