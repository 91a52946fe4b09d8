"""Laws of the whole DAVSR model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import stvsr
from stvsr.errors import StvsrError
from stvsr.models import checkpoint
from stvsr.models.davsr.config import DAVSRConfig
from stvsr.models.davsr.convolutional import ConvolutionalEnhancement
from stvsr.models.davsr.hyper import FACTS, iteration_facts, power
from stvsr.models.davsr.model import DAVSR
from stvsr.models.davsr.motion import instants
from stvsr.physics.degradation import Degradation
from stvsr.physics.interpolation import trilinear

FLOW = {"channels": [4, 4, 4, 4], "kernel": 3, "levels": 2}
CONVOLUTIONAL = {"kind": "convolutional", "features": 8, "blocks": 1, "layers": 2, "growth": 4}
RECURRENT = {
    "kind": "recurrent",
    "features": 8,
    "stem_blocks": 1,
    "branch_blocks": 1,
    "reconstruction_blocks": 1,
    "groups": 2,
    "branches": ["backward", "forward"],
    "flow": FLOW,
}
DEGRADATIONS = [
    Degradation(5, 4),
    Degradation(2, 2, exposure=0.5, noise=4),
    Degradation(1, 3, blur="gaussian:1.2"),
    Degradation(4, 1, shutter="trapezoid"),
    Degradation(1, 1, blur="gaussian:1"),
]


def _model(enhancer: dict[str, Any] = CONVOLUTIONAL, trained: bool = True, **settings: Any) -> DAVSR:
    torch.manual_seed(0)
    start = "motion" if enhancer["kind"] == "convolutional" else "trilinear"
    config = {"iterations": 2, "start": start, "motion": FLOW, "enhancer": enhancer, "hidden": 8, **settings}
    model = DAVSR(DAVSRConfig.from_dict(config))
    if trained and isinstance(model.enhancer, ConvolutionalEnhancement):
        for last in model.enhancer.last:
            nn.init.normal_(last.weight, std=0.02)  # type: ignore[arg-type]
    return model.eval()


def _clip(*size: int) -> Tensor:
    rough = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    return nn.functional.avg_pool3d(rough, 3, stride=1, padding=1, count_include_pad=False)


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=str)
@pytest.mark.parametrize("enhancer", [CONVOLUTIONAL, RECURRENT], ids=["convolutional", "recurrent"])
@torch.no_grad()
def test_one_set_of_weights_serves_every_degradation_at_odd_sizes(
    degradation: Degradation, enhancer: dict[str, Any]
) -> None:
    model, clip = _model(enhancer), _clip(6, 17, 22)
    low = degradation.apply(clip)
    high = model.restore(low, degradation.operator(), noise=degradation.noise)
    frames, height, width = low.shape[2:]
    assert tuple(high.shape[2:]) == degradation.scale.high_size((frames, height, width))
    assert high.min() >= 0
    assert high.max() <= 1
    given, outputs = model(clip, degradation.but(noise=0.0))
    assert len(outputs) == 2
    assert all(output.shape == clip.shape for output in outputs)
    assert torch.equal(given, degradation.but(noise=0.0).apply(clip))


@torch.no_grad()
def test_an_untrained_model_alternates_data_steps_with_nothing() -> None:
    model, clip, degradation = _model(trained=False), _clip(10, 16, 16), Degradation(5, 2)
    low, operator = degradation.apply(clip), degradation.operator()
    trace = model.trace(low, operator, iterations=3)
    assert len(trace.data) == len(trace.enhanced) == len(trace.alphas) == len(trace.betas) == 3
    # an untrained flow network finds no motion: X0 is interpolation in time of interpolation in space
    assert torch.allclose(trace.start, trilinear(low, operator.scale, operator.kernel.centroid), atol=1e-5)
    guess = trace.start
    for z, x, alpha in zip(trace.data, trace.enhanced, trace.alphas, strict=True):
        assert torch.allclose(z, operator.data_step(low, guess, alpha, refinements=1), atol=1e-5)
        assert torch.equal(z, x)
        guess = x
    misfit = [(operator.forward(video) - low).abs().mean() for video in (trace.start, trace.data[0], trace.data[2])]
    assert misfit[0] > misfit[1] > misfit[2]


@torch.no_grad()
def test_restoring_is_the_last_of_the_trace_and_depends_on_the_iterations() -> None:
    model, degradation = _model(), Degradation(2, 2)
    low = degradation.apply(_clip(6, 16, 16))
    trace = model.trace(low, degradation.operator(), iterations=3)
    assert torch.equal(model.restore(low, degradation.operator(), iterations=3), trace.enhanced[-1].clamp(0, 1))
    assert not torch.equal(model.restore(low, degradation.operator(), iterations=1), trace.enhanced[-1].clamp(0, 1))


@pytest.mark.parametrize("learns", [True, False])
def test_training_reaches_every_parameter_and_those_of_the_flow_unless_it_is_frozen(learns: bool) -> None:
    model = _model().train()
    assert model.motion is not None
    model.motion.requires_grad_(learns)
    _, outputs = model(_clip(4, 16, 16), Degradation(2, 2, noise=2))
    torch.stack([output.square().mean() for output in outputs]).sum().backward()  # type: ignore[no-untyped-call]
    for name, parameter in model.named_parameters():
        if "flow" in name.split("."):
            assert (parameter.grad is not None) is learns, name
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
    if learns:
        last = [parameter.grad for name, parameter in model.named_parameters() if "flow" in name.split(".")][-1]
        assert last is not None
        assert last.abs().sum() > 0


def test_every_space_factor_has_ends_of_its_own_and_larger_ones_those_of_the_last() -> None:
    model = _model({**CONVOLUTIONAL, "ends": 2}).train()
    reached = []
    for space in (1, 2, 3):
        model.zero_grad()
        _, outputs = model(_clip(3, 16, 16), Degradation(1, space))
        outputs[-1].square().mean().backward()
        names = {name for name, parameter in model.enhancer.named_parameters() if parameter.grad is not None}
        reached.append({name.split(".")[1] for name in names if name.startswith(("first", "guide", "last"))})
        assert any(name.startswith("body") for name in names)
    assert reached == [{"0"}, {"1"}, {"1"}]


@torch.no_grad()
def test_the_binding_follows_the_contract_of_a_restorer() -> None:
    model, degradation = _model(), Degradation(2, 4, noise=3)
    bound, clip = model.bind(degradation, iterations=1), _clip(5, 20, 24)
    low = bound.downsample(clip)
    assert torch.equal(low, bound.downsample(clip))  # the noise is that of the clip, not of the call
    assert tuple(low.shape[2:]) == bound.scale.low_size((5, 20, 24))
    expected = model.restore(low, degradation.operator(), noise=3, iterations=1)
    assert torch.equal(bound.upsample(low), expected)
    assert bound.context[0] < model.bind(degradation, iterations=3).context[0]
    assert bound.down_context == 0
    assert bound.bytes_per_low_pixel > 0


@torch.no_grad()
def test_the_model_itself_undoes_its_own_degradation() -> None:
    model = _model(degradation={"time": 5, "space": 2, "exposure": 0.6})
    bound = model.bind(Degradation(5, 2, exposure=0.6))
    low = model.downsample(_clip(5, 16, 16))
    assert torch.equal(low, bound.downsample(_clip(5, 16, 16)))
    assert torch.equal(model.upsample(low), bound.upsample(low))
    assert (model.scale, model.context, model.down_context) == (bound.scale, bound.context, bound.down_context)


@torch.no_grad()
def test_a_window_with_the_declared_context_gives_what_the_whole_clip_gives() -> None:
    model, degradation = _model({**CONVOLUTIONAL, "blocks": 1, "layers": 1}), Degradation(2, 2)
    bound = model.bind(degradation, iterations=1)
    low = degradation.apply(_clip(40, 8, 8))
    margin = bound.context[0]
    whole = bound.upsample(low)
    part = bound.upsample(low[:, :, 10 - margin : 11 + margin])
    assert torch.allclose(part[:, :, 2 * margin : 2 * margin + 2], whole[:, :, 20:22], atol=1e-3)


@torch.no_grad()
def test_the_hyper_parameters_follow_what_varies() -> None:
    model, size = _model(), (4, 8, 8)
    nn.init.normal_(model.hyper.body[-1].weight, std=0.3)  # type: ignore[arg-type]
    seen = set()
    for degradation, noise in [(Degradation(5, 4), 0.0), (Degradation(5, 4), 8.0), (Degradation(2, 4), 0.0)]:
        operator = degradation.operator()
        powers = power(operator, size)
        for index in range(2):
            facts = iteration_facts(operator, noise, powers, index, 2)
            assert facts.shape == (FACTS,)
            assert facts.isfinite().all()
            assert facts.abs().max() <= 3
            made = model.hyper(facts, powers[0])
            assert made.alpha > 0
            assert made.beta > 0
            seen.add((float(made.alpha), float(made.beta)))
    assert len(seen) == 6


def test_the_mean_power_is_that_of_the_spectrum() -> None:
    operator = Degradation(5, 4).operator()
    spectrum = torch.fft.fftn(operator.low_kernel(), s=(8, 16, 16), dim=(1, 2, 3)).abs()
    assert power(operator, (8, 16, 16))[0] == pytest.approx(float(spectrum.mean()), rel=1e-3)


@pytest.mark.parametrize(("time", "centre"), [(1, 0.0), (2, 0.5), (2, 0.0), (5, 2.0), (4, 1.125)])
def test_instants_lie_around_their_nearest_frame(time: int, centre: float) -> None:
    nearest, distance = instants(4, time, centre)
    places = torch.arange(4 * time)
    assert torch.allclose(nearest * time + centre + distance * time, places.float(), atol=1e-5)
    inside = (places > centre) & (places < 3 * time + centre)
    assert (distance[inside].abs() <= 0.5 + 1e-3).all()


@torch.no_grad()
def test_uniform_motion_is_followed_between_the_low_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the true flow, X0 is the moving picture at every instant, where interpolation shows it double."""
    model, speed, time = _model(), 2, 4
    wide = _clip(3, 32, 96)[:, :, :1]
    clip = torch.cat([wide[..., 40 - speed * t : 72 - speed * t] for t in range(12)], 2)
    degradation = Degradation(time, 1, exposure=0.25)
    low, operator = degradation.apply(clip), degradation.operator()
    assert model.motion is not None
    pixels = speed * time / 4  # on the quarter-size grid

    def flow(first: Tensor, second: Tensor) -> Tensor:
        shift = pixels if torch.equal(first[:1], model_frames[:1]) else -pixels
        field = torch.zeros(len(first), 2, *first.shape[2:])
        field[:, 0] = shift
        return field

    frames = low.transpose(1, 2).flatten(0, 1)
    model_frames = nn.functional.interpolate(frames, size=(8, 8), mode="bilinear", antialias=True)
    monkeypatch.setattr(model.motion.flow, "forward", flow)
    inner = (slice(None), slice(None), slice(0, 9), slice(None), slice(12, 20))
    followed = (model.motion(low, operator).start - clip)[inner].abs().max()
    blended = (trilinear(low, operator.scale, operator.kernel.centroid) - clip)[inner].abs().max()
    assert followed < 0.01 < 0.1 < blended


@pytest.mark.parametrize("space", [1, 2])
@torch.no_grad()
def test_a_search_finds_that_motion_at_any_factor_in_space(space: int) -> None:
    model, speed, time, side = _model(start="search"), 2, 4, 64 * space
    wide = nn.functional.interpolate(_clip(3, side, 3 * side)[:, :, :1], scale_factor=(1, 2, 2), mode="trilinear")
    wide = wide[..., :side, :]
    clip = torch.cat([wide[..., 2 * side - speed * t : 3 * side - speed * t] for t in range(12)], 2)
    degradation = Degradation(time, space, exposure=0.25)
    low, operator = degradation.apply(clip), degradation.operator()
    assert model.motion is not None
    inner = (slice(None), slice(None), slice(0, 9), slice(16, -16), slice(24, -24))
    followed = (model.motion(low, operator).start - clip)[inner].abs().mean()
    blended = (trilinear(low, operator.scale, operator.kernel.centroid) - clip)[inner].abs().mean()
    assert followed < blended / 3
    with pytest.raises(StvsrError, match="leave 'flow' out"):
        model.load_flow("spynet-compact")


def test_a_model_survives_its_files(tmp_path: Path) -> None:
    model = _model(degradation={"time": 2, "space": 4, "noise": 1.5})
    checkpoint.save(model, tmp_path / "m", {"licence": "MIT"})
    loaded = stvsr.load(tmp_path / "m")
    assert isinstance(loaded, DAVSR)
    assert loaded.config == model.config
    low = model.downsample(_clip(4, 16, 16))
    assert torch.equal(loaded.upsample(low), model.upsample(low))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"iterations": 0}, "iterations"),
        ({"start": "nearest"}, "start"),
        ({"start": "trilinear"}, "motion"),
        ({"enhancer": {"kind": "magic"}}, "kind"),
        ({"enhancer": {"features": True}}, "features"),
        ({"enhancer": {"width": 3}}, "width"),
        ({"degradation": {"time": 0}}, "time"),
        ({"degradation": {"speed": 2}}, "speed"),
        ({"motion": {"kernel": 4}}, "kernel"),
        ({"context": [1]}, "context"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(StvsrError, match=message):
        DAVSRConfig.from_dict(settings)


def test_too_many_iterations_are_refused() -> None:
    with pytest.raises(StvsrError, match="iterations"):
        _model().bind(Degradation(2, 2), iterations=99)


def test_a_flow_network_of_other_sizes_is_refused() -> None:
    with pytest.raises(StvsrError, match="sizes"):
        _model().load_flow("spynet-compact")
