"""Laws of the whole STAA model, and the parameter counts of the paper."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from stvsr.errors import StvsrError
from stvsr.models.staa import STAA, RescalerConfig
from stvsr.physics.interpolation import trilinear

NETWORKS = ["dense", "recurrent"]
TINY = {"features": 8, "groups": 2, "blocks": 1, "dense": 1, "layers": 2, "growth": 4}


def _model(scale: list[int], downsampler: dict[str, object] | None = None, **upsampler: object) -> STAA:
    torch.manual_seed(0)
    config = {"scale": scale, "downsampler": downsampler or {}, "upsampler": {**TINY, "temporal": "none", **upsampler}}
    model = STAA(RescalerConfig.from_dict(config))
    nn.init.normal_(model.upsampler.conv_last.weight, std=0.02)
    return model.eval()


def _clip(*size: int) -> Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("scale", "millions"), [([2, 1], 15.865), ([2, 4], 16.020)])
def test_the_paper_configuration_has_the_parameters_of_the_paper(scale: list[int], millions: float) -> None:
    with torch.device("meta"):
        model = STAA(RescalerConfig.from_dict({"scale": scale}))
    count = sum(p.numel() for p in model.upsampler.parameters())
    assert round(count / 1e6, 3) == millions


@pytest.mark.parametrize("scale", [[2, 1], [2, 2], [1, 2], [2, 4], [3, 2]])
@pytest.mark.parametrize("kind", [{"temporal": "none"}, {"temporal": "deformable"}, {"network": "recurrent"}])
@pytest.mark.parametrize("fold", [1, 2])
def test_sizes_are_restored_at_any_scale_and_odd_sizes(scale: list[int], kind: dict[str, str], fold: int) -> None:
    model = _model(scale, **kind, fold=fold, data_step=True)
    clip = _clip(3, 13, 18)
    low = model.downsample(clip)
    with torch.no_grad():
        assert tuple(model.upsample(low).shape[2:]) == model.scale.high_size(tuple(low.shape[2:]))
        assert model(clip)[1].shape == clip.shape


@pytest.mark.parametrize("network", NETWORKS)
def test_an_untrained_model_is_phase_correct_interpolation(network: str) -> None:
    model = STAA(
        RescalerConfig.from_dict({"scale": [2, 4], "upsampler": {**TINY, "temporal": "none", "network": network}})
    )
    low = model.downsample(_clip(4, 16, 16))
    expected = trilinear(low, model.scale, model.operator.kernel.centroid)
    assert torch.allclose(model.upsample(low), expected, atol=1e-6)


def test_the_data_step_brings_the_output_closer_to_what_was_stored() -> None:
    plain, stepped = _model([2, 4]), _model([2, 4], data_step=True)
    stepped.load_state_dict({**plain.state_dict(), "log_alpha": torch.full((3,), -9.0)})
    low = plain.downsample(_clip(6, 32, 32))
    with torch.no_grad():
        before = (plain.operator(plain.upsample(low)) - low).abs().mean()
        after = (plain.operator(stepped._expand(low)) - low).abs().mean()
    assert after < 0.1 * before


@pytest.mark.parametrize("network", NETWORKS)
def test_training_moves_filter_and_network_together(network: str) -> None:
    model = _model([2, 2], data_step=True, network=network).train()
    clip = _clip(4, 16, 16)
    rate = torch.optim.Adam(model.parameters(), 5e-3)
    losses = []
    for _ in range(12):
        _, high = model(clip)
        loss = (high - clip).abs().mean()
        rate.zero_grad()
        loss.backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
        rate.step()
        losses.append(loss.item())
    assert losses[-1] < 0.97 * losses[0]


def test_an_output_depends_on_nothing_beyond_the_context() -> None:
    model = _model([2, 1])
    frames, pixels = model.context
    low = _clip(2 * frames + 3, 9, 2 * pixels + 3)
    changed = low.clone()
    changed[:, :, 0], changed[..., 0] = 1 - low[:, :, 0], 1 - low[..., 0]
    with torch.no_grad():
        difference = (model.upsample(low) - model.upsample(changed)).abs()
    beyond = difference[:, :, 2 * (frames + 1) :, :, pixels + 1 :]
    assert beyond.numel() > 0
    assert beyond.max() == 0
    assert difference.max() > 0.1


def test_a_recurrent_network_carries_what_it_saw_through_the_clip_both_ways() -> None:
    model = _model([2, 1], network="recurrent")
    low = _clip(9, 5, 6)
    for changed_frame, seen_frame in ((0, -1), (-1, 0)):
        changed = low.clone()
        changed[:, :, changed_frame] = 1 - low[:, :, changed_frame]
        with torch.no_grad():
            difference = (model.upsample(low) - model.upsample(changed)).abs()
        assert difference[:, :, seen_frame].max() > 0


def test_a_recurrent_network_needs_few_frames_of_context_for_the_same_codes() -> None:
    model = _model([2, 1], network="recurrent", blocks=3)
    frames, pixels = model.context
    assert (frames, pixels) == (9, 9)
    low = _clip(frames + 3, 7, 7)
    with torch.no_grad():
        whole, part = model.upsample(low)[:, :, -2:], model.upsample(low[:, :, 2:])[:, :, -2:]
    assert (whole - part).abs().max() < 0.5 / 255


def test_a_configuration_without_a_network_is_the_dense_one() -> None:
    config = RescalerConfig.from_dict({"scale": [2, 4]})
    assert config.upsampler.network == "dense"
    assert (
        RescalerConfig.from_dict(_model([2, 4], network="recurrent").config.to_dict()).upsampler.network == "recurrent"
    )


def test_a_measured_context_replaces_the_reach() -> None:
    model = _model([2, 4], data_step=True, context=[3, 5])
    assert model.context == (3, 5)
    assert RescalerConfig.from_dict(model.config.to_dict()) == model.config


def test_the_downsampler_needs_no_frames_beyond_its_context() -> None:
    model = _model([2, 1], {"window": [5, 1, 1]})
    clip = _clip(12, 4, 4)
    context = model.down_context
    piece = clip[:, :, 4 - 2 * -(-context // 2) : 8 + context]
    skipped = -(-context // 2)
    assert torch.equal(model.downsample(clip)[:, :, 2:4], model.downsample(piece)[:, :, skipped : skipped + 2])


def test_the_adaptive_downsampler_trains_but_has_no_operator() -> None:
    model = _model([2, 2], {"constraint": "adaptive"})
    assert model(_clip(4, 8, 8))[1].shape == (1, 3, 4, 8, 8)
    with pytest.raises(StvsrError, match="no operator"):
        _ = model.operator
    with pytest.raises(StvsrError, match="data_step"):
        _model([2, 2], {"constraint": "adaptive"}, data_step=True)


def test_a_context_of_the_wrong_length_is_told_that_it_needs_two() -> None:
    with pytest.raises(StvsrError, match=r"context is \[1\]: give two whole numbers"):
        RescalerConfig.from_dict({"upsampler": {"context": [1]}})


def test_groups_need_not_divide_the_features_where_nothing_is_deformable() -> None:
    config = RescalerConfig.from_dict({"upsampler": {"features": 12, "groups": 8, "temporal": "none"}})
    assert config.upsampler.features == 12


@pytest.mark.parametrize(
    "config",
    [
        {"scale": [2]},
        {"scale": ["x", 4]},
        {"scale": [2, 4], "upsampler": {"feature": 64}},
        {"scale": [2, 4], "upsampler": {"features": 10**9}},
        {"scale": [2, 4], "upsampler": {"temporal": "flow"}},
        {"scale": [2, 4], "upsampler": {"network": "transformer"}},
        {"scale": [2, 4], "upsampler": {"residual": 0}},
        {"scale": [2, 4], "upsampler": {"context": 5}},
        {"scale": [2, 4], "upsampler": {"context": [-1, 5]}},
        {"scale": [2, 4], "upsampler": {"residual": float("nan")}},
        {"scale": [2, 4], "upsampler": {"residual": True}},
        {"scale": [2, 4], "upsampler": {"features": True}},
        {"scale": [2, 4], "upsampler": {"features": 12, "groups": 8}},
        {"scale": [2, 4], "upsampler": {"data_step": "yes"}},
        {"scale": [2, 4], "downsampler": {"origin": [31, 31, 31]}},
        {"scale": [2, 4], "downsampler": {"origin": [0, 0, 4]}},
        {"scale": [2, 4], "downsampler": {"origin": [0, -3, 0]}},
        {"scale": [2, float("inf")]},
        {"scale": [2, 4], "downsampler": []},
        {"scale": [2, 4], "depth": 3},
    ],
)
def test_an_impossible_configuration_is_refused_in_one_line(config: dict[str, object]) -> None:
    with pytest.raises(StvsrError) as error:
        RescalerConfig.from_dict(config)
    assert "\n" not in str(error.value)
