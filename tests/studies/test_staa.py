"""Studies of trained variants, on clips and networks that take no time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studies import staa as studies
from studies.page import markdown
from studies.staa import NEAREST, STUDIES, Job, Study, Variant, main, recipe_of
from stvsr.errors import StvsrError
from stvsr.evaluation.clips import find_clips
from stvsr.evaluation.documents import StudyResults, read
from stvsr.figures.plot.measured import kept
from stvsr.settings import plain
from stvsr.training.loop import Outcome
from stvsr.training.recipe import Recipe

RECIPE = """
name: staa-test
model:
  family: staa
  scale: [2, 4]
  downsampler: {phases: [[0, 0.17, 0.17], [0.5, 0.83, 0.5], [1, 0.17, 0.83]]}
  upsampler: {temporal: none, features: 8, blocks: 1, dense: 1, layers: 2, growth: 4}
data:
  train: [{kind: synthetic, count: 1, cache: CACHE, scene: {size: [24, 24], frames: 12, layers: 2}}]
  validation: [{kind: synthetic, count: 1, seed: 9, cache: CACHE, scene: {size: [24, 24], frames: 12, layers: 2}}]
  frames: 12
  patch: 24
  batch: 1
"""
TINY = Study(
    "Two ways",
    "What was done.",
    ((2, 1), (2, 2)),
    (Variant("fixed", "bicubic", NEAREST), Variant("learned", "softmax")),
    baseline=True,
)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of a study of two variants at two scales, measured on a clip of noise."""
    recipe = tmp_path / "staa-test.yaml"
    recipe.write_text(RECIPE.replace("CACHE", str(tmp_path / "cache")))
    monkeypatch.setattr(studies, "RECIPE", str(recipe))
    monkeypatch.setitem(STUDIES, "kept", TINY)
    folder = tmp_path / "data" / "noise"
    folder.mkdir(parents=True)
    for index, frame in enumerate(np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)):
        Image.fromarray(frame).save(folder / f"{index}.png")
    return ["kept", str(tmp_path / "data"), str(tmp_path / "kept.json"), "--runs", str(tmp_path / "runs"), "--no-ssim"]


def study_in(path: Path) -> StudyResults:
    """Read a study."""
    document = read(path)
    assert isinstance(document, StudyResults)
    return document


def test_every_variant_is_trained_once_measured_and_written(
    told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([*told, "--steps", "1", "--batch", "1", "optimizer.rate=1e-4"]) == 0
    document = study_in(tmp_path / "kept.json")
    assert document.provenance.command.startswith("python -m studies.staa kept data kept.json optimizer.rate=1e-4")
    assert [one.label for one in document.measurements] == [
        "2x in time, synthesised frames",
        "2x in time, 2x in space",
    ]
    for one in document.measurements:
        assert [row.method for row in one.rows][1:] == ["fixed", "learned"]
        assert [row.kind for row in one.rows] == ["baseline", "model", "model"]
        values = [row.value("all") or 0.0 for row in one.rows]
        assert all(value > 5 for value in values)
        assert len(set(values)) == 3
    page = markdown([document])
    assert "Models trained alike, measured on data. What was done. Every variant was trained for 1 steps" in page
    assert "| learned |" in page
    assert "or, where the table says so, those that interpolation must synthesise" in page
    assert len(kept([document]).axes) == 1

    monkeypatch.setattr(studies, "fit", lambda *_, **__: pytest.fail("trained again"))
    assert main([*told, "--steps", "1", "--batch", "1", "optimizer.rate=1e-4"]) == 0
    again = study_in(tmp_path / "kept.json")
    assert [one.rows[2].mean for one in again.measurements] == [one.rows[2].mean for one in document.measurements]


def test_many_scales_are_points_with_names(told: list[str], tmp_path: Path) -> None:
    assert main([*told, "--steps", "1", "--batch", "1"]) == 0
    document = study_in(tmp_path / "kept.json")
    first, second = document.measurements
    many = replace(document, measurements=(first, second) * 4)
    (panel,) = kept([many]).axes
    assert {text.get_text() for text in panel.texts} >= {"2t1s", "2t2s"}
    assert all(line.get_linestyle() == "None" for line in panel.lines)


def test_an_interrupted_training_is_not_measured(
    told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Recipe] = []

    def interrupted(recipe: Recipe, folder: Path, **_: object) -> Outcome:
        seen.append(recipe)
        return Outcome(2, finished=False, best=0.0, folder=folder)

    monkeypatch.setattr(studies, "fit", interrupted)
    job = Job(find_clips(told[1]), "data", tmp_path / "runs", steps=3)
    with pytest.raises(StvsrError, match="stopped after 2 steps: the same command goes on"):
        studies.train(recipe_of(TINY.variants[1], 2, 1, job), job)
    assert [one.steps for one in seen] == [3]


def test_what_cannot_be_trained_is_told_in_one_line(
    told: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*told, "data.patch=640"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("stvsr: ")
    assert not (tmp_path / "kept.json").exists()


def test_variants_of_one_name_are_one_recipe_in_all_studies() -> None:
    job, seen = Job([], "data", Path("runs")), dict[str, object]()
    for study in STUDIES.values():
        labels = [variant.label for variant in study.variants]
        assert len(set(labels)) == len(labels)
        for time, space in study.scales:
            for variant in study.variants:
                recipe = recipe_of(variant, time, space, job)
                assert recipe.data.frames % time == 0
                assert recipe.data.patch % (space * recipe.model["upsampler"]["fold"]) == 0
                assert seen.setdefault(recipe.name, plain(recipe.model)) == plain(recipe.model)
