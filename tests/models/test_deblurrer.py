"""Laws of the models that make sharp frames of blurred ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from stvsr.errors import StvsrError
from stvsr.models.checkpoint import build, load, save
from stvsr.models.staa.deblurrer import Deblurrer
from stvsr.models.zoo import choose, find
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale

NETWORKS = ["dense", "recurrent", "alternating"]
TINY = {"features": 8, "blocks": 1, "dense": 1, "layers": 1, "growth": 4, "fold": 2, "temporal": "none"}
FACTORS = [(5, 1), (2, 4)]


def deblurrer(time: int, space: int, network: str = "dense", **upsampler: object) -> Deblurrer:
    """A model whose weights are not those that it starts with."""
    torch.manual_seed(0)
    settings = {**TINY, "network": network, "data_step": network != "alternating", **upsampler}
    config = {"scale": [time, space], "downsampler": {"constraint": "exposure"}, "upsampler": settings}
    model = build(config, "tiny")
    assert isinstance(model, Deblurrer)
    for name, parameter in model.upsampler.named_parameters():
        if "last" in name:
            nn.init.normal_(parameter, std=0.1)
    return model.eval()


def clip(*size: int) -> Tensor:
    """A smooth clip, so that a data step at borders is no worse than inside."""
    noise = torch.rand(1, 3, 2, 3, 3, generator=torch.Generator().manual_seed(1))
    return nn.functional.interpolate(noise, size=size, mode="trilinear", align_corners=True)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(("time", "space"), FACTORS)
@torch.no_grad()
def test_any_exposure_comes_back_at_the_clips_size(network: str, time: int, space: int) -> None:
    model, high = deblurrer(time, space, network), clip(2 * time, 13, 18)
    for exposure in (0.2, 0.7, 1.0):
        degradation = Degradation(time, space, exposure=exposure)
        low, restored = model(high, degradation)
        assert restored.shape == high.shape
        assert torch.equal(low, model.bind(degradation).downsample(high))
        assert model.bind(degradation).upsample(low).shape[2:] == model.scale.high_size((2, *low.shape[3:]))
    assert model(high)[1].equal(restored)  # unless told otherwise, the shutter is open throughout


@pytest.mark.parametrize("network", NETWORKS)
@torch.no_grad()
def test_the_exposure_that_is_told_matters(network: str) -> None:
    model = deblurrer(5, 1, network)
    low = model.downsample(clip(10, 12, 12))
    made = [model.bind(Degradation(5, exposure=exposure)).upsample(low) for exposure in (0.4, 1.0)]
    assert (made[0] - made[1]).abs().max() > 0.01


@pytest.mark.parametrize("shutter", ["box", "trapezoid"])
@torch.no_grad()
def test_with_the_data_step_the_answer_blurs_to_what_was_given(shutter: str) -> None:
    degradation = Degradation(5, exposure=0.7, shutter=shutter)
    low = degradation.apply(clip(10, 12, 12))
    errors = []
    for data_step in (False, True):
        made = deblurrer(5, 1, data_step=data_step).restore(low, degradation.operator())
        errors.append(float((degradation.operator()(made) - low).abs().max()))
    assert errors[1] < 0.02 * errors[0]


@torch.no_grad()
def test_before_any_training_an_edge_in_motion_is_where_the_shutter_saw_it() -> None:
    model = deblurrer(5, 1, data_step=False)
    for parameter in model.upsampler.conv_last.parameters():
        nn.init.zeros_(parameter)
    ramp = (torch.arange(20) / 20)[None, None, :, None, None].expand(1, 3, -1, 6, 6)
    for exposure in (0.2, 0.6, 1.0):
        operator = Degradation(5, exposure=exposure).operator()
        made = model.restore(operator(ramp), operator)
        assert torch.allclose(made[:, :, 5:15], ramp[:, :, 5:15], atol=1e-5)


@torch.no_grad()
def test_within_its_context_a_window_is_the_whole_clip() -> None:
    bound = deblurrer(5, 1).bind(Degradation(5, exposure=0.8))
    low = bound.downsample(clip(60, 8, 8))
    frames = bound.context[0]
    part = bound.upsample(low[:, :, 5 - frames : 6 + frames])
    assert torch.allclose(part[:, :, 5 * frames : 5 * frames + 5], bound.upsample(low)[:, :, 25:30], atol=1e-5)


def test_training_lowers_the_loss_at_any_exposure() -> None:
    model, high = deblurrer(5, 1).train(), clip(5, 8, 8)
    high[:, :, ::2] += 0.1  # a flicker that only the network can know of
    optimiser, losses = torch.optim.Adam(model.parameters(), 2e-2), []
    for exposure in (0.3, 0.6, 1.0) * 6:
        loss = (model(high, Degradation(5, exposure=exposure))[1] - high).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])
    assert model.log_alpha.grad is not None


def test_it_is_saved_loaded_and_known_as_one_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = deblurrer(5, 1)
    save(model, tmp_path / "staa-5t1s-tiny")
    entry = find(tmp_path / "staa-5t1s-tiny")
    assert (entry.is_conditional, entry.task) == (True, "deblur")
    assert entry.default_degradation == {"time": 5, "space": 1}
    low = model.downsample(clip(10, 9, 7))
    with torch.no_grad():
        assert torch.equal(load(tmp_path / "staa-5t1s-tiny").upsample(low), model.upsample(low))
    monkeypatch.setattr("stvsr.models.zoo.WEIGHTS", tmp_path)
    with pytest.raises(
        StvsrError, match="no model to rescale by 5t1s"
    ):  # it shrinks nothing, so nothing that shrinks takes it
        choose("rescale", Scale.of(5, 1))


@pytest.mark.parametrize(
    ("degradation", "iterations", "told"),
    [
        (Degradation(2, 1), None, "made for 5t1s, not for 2t1s: take `model` davsr-compact"),
        (Degradation(5, 1, noise=3), None, "`noise`: tiny removes none"),
        (Degradation(5, 1, blur="gaussian:1.5"), None, "`blur`: tiny only removes that of a shutter"),
        (Degradation(5, 1), 2, "`iterations`: tiny has no rounds"),
    ],
)
def test_what_it_cannot_undo_is_refused_in_one_line(
    degradation: Degradation, iterations: int | None, told: str
) -> None:
    with pytest.raises(StvsrError, match=told) as error:
        deblurrer(5, 1).bind(degradation, iterations)
    assert "\n" not in str(error.value)
    deblurrer(5, 1).bind(Degradation(5, 1, blur="area"))  # where space is left alone, this is nothing
    with pytest.raises(StvsrError, match="`blur`"):
        deblurrer(2, 4).bind(Degradation(2, 4, blur="area"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"downsampler": {"constraint": "exposure", "window": [5, 1, 1]}}, "leave it out of task deblur"),
        ({"scale": [5, 2, 1]}, "same factor for height and width"),
        ({"scale": ["6/5", 1]}, "needs a whole one"),
        ({"upsampler": {"network": "warping"}}, "needs frames as they are"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(StvsrError, match=told):
        build({"scale": [5, 1], "downsampler": {"constraint": "exposure"}, "upsampler": TINY, **changes})


def test_only_a_model_with_optical_flow_takes_its_weights() -> None:
    deblurrer(5, 1, "alternating").load_flow("spynet-compact")
    with pytest.raises(StvsrError, match="leave 'flow' out"):
        deblurrer(5, 1).load_flow("spynet-compact")
