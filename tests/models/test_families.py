"""Laws of families that others bring: registered or installed, their models go wherever ours go."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stvsr
from stvsr import models
from stvsr.errors import StvsrError
from stvsr.models import families
from stvsr.models.checkpoint import build, save
from stvsr.models.zoo import find
from stvsr.video import probe
from tests.helpers.commands import run, write_slope

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")

CONFIG = {"family": "toy", "task": "restore", "scale": ["2", 2, 2]}
RECIPE = """
name: toy-bright
model: {family: toy, brightness: 0.25, task: restore}
data:
  train: [{kind: synthetic, count: 1, cache: CACHE, scene: {size: [24, 24], frames: 6, layers: 2}}]
  validation: [{kind: synthetic, count: 1, seed: 9, cache: CACHE, scene: {size: [21, 23], frames: 5, layers: 2}}]
  frames: 4
  patch: 16
  batch: 1
optimizer: {rate: 0.1}
steps: 2
"""


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "_FAMILIES", dict(families._FAMILIES))
    models.register("toy", "tests.helpers.toy:build")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package beside the others, of which nothing is imported but what its entry point names."""
    about = tmp_path / "site" / "toy-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[stvsr.models]\ntoy = tests.helpers.toy:build\n")
    monkeypatch.syspath_prepend(str(about.parent))
    families._installed.cache_clear()
    yield
    families._installed.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(build(CONFIG, "toy"), tmp_path / "toy")
    return tmp_path / "toy"


@pytest.mark.usefixtures("registered")
def test_a_registered_model_restores_videos_and_is_measured(folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    source, output = write_slope(tmp_path / "in.mkv", Fraction(25)), tmp_path / "out.mkv"
    code, _, error = run(monkeypatch, capsys, "upscale", source, output, "--model", folder, "--encoder", "lossless-rgb")
    assert (code, probe(output).width, probe(output).height) == (0, 62, 74), error
    clips = tmp_path / "clips" / "one"
    clips.mkdir(parents=True)
    for i in range(4):
        Image.fromarray(np.full((20, 24, 3), 40 * i, np.uint8)).save(clips / f"{i}.png")
    code, _, error = run(
        monkeypatch, capsys, "evaluate", clips.parent, "--model", folder, "--json", tmp_path / "r.json", "--no-ssim"
    )
    assert code == 0, error
    assert "toy" in [row["method"] for row in json.loads((tmp_path / "r.json").read_text())["rows"]]


@pytest.mark.usefixtures("registered")
def test_a_registered_model_is_trained_by_its_recipe(tmp_path: Path, monkeypatch, capsys) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.replace("CACHE", str(tmp_path / "cache")))
    code, _, error = run(monkeypatch, capsys, "train", recipe, "--run", tmp_path / "run", "--device", "cpu")
    assert code == 0, error
    assert float(stvsr.load(tmp_path / "run" / "last").brightness) < 0.25  # the clips are as bright as they are


@pytest.mark.usefixtures("installed")
def test_an_entry_point_makes_a_family_known(folder: Path) -> None:
    assert find(folder).is_conditional
    assert stvsr.load(folder).name == "toy"
    assert families.names()[-1] == "toy"


def test_an_unknown_family_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(StvsrError, match="unknown model family 'toy': there are 'staa', 'davsr'"):
        build(CONFIG)


@pytest.mark.usefixtures("registered")
def test_a_name_is_given_once() -> None:
    models.register("toy", "tests.helpers.toy:build")  # the same again is no harm
    with pytest.raises(StvsrError, match="'staa' already"):
        models.register("staa", "tests.helpers.toy:build")


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("place", ["tests.helpers.toy:nothing", "tests.helpers.nowhere:build"])
def test_what_cannot_be_imported_is_one_line(place: str) -> None:
    models.register("broken", place)
    with pytest.raises(StvsrError, match="model family 'broken' cannot be imported") as error:
        build({"family": "broken", "task": "restore"})
    assert "\n" not in str(error.value)
