"""Laws of which model a task takes, and of what files from before tasks were declared are taken for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stvsr.errors import StvsrError
from stvsr.models import zoo
from stvsr.models.zoo import Entry, choose, entries, find, read_entry, with_task
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale

FIVE = Degradation(5, 4)


def write(folder: Path, name: str, model: dict[str, object], **further: object) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "config.json").write_text(json.dumps({"name": name, "model": model, **further}))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(zoo, "WEIGHTS", tmp_path)
    return tmp_path


def restorer(**domain: list[object]) -> dict[str, object]:
    return {"family": "davsr", "task": "restore", "scale": [2, 2, 2], "domain": domain}


def test_every_bundled_model_declares_its_task() -> None:
    for entry in entries():
        assert json.loads((entry.folder / "config.json").read_text())["model"]["task"] == entry.task


@pytest.mark.parametrize(
    ("task", "scale", "degradation", "name"),
    [
        ("rescale", Scale.of(2, 1), None, "staa-2t1s-compact"),
        ("rescale", Scale.of(2, 4), None, "staa-2t4s-compact"),
        ("restore", Scale.of(5, 4), FIVE, "davsr-5t4s-compact"),
        ("restore", Scale.of(5, 4), FIVE.but(shutter="trapezoid"), "davsr-5t4s-compact"),
        ("restore", Scale.of(5, 4), FIVE.but(noise=3), "davsr-compact"),
        ("restore", Scale.of(2, 2), Degradation(2, 2, exposure=0.5), "davsr-compact"),
        ("deblur", Scale.of(5, 1), Degradation(5, 1, exposure=0.4), "staa-5t1s-blurred-compact"),
        ("deblur", Scale.of(5, 1), Degradation(5, 1, noise=2), "davsr-compact"),
        ("deblur", Scale.of(3, 1), Degradation(3, 1), "davsr-compact"),
        ("interpolate", None, None, "staa-6over5t1s-compact"),
        ("interpolate", Scale.of("24/25"), None, "staa-6over5t1s-compact"),
    ],
)
def test_the_model_made_most_closely_for_a_task_is_chosen(
    task: zoo.Task, scale: Scale | None, degradation: Degradation | None, name: str
) -> None:
    assert choose(task, scale, degradation.to_dict() if degradation else None).name == name


def test_a_model_for_a_codec_comes_first_where_there_is_one_and_last_where_there_is_none() -> None:
    assert choose("rescale", Scale.of(2, 1), codec=True).codec_trained
    assert not choose("rescale", Scale.of(2, 1)).codec_trained


def test_a_model_for_several_factors_is_chosen_for_each_of_them_and_no_other(shelf: Path) -> None:
    write(shelf, "any", restorer())
    write(shelf, "space", restorer(time=[1], space=[1, 2, 3, 4]))
    assert [choose("restore", Scale.of(1, space)).name for space in (1, 3, 4, 5)] == ["space"] * 3 + ["any"]
    assert choose("restore", Scale.of(2, 2)).name == "any"


def test_what_does_not_ship_is_said_with_what_does(shelf: Path) -> None:
    write(shelf, "space", restorer(time=[1]))
    with pytest.raises(StvsrError, match=r"no model to restore by 2t2s ships with stvsr; there are: space$"):
        choose("restore", Scale.of(2, 2))


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(StvsrError, match="did you mean 'staa-2t4s-compact'"):
        find("staa-2t4s-compct")


@pytest.mark.parametrize(
    ("model", "task", "domain"),
    [
        ({"family": "staa", "scale": ["2", 4, 4]}, "rescale", {"time": ("2",), "space": (4,)}),
        ({"family": "staa", "scale": [5, 1, 1], "downsampler": {"constraint": "exposure"}}, "deblur", None),
        ({"family": "staa", "scale": ["6/5", 1, 1]}, "interpolate", {"time": ("6/5",), "space": (1,)}),
        (
            {"family": "staa", "scale": ["6/5", 1, 1], "upsampler": {"network": "warping"}},
            "interpolate",
            {"space": (1,)},
        ),
        ({"family": "davsr", "scale": ["5", 4, 4], "degradation": {"time": 5, "space": 4}}, "restore", {}),
    ],
)
def test_files_from_before_tasks_were_declared_are_read(
    tmp_path: Path, model: dict[str, object], task: str, domain: dict[str, object] | None
) -> None:
    write(tmp_path, "old", model)
    entry = read_entry(tmp_path / "old")
    assert entry.task == task
    assert domain is None or entry.domain == domain
    assert with_task(entry.model) == entry.model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "paint"}, "task is 'paint'; it must be one of rescale, restore, deblur, interpolate"),
        ({"domain": {"speed": [1]}}, "it must be lists of values of time, space, exposure"),
        ({"domain": {"time": 2}}, "domain is"),
        ({"domain": [2]}, "domain is"),
        ({"domain": {"space": ["1e999999999"]}}, "domain is"),
    ],
)
def test_an_impossible_declaration_is_one_line(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write(tmp_path, "odd", restorer() | change)
    with pytest.raises(StvsrError, match=re.escape(message)) as error:
        read_entry(tmp_path / "odd")
    assert "\n" not in str(error.value)


def test_what_a_conditional_model_undoes_by_default_is_declared(tmp_path: Path) -> None:
    write(tmp_path, "one", {"family": "davsr", "scale": [2, 2, 2], "degradation": {"time": 2, "space": 2, "noise": 3}})
    entry: Entry = read_entry(tmp_path / "one")
    assert entry.default_degradation == {"time": 2, "space": 2, "noise": 3}
    assert entry.is_conditional
