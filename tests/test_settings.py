from dataclasses import dataclass
from types import MappingProxyType

import pytest
import yaml

from stvsr.errors import StvsrError
from stvsr.settings import build, changes, override, plain, setting
from stvsr.training.recipe import Recipe


@dataclass(frozen=True)
class Inner:
    rate: float = setting(1.0, "a rate", above=0)
    places: tuple[int, ...] = setting((1,), "places", at_least=1)


@dataclass(frozen=True)
class Outer:
    inner: Inner = setting(Inner, "inner")  # noqa: RUF009
    name: str = setting("x", "a name")
    switch: bool = setting(False, "a switch")
    seed: int = setting(0, "a seed", at_least=0, at_most=7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inner: {rate: .inf}", "'inner.rate' must be a finite number, not inf"),
        (f"inner: {{rate: 1{'0' * 400}}}", "'inner.rate' must be a number"),
        (f"inner: {{places: [-1{'0' * 400}]}}", "'inner.places' must be at least 1, not -1"),
        ("seed: 8", "'seed' must be at most 7, not 8"),
        ("inner: {rats: 1}", r"unknown key 'inner.rats'; did you mean 'rate'\?"),
        ("zzzzzz: 1", "unknown key 'zzzzzz'; known are inner, name, seed, switch"),
        ("inner: {rate: fast}", "'inner.rate' must be a number, not 'fast'"),
        ("inner: {rate: true}", "'inner.rate' must be a number, not True"),
        ("inner: {rate: 0}", "'inner.rate' must be above 0, not 0"),
        ("inner: {rate: .nan}", "'inner.rate' must be a finite number, not nan"),
        ("inner: {places: 3}", "'inner.places' must be a list, not 3"),
        ("inner: {places: [1, 0]}", "'inner.places' must be at least 1, not 0"),
        ("inner: {places: [1.5]}", "'inner.places.0' must be a whole number, not 1.5"),
        ("inner: 3", "inner must hold 'key: value' lines, not 3"),
        ("name: 3", "'name' must be text, not 3"),
        ("switch: 1", "'switch' must be true or false, not 1"),
    ],
)
def test_a_mistake_is_one_line_that_names_its_key(text, message):
    with pytest.raises(StvsrError, match=message) as raised:
        build(Outer, yaml.safe_load(text))
    assert "\n" not in str(raised.value)


def test_numbers_that_yaml_reads_as_text_are_numbers():
    assert build(Outer, yaml.safe_load("inner: {rate: 1e-3}")).inner.rate == 1e-3


def test_a_recipe_survives_being_written_and_read():
    recipe = build(Recipe, {"model": {"scale": [2, 4]}, "data": {"train": [{"kind": "videos"}]}})
    again = build(Recipe, yaml.safe_load(yaml.safe_dump(plain(recipe))))
    assert again == recipe
    assert isinstance(recipe.model, MappingProxyType)


def test_overrides_reach_into_mappings_and_lists_and_leave_the_original_alone():
    values = {"data": {"train": [{"weight": 1}, {"weight": 2}]}}
    changed = override(values, ["data.train.1.weight=5", "steps=10", "model.scale=[2, 1]", "name=a=b"])
    assert changed["data"]["train"] == [{"weight": 1}, {"weight": 5}]
    assert (changed["steps"], changed["model"], changed["name"]) == (10, {"scale": [2, 1]}, "a=b")
    assert values == {"data": {"train": [{"weight": 1}, {"weight": 2}]}}


@pytest.mark.parametrize("bad", ["steps", "=3", "steps.more=1", "data.train.7.weight=1", "name=[1", "data.train.x=1"])
def test_an_override_that_leads_nowhere_is_refused(bad):
    with pytest.raises(StvsrError, match="recipe:"):
        override({"steps": 3, "data": {"train": [{}]}}, [bad])


def test_changes_are_listed_by_their_dotted_paths():
    assert changes({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4}) == ["a.c: 2 -> 3", "d: None -> 4"]
