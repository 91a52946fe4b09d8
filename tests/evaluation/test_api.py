import dataclasses
import inspect
import json

import numpy as np
import pytest
from PIL import Image

import stvsr
from stvsr.cli.evaluate import evaluate as command
from stvsr.evaluation.options import EvaluationOptions
from stvsr.evaluation.results import Results


@pytest.fixture
def walk(tmp_path):
    folder = tmp_path / "walk"
    folder.mkdir()
    random = np.random.default_rng(0)
    for i in range(4):
        Image.fromarray(random.integers(0, 256, (19, 23, 3), np.uint8)).save(folder / f"{i}.png")
    return folder


def test_options_have_the_names_and_defaults_of_the_command():
    renamed = {"model": "models", "json_": "json"}
    theirs = {renamed.get(name, name): one.default for name, one in inspect.signature(command).parameters.items()}
    ours = {one.name: one.default for one in dataclasses.fields(EvaluationOptions)}
    assert {name: () if ours.get(name) == () else default for name, default in theirs.items()} == ours


def test_a_call_gives_what_the_command_writes(walk, tmp_path):
    told = []
    results = stvsr.evaluate((), str(walk), time=1, space=3, ssim=False, device="cpu", report=lambda *a: told.append(a))
    command(walk, time=1, space=3, ssim=False, device="cpu", json_=tmp_path / "result.json")
    written = Results.load(tmp_path / "result.json")
    assert [row.mean for row in results.rows] == [row.mean for row in written.rows]
    assert results.command == written.command == "stvsr evaluate walk --time 1 --space 3 --no-ssim"
    assert told[0] == ("bicubic (a = -0.5)", "walk", 1)
    assert results.table().splitlines()[2].startswith("bicubic (a = -0.5)")


def test_a_name_that_the_command_does_not_know_is_refused(walk):
    with pytest.raises(TypeError, match="sharpness"):
        stvsr.evaluate((), walk, sharpness=2)


def test_results_of_another_program_are_measured_without_a_low_clip(walk, tmp_path):
    results = stvsr.evaluate(
        (), walk, time=2, space=1, baselines=False, frames_of=[str(walk)], json=tmp_path / "r.json"
    )
    (stored,) = [row for row in results.rows if row.kind == "external"]
    assert stored.value("all", "identical") == 1
    assert stored.seconds_per_megapixel is None
    assert json.loads((tmp_path / "r.json").read_text())["rows"][0]["kind"] == "external"
