import subprocess
import sys

import pytest

import stvsr
from stvsr.cli import main

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")

RECIPE = """
name: staa-2t2s-test
model:
  family: staa
  scale: [2, 2]
  upsampler: {temporal: none, features: 8, blocks: 1, dense: 1, layers: 2, growth: 4}
data:
  train: [{kind: synthetic, count: 1, cache: CACHE, scene: {size: [24, 24], frames: 6, layers: 2}}]
  validation: [{kind: synthetic, count: 1, seed: 9, cache: CACHE, scene: {size: [21, 23], frames: 5, layers: 2}}]
  frames: 5
  patch: 16
  batch: 1
steps: 2
"""


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["stvsr", "train", *map(str, arguments)])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE.replace("CACHE", str(tmp_path / "cache")))
    return path


def test_what_is_trained_is_a_model_to_load(recipe, tmp_path, monkeypatch, capfd):
    arguments = [recipe, "--run", tmp_path / "run", "--device", "cpu"]
    assert run(monkeypatch, *arguments, "steps=2", "licence=MIT") == 0
    model = stvsr.load(tmp_path / "run" / "best")
    assert model.name == "staa-2t2s-test"
    assert run(monkeypatch, *arguments, "steps=3") == 0
    assert "going on after step 2" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("optimizer.rat=1", "did you mean 'rate'?"),
        ("steps", "write key=value"),
        ("model.upsampler.colour=3", "'colour'"),
        ("model.scale=[2]", "model.scale"),
        ("data.patch=64", "a smaller 'patch'"),
        ("data.train=[{kind: videos, path: '${NOWHERE_SET}/x'}]", "export NOWHERE_SET"),
        ("data.train=[{kind: videos, path: /does/not/exist}]", "/does/not/exist"),
        ("data.train.0.weight=much", "'weight'"),
        ("start_from=/does/not/exist", "/does/not/exist"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(recipe, tmp_path, monkeypatch, capfd, change, message):
    assert run(monkeypatch, recipe, change, "--run", tmp_path / "run", "--device", "cpu") == 2
    error = capfd.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1


def test_help_does_without_torch():
    code = "import sys, stvsr.cli.train; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
