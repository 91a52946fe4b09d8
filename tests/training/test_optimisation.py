import pytest
import torch
from torch import nn

from stvsr.training.optimisation import MovingAverage, channels_last, freeze, learning_rate, make_optimizer, set_rate
from stvsr.training.recipe import OptimizerRecipe


def test_the_papers_rate_falls_at_half_and_at_four_fifths():
    recipe = OptimizerRecipe(rate=1.0, schedule="steps", milestones=(0.5, 0.8), gamma=0.2)
    rates = [learning_rate(recipe, step, 10) for step in range(10)]
    assert rates == pytest.approx([1] * 5 + [0.2] * 3 + [0.04] * 2)


def test_the_cosine_starts_at_the_rate_and_ends_at_the_final_rate():
    recipe = OptimizerRecipe(rate=1.0, schedule="cosine", final_rate=0.01)
    rates = [learning_rate(recipe, step, 11) for step in range(11)]
    assert rates[0] == 1
    assert rates[5] == pytest.approx(0.505)
    assert rates[-1] == pytest.approx(0.01)
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize("schedule", ["steps", "cosine", "constant"])
def test_the_warm_up_is_linear_and_never_zero(schedule):
    recipe = OptimizerRecipe(rate=1.0, schedule=schedule, warmup=4)
    plain = OptimizerRecipe(rate=1.0, schedule=schedule)
    for step, share in enumerate([0.25, 0.5, 0.75, 1, 1]):
        assert learning_rate(recipe, step, 100) == pytest.approx(share * learning_rate(plain, step, 100))


def test_the_kernel_has_its_own_rate(tiny):
    model = tiny.Tiny("tiny", 0.0)
    optimizer = make_optimizer(model, OptimizerRecipe())
    set_rate(optimizer, 0.1, OptimizerRecipe(kernel_rate=5))
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert {name: rates[id(p)] for name, p in model.named_parameters()} == {
        name: 0.5 if name.startswith("downsampler.") else 0.1 for name, _ in model.named_parameters()
    }


def test_a_part_with_rate_0_is_kept_as_it_is(tiny):
    model = tiny.Tiny("tiny", 0.0)
    freeze(model, OptimizerRecipe(kernel_rate=0))
    assert {name for name, p in model.named_parameters() if not p.requires_grad} == {
        name for name, _ in model.named_parameters() if name.startswith("downsampler.")
    }
    assert len(make_optimizer(model, OptimizerRecipe(kernel_rate=0)).param_groups) == 1


def test_an_average_without_decay_is_the_model():
    model = nn.Linear(3, 2)
    average = MovingAverage(model, decay=0)
    for updates in (1, 2):
        nn.init.normal_(model.weight)
        average.update(model, updates)
        assert torch.equal(average.model.weight, model.weight)


def test_the_average_forgets_its_start_and_then_decays_by_the_given_factor():
    model = nn.Linear(1, 1, bias=False)
    average = MovingAverage(model, decay=0.5)
    expected = model.weight.item()
    for updates in range(1, 30):
        nn.init.constant_(model.weight, updates)
        average.update(model, updates)
        decay = min(0.5, updates / (updates + 9))
        expected = decay * expected + (1 - decay) * updates
    assert average.model.weight.item() == pytest.approx(expected, rel=1e-5)
    assert not average.model.weight.requires_grad


def test_channels_last_changes_the_layout_of_4d_and_5d_weights_and_nothing_else(tiny):
    model = tiny.Tiny("tiny", 0.0).eval()
    clip = torch.rand(1, 3, 5, 7, 9)
    before = model(clip)[1]
    channels_last(model)
    assert model.upsampler.weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert model.plane.weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(model(clip)[1], before)
