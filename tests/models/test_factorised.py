"""The networks of factorised blocks, DAVSR's enhancement and STAA's upsampler."""

from __future__ import annotations

import pytest
import torch

from stvsr.errors import StvsrError
from stvsr.models.davsr.config import DAVSRConfig
from stvsr.models.davsr.factorised import FactorisedEnhancement, _cosines, _frequencies
from stvsr.models.davsr.model import DAVSR
from stvsr.models.staa.config import InterpolatorConfig, RescalerConfig
from stvsr.models.staa.model import STAA
from stvsr.physics.degradation import Degradation

ENHANCER = {"kind": "factorised", "features": 8, "blocks": 2, "refining": 1, "ends": 4}
SPACE = {"degradation": {"time": 1, "space": 2}, "iterations": 2, "start": "trilinear", "enhancer": ENHANCER}
UPSAMPLER = {"network": "factorised", "temporal": "none", "features": 8, "blocks": 2, "data_step": True}


def davsr(**changes: object) -> DAVSR:
    torch.manual_seed(0)
    return DAVSR(DAVSRConfig.from_dict({**SPACE, **changes})).eval()


def trained(model: torch.nn.Module) -> torch.nn.Module:
    """A network whose last layers no longer start at zero."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".last" in name:
                parameter.normal_(std=0.02)
    return model


@pytest.mark.parametrize("side", [2, 3, 4])
def test_frequencies_of_blocks_keep_all_that_was_in_them(side: int) -> None:
    matrix = _cosines(side, 3)[:, :, 0, 0, 0]
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(len(matrix)), atol=1e-6, rtol=0)
    flat = _frequencies(torch.full((1, 3, 2, 12, 12), 0.4), side)
    torch.testing.assert_close(flat[:, :: side**2], torch.full_like(flat[:, :: side**2], 0.4 * side))
    flat[:, :: side**2] = 0
    assert flat.abs().max() < 1e-6


@pytest.mark.parametrize("space", [1, 2, 3, 4, 5])
def test_an_untrained_network_gives_the_data_step_at_odd_sizes(space: int) -> None:
    model = davsr()
    degradation = Degradation(time=1, space=space, blur="gaussian:1")
    low = torch.rand(1, 3, 4, 7, 9)
    trace = model.trace(low, degradation.operator())
    assert trace.enhanced[-1].shape == (1, 3, 4, 7 * space, 9 * space)
    torch.testing.assert_close(trace.enhanced[0], trace.data[0], atol=1e-6, rtol=0)


def test_a_network_that_starts_along_the_motion_is_given_the_frames_around() -> None:
    model = davsr(degradation={"time": 2, "space": 2}, start="search")
    assert isinstance(model.enhancer, FactorisedEnhancement)
    assert len(model.enhancer.guide) == 4
    high = model.restore(torch.rand(1, 3, 3, 12, 16), Degradation(time=2, space=2).operator())
    assert high.shape == (1, 3, 6, 24, 32)


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_nothing_beyond_the_reach_matters_to_the_network(iterations: int) -> None:
    model = trained(davsr())
    enhancer = model.enhancer
    frames, pixels = enhancer.reach(2, iterations)
    torch.manual_seed(2)
    z = torch.rand(1, 3, 2 * frames + 5, 2 * pixels + 12, 2 * pixels + 12)
    hyper = model.hyper(torch.zeros(9), torch.tensor(1.0))

    def restored(clip: torch.Tensor) -> torch.Tensor:
        step, x = enhancer.passes(None, 2), clip
        for _ in range(iterations):
            x = step(clip, x, hyper)
        return x

    changed = z.clone()
    changed[:, :, :2] += 0.3
    changed[..., :2] += 0.3
    with torch.no_grad():
        one, other = restored(z), restored(changed)
    kept = (slice(None), slice(None), slice(2 + frames, None), slice(None), slice(2 + pixels, None))
    torch.testing.assert_close(one[kept], other[kept], atol=1e-6, rtol=0)
    assert (one - other).abs().amax() > 0.1


def test_compression_is_told_where_the_configuration_says_so() -> None:
    deaf, told = trained(davsr()), trained(davsr(compressed=True))
    low = torch.rand(1, 3, 3, 8, 8)
    operator = Degradation(time=1, space=2).operator()
    with torch.no_grad():
        same = [deaf.restore(low, operator, compression=crf) for crf in (0, 35)]
        other = [told.restore(low, operator, compression=crf) for crf in (0, 35)]
    assert torch.equal(*same)
    assert not torch.equal(*other)


def test_a_bound_model_tells_its_networks_noise_and_compression() -> None:
    model = trained(davsr(compressed=True))
    degradation = Degradation(time=1, space=2, noise=5, compression=30)
    low = torch.rand(1, 3, 3, 8, 8)
    with torch.no_grad():
        expected = model.restore(low, degradation.operator(), noise=5, compression=30)
        assert torch.equal(model.bind(degradation).upsample(low), expected)


def test_every_parameter_learns_in_two_passes() -> None:
    model = trained(davsr(compressed=True)).train()
    for space in (1, 2, 3, 4):
        _, outputs = model(torch.rand(1, 3, 3, 24, 24), Degradation(time=1, space=space, blur="gaussian:1", noise=3))
        sum(output.square().mean() for output in outputs).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_under_autocast_the_data_step_and_the_ends_stay_in_float32() -> None:
    model = trained(davsr())
    low = (torch.rand(1, 3, 3, 16, 16) * 255).round() / 255
    operator = Degradation(time=1, space=2).operator()
    with torch.no_grad():
        usual = model.restore(low, operator)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            lower = model.restore(low, operator)
    assert lower.dtype == torch.float32
    assert (lower - usual).abs().max() < 1 / 255


@pytest.mark.parametrize("name", ["features", "blocks", "refining", "ends"])
def test_impossible_sizes_are_refused(name: str) -> None:
    with pytest.raises(StvsrError, match=rf"enhancer\.{name}"):
        davsr(enhancer={**ENHANCER, name: 0})


def staa(**changes: object) -> STAA:
    torch.manual_seed(0)
    return STAA(RescalerConfig.from_dict({"scale": [2, 4], "upsampler": {**UPSAMPLER, **changes}})).eval()


def test_the_upsampler_starts_as_the_nearest_sample() -> None:
    model = staa(data_step=False)
    with torch.no_grad():
        for name, parameter in model.upsampler.skip.named_parameters():
            if name == "weight":
                parameter.copy_((parameter > 0.5).float())
    low = torch.rand(1, 3, 3, 5, 7)
    expected = low.repeat_interleave(2, 2).repeat_interleave(4, 3).repeat_interleave(4, 4)
    torch.testing.assert_close(model.upsample(low), expected, atol=1e-5, rtol=0)


def test_the_upsampler_depends_on_nothing_beyond_its_context() -> None:
    model = trained(staa(data_step=False))
    frames, pixels = model.upsampler.context
    low = torch.rand(1, 3, frames + 4, pixels + 6, pixels + 6)
    changed = low.clone()
    changed[:, :, 0], changed[..., 0] = 0, 0
    one, other = model.upsample(low), model.upsample(changed)
    kept = (slice(None), slice(None), slice(2 * (frames + 1), None), slice(None), slice(4 * (pixels + 1), None))
    torch.testing.assert_close(one[kept], other[kept], atol=1e-5, rtol=0)


def test_the_upsampler_cannot_change_the_rate_of_given_frames() -> None:
    with pytest.raises(StvsrError, match="take another network"):
        InterpolatorConfig.from_dict({"scale": ["6/5", 1], "upsampler": {"network": "factorised"}})


def test_what_was_computed_without_gradients_can_be_learned_with_afterwards() -> None:
    _cosines.cache_clear()
    with torch.inference_mode():
        davsr().restore(torch.rand(1, 3, 2, 6, 6), Degradation(time=1, space=2).operator())
    _, outputs = davsr().train()(torch.rand(1, 3, 2, 12, 12), Degradation(time=1, space=2))
    sum(output.square().mean() for output in outputs).backward()
