"""DAVSR's network behind STAA's learned filter."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import stvsr
from stvsr.errors import StvsrError
from stvsr.models.checkpoint import save
from stvsr.models.staa import STAA, RescalerConfig
from stvsr.models.staa.alternating import AlternatingUpsampler

TINY = {"network": "alternating", "features": 8, "blocks": 1, "layers": 2, "growth": 4}


def _model(scale: list[int], downsampler: dict[str, object] | None = None) -> STAA:
    torch.manual_seed(0)
    config = {"scale": scale, "downsampler": downsampler or {}, "upsampler": TINY}
    model = STAA(RescalerConfig.from_dict(config), "staa-tiny")
    assert isinstance(model.upsampler, AlternatingUpsampler)
    for last in model.upsampler.network.enhancer.last:
        nn.init.normal_(last.weight, std=0.02)
    return model.eval()


def _clip(*size: int) -> Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("scale", [[2, 1], [1, 2], [2, 4], [3, 2]])
@torch.no_grad()
def test_sizes_are_restored_at_any_scale_and_odd_sizes(scale: list[int]) -> None:
    model, clip = _model(scale), _clip(3, 13, 18)
    low = model.downsample(clip)
    assert tuple(model.upsample(low).shape[2:]) == model.scale.high_size(tuple(low.shape[2:]))
    assert model(clip)[1].shape == clip.shape


@torch.no_grad()
def test_it_is_davsr_told_the_filter() -> None:
    model = _model([2, 4])
    low = model.downsample(_clip(4, 24, 32))
    restored = model.upsampler.network.restore(low, model.operator)
    assert torch.allclose(model.upsample(low), restored, atol=1e-6)
    assert (restored - model.upsampler.network.trace(low, model.operator).start).abs().mean() > 1e-3


def test_training_moves_filter_and_network_together() -> None:
    model = _model([2, 2]).train()
    clip = nn.functional.interpolate(_clip(4, 8, 8), size=(4, 32, 32), mode="trilinear")
    rate = torch.optim.Adam(model.parameters(), 5e-3)
    before, losses = model.downsampler.weight.detach().clone(), []
    for _ in range(8):
        _, high = model(clip)
        loss = (high - clip).abs().mean()
        rate.zero_grad()
        loss.backward()
        rate.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    assert (model.downsampler.weight - before).abs().max() > 1e-3


def test_it_is_saved_and_loaded_like_any_model(tmp_path: Path) -> None:
    model = _model([2, 2])
    save(model, tmp_path / "model", {})
    low = model.downsample(_clip(4, 16, 16))
    with torch.inference_mode():
        assert torch.equal(stvsr.load(tmp_path / "model").upsample(low), model.upsample(low))
    assert not model.exact_context
    assert STAA(RescalerConfig()).exact_context


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scale": [2, 2, 1]}, "same factor for height and width"),
        ({"downsampler": {"constraint": "adaptive"}}, "not the adaptive downsampler"),
        ({"upsampler": {**TINY, "data_step": True}}, "one of its own"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(config: dict[str, object], message: str) -> None:
    with pytest.raises(StvsrError, match=message) as error:
        STAA(RescalerConfig.from_dict({"scale": [2, 2], "upsampler": TINY, **config}))
    assert "\n" not in str(error.value)


def test_motion_that_is_searched_needs_no_weights(tmp_path: Path) -> None:
    config = {"scale": [2, 1], "upsampler": {**TINY, "flow": "search"}}
    model = STAA(RescalerConfig.from_dict(config), "staa-tiny").eval()
    assert not [name for name, _ in model.named_parameters() if "flow" in name]
    with pytest.raises(StvsrError, match="leave 'flow' out"):
        model.load_flow("spynet-compact")
    save(model, tmp_path / "model", {})
    low = model.downsample(_clip(4, 40, 40))
    with torch.inference_mode():
        assert torch.equal(stvsr.load(tmp_path / "model").upsample(low), model.upsample(low))


def test_only_a_model_with_optical_flow_takes_its_weights() -> None:
    model = _model([2, 2])
    flow = model.upsampler.network.motion.flow
    before = [p.detach().clone() for p in flow.parameters()]
    model.load_flow("spynet-compact")
    assert any(not torch.equal(p, q) for p, q in zip(flow.parameters(), before, strict=True))
    with pytest.raises(StvsrError, match="leave 'flow' out"):
        STAA(RescalerConfig()).load_flow("spynet-compact")
