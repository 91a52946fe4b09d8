import json
from pathlib import Path

import pytest
import torch

from stvsr.cli import plot as command
from stvsr.errors import StvsrError
from stvsr.models.checkpoint import build, save

RESULTS = Path(__file__).parents[2] / "results"


def test_a_models_filter_is_drawn_as_both_kinds_of_file(tmp_path, capsys):
    torch.manual_seed(0)
    small = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 2, "growth": 4}
    save(build({"scale": [2, 2], "upsampler": small}, "staa-2t2s-tiny"), tmp_path / "tiny")
    command.filters(str(tmp_path / "tiny"), tmp_path / "out")
    assert capsys.readouterr().out == f"{tmp_path / 'out.svg'}, {tmp_path / 'out.png'}\n"
    assert (tmp_path / "out.png").stat().st_size > 10_000


def test_a_table_of_a_training_is_drawn(tmp_path, capsys):
    (tmp_path / "metrics.csv").write_text("step,loss,psnr\n50,0.04,\n100,0.03,25.5\n")
    command.training(tmp_path, tmp_path / "out.svg")
    assert "out.svg" in capsys.readouterr().out


@pytest.mark.parametrize("draw", [command.kept, command.cost, command.training])
def test_mistakes_are_found_before_anything_is_read(draw, tmp_path):
    with pytest.raises(StvsrError, match="what to draw"):
        draw(tmp_path / "one.svg")
    with pytest.raises(StvsrError, match="ends in"):
        draw(tmp_path / "none.json", tmp_path / "one.pdf")


def test_results_are_drawn_and_others_refused(tmp_path, capsys):
    (tmp_path / "other.json").write_text(json.dumps({"version": 1, "rows": []}))
    with pytest.raises(StvsrError, match="measure again"):
        command.frames(tmp_path / "other.json", tmp_path / "out.svg")
    for name in ("frames", "cost", "kept"):
        getattr(command, name)(RESULTS / "vid4/2t4s.json", tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
