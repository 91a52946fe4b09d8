from __future__ import annotations

from collections import Counter

import pytest
import torch

from stvsr.errors import StvsrError
from stvsr.physics.degradation import Degradation
from stvsr.training.degrading import cropped, draw, fixed
from stvsr.training.losses import l1, objective
from stvsr.training.recipe import DegradationRecipe, bundled_recipes, check_degradation, load_recipe

RECIPE = DegradationRecipe(
    times=(1, 2, 2), spaces=(1, 4), exposure=(0.2, 1.0), trapezoid=0.2, gaussian=0.4, noise=8, noisy=0.5
)


def test_a_degradation_is_a_pure_function_of_seed_step_and_rank() -> None:
    drawn = [draw(RECIPE, 1, step, rank) for step in range(20) for rank in range(2)]
    assert drawn == [draw(RECIPE, 1, step, rank) for step in range(20) for rank in range(2)]
    assert len(set(map(str, drawn))) > 15
    assert drawn != [draw(RECIPE, 2, step, rank) for step in range(20) for rank in range(2)]


def test_shares_and_ranges_are_kept() -> None:
    drawn = [one for step in range(600) if (one := draw(RECIPE, 0, step))]
    times = Counter(one.time for one in drawn)
    assert times[2] / 600 == pytest.approx(2 / 3, abs=0.08)
    assert sum(one.noise > 0 for one in drawn) / 600 == pytest.approx(0.5, abs=0.08)
    assert sum(one.shutter == "trapezoid" for one in drawn) / 600 == pytest.approx(0.2, abs=0.08)
    assert all(0.2 <= one.exposure <= 1 and 0 <= one.noise <= 8 for one in drawn)
    for one in drawn:
        if one.time == one.space == 1 and not one.noise:
            assert one.blur.startswith("gaussian")
        if one.blur.startswith("gaussian"):
            assert 0.3 * max(one.space, 2) - 1e-3 <= float(one.blur[9:]) <= 0.6 * max(one.space, 2) + 1e-3


def test_without_times_the_model_decides() -> None:
    assert draw(DegradationRecipe(), 0, 0) is None


@pytest.mark.parametrize("values", [{"exposure": (0.0, 1.0)}, {"exposure": (0.9, 0.5)}, {"sigma": (0.3, 9.0)}])
def test_impossible_ranges_are_refused(values: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(StvsrError, match=next(iter(values))):
        check_degradation(DegradationRecipe(**values))  # type: ignore[arg-type]


def test_validation_degradations_are_read() -> None:
    assert fixed([{"time": 5, "space": 4}]) == [Degradation(5, 4)]
    with pytest.raises(StvsrError, match="speed"):
        fixed([{"speed": 5}])


def test_the_objective_weighs_iterations() -> None:
    target = torch.zeros(1, 3, 2, 2, 2)
    outputs = [torch.full_like(target, value) for value in (0.4, 0.2, 0.1)]
    assert objective(l1, outputs, target, 0) == pytest.approx(0.1)
    assert objective(l1, outputs, target, 0.5) == pytest.approx((0.25 * 0.4 + 0.5 * 0.2 + 0.1) / 1.75)
    assert objective(l1, outputs[0], target, 0.5) == pytest.approx(0.4)


@pytest.mark.parametrize("name", [name for name in bundled_recipes() if name.startswith("davsr") or "blurred" in name])
def test_the_recipes_describe_models_that_can_be_built_and_told_of_what_they_draw(name: str) -> None:
    from stvsr.models.checkpoint import build
    from stvsr.settings import plain

    recipe = load_recipe(name)
    with torch.device("meta"):
        model = build(plain(recipe.model), recipe.name)
    assert model.name == name
    drawn = [one for step in range(20) if (one := draw(recipe.degradation, 0, step))]
    for degradation in [*drawn, *fixed(recipe.validation.degradations)]:
        assert model.bind(degradation).scale == degradation.scale


def test_compression_is_drawn_as_often_and_as_strongly_as_asked() -> None:
    recipe = DegradationRecipe(times=(1,), spaces=(1, 2), compressed=0.3, compression=(20, 30))
    drawn = [one for step in range(600) if (one := draw(recipe, 0, step))]
    assert sum(one.compression > 0 for one in drawn) / 600 == pytest.approx(0.3, abs=0.08)
    assert {one.compression for one in drawn} == {0.0, *map(float, range(20, 31))}
    for one in drawn:
        if one.space == 1 and not one.compression:
            assert one.blur.startswith("gaussian")


@pytest.mark.parametrize(("space", "side"), [(1, 16), (2, 16), (3, 24), (4, 32)])
def test_samples_are_cut_to_one_size_on_the_networks_grid(space: int, side: int) -> None:
    clip = torch.rand(2, 3, 4, 32, 32)
    cut = cropped(clip, Degradation(time=1, space=space, blur="gaussian:1"), 8)
    assert torch.equal(cut, clip[..., :side, :side])
    assert cropped(clip, None, 8) is clip
    assert cropped(clip, Degradation(time=1, space=space, blur="gaussian:1"), 0) is clip
