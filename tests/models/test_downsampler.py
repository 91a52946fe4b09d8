"""Laws of the downsamplers of STAA's Table 2."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.models.staa.config import Constraint, DownsamplerConfig
from stvsr.models.staa.downsampler import AdaptiveDownsampler, Downsampler, block_origin
from stvsr.physics.scale import Scale

LEARNED: list[Constraint] = ["none", "softmax"]
FIXED: list[Constraint] = ["bicubic", "gaussian"]
SCALES = [Scale.of(2, 4), Scale.of(2, 1), Scale.of(1, 2), Scale(3, 2, 5)]


def _clip(*size: int) -> Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("scale", SCALES, ids=str)
@pytest.mark.parametrize("constraint", [*LEARNED, "adaptive"])
def test_any_scale_and_window_gives_8_bit_values_of_the_low_size(constraint: Constraint, scale: Scale) -> None:
    config = DownsamplerConfig(constraint=constraint, window=(3, 5, 4))
    model = (AdaptiveDownsampler if constraint == "adaptive" else Downsampler)(config, scale)
    low = model(_clip(5, 11, 13))
    assert tuple(low.shape[2:]) == scale.low_size((5, 11, 13))
    codes = low * 255
    assert torch.allclose(codes, codes.round(), atol=1e-4)
    assert 0 <= low.min() < low.max() <= 1


@pytest.mark.parametrize("constraint", [*LEARNED, *FIXED, "adaptive"])
def test_a_flat_clip_stays_what_it_is(constraint: Constraint) -> None:
    model = (AdaptiveDownsampler if constraint == "adaptive" else Downsampler)(
        DownsamplerConfig(constraint=constraint, window=(3, 7, 7)), Scale.of(2, 4)
    )
    low = model(torch.full((1, 3, 5, 9, 10), 100 / 255))
    assert torch.allclose(low * 255, torch.tensor(100.0), atol=1e-3)


def test_softmax_taps_are_a_weighted_mean_whatever_the_weights() -> None:
    model = Downsampler(DownsamplerConfig(window=(3, 3, 3)), Scale.of(2, 1))
    torch.nn.init.normal_(model.weight, std=5)
    taps = model.kernel.taps
    assert taps.min() >= 0
    assert torch.allclose(model.kernel.mass, torch.ones(3))


def test_colours_start_at_their_phases() -> None:
    phases = ((0.0, 0.2, 0.5), (0.5, 0.8, 0.5), (1.0, 0.5, 0.5))
    config = DownsamplerConfig(window=(6, 12, 12), phases=phases, sigma=0.25)
    centroid = Downsampler(config, Scale.of(2, 4)).kernel.centroid
    expected = torch.tensor(phases) * torch.tensor([1.0, 3.0, 3.0])
    assert (centroid - expected).abs().max() < 0.05


def test_the_window_of_the_paper_is_centred_on_the_first_sample() -> None:
    model = Downsampler(DownsamplerConfig(window=(3, 3, 3), origin=(-1, -1, -1)), Scale.of(2, 4))
    assert model.kernel.origin == (-1, -1, -1)
    assert block_origin((4, 8, 8), (2, 4, 4)) == (-1, -2, -2)


@pytest.mark.parametrize("constraint", ["softmax", "adaptive"])
@pytest.mark.parametrize("origin", [(1, 3, 3), (-2, -2, -2)])
def test_a_window_that_just_meets_its_block_works_on_the_smallest_clips(
    constraint: Constraint, origin: tuple[int, int, int]
) -> None:
    config = DownsamplerConfig(constraint=constraint, origin=origin)
    model = (AdaptiveDownsampler if constraint == "adaptive" else Downsampler)(config, Scale.of(2, 4))
    assert model(torch.full((1, 3, 1, 1, 2), 0.4)).flatten().tolist() == pytest.approx([0.4] * 3)


@pytest.mark.parametrize("sigma", [0.02, 8.0])
@pytest.mark.parametrize("constraint", ["softmax", "none", "gaussian"])
def test_the_narrowest_and_the_widest_start_keep_brightness(constraint: Constraint, sigma: float) -> None:
    for scale in SCALES:
        mass = Downsampler(DownsamplerConfig(constraint=constraint, sigma=sigma), scale).kernel.mass
        assert torch.allclose(mass, torch.ones_like(mass))


def test_a_shared_filter_is_one_for_all_colours_and_starts_at_the_first_phase() -> None:
    config = DownsamplerConfig(window=(2, 3, 3), phases=((1, 0.5, 0.5), (0, 0, 0), (0, 1, 1)), sigma=0.2, shared=True)
    layer = Downsampler(config, Scale.of(2, 2))
    assert layer.weight.shape == (1, 1, 2, 3, 3)
    torch.testing.assert_close(layer.kernel.centroid[:, 0], torch.tensor([1.0]), atol=0.05, rtol=0)
    grey = torch.rand(1, 1, 4, 9, 8).expand(-1, 3, -1, -1, -1)
    low = layer(grey)
    assert torch.equal(low[:, 0], low[:, 1])
    assert torch.equal(low[:, 0], low[:, 2])
    low.sum().backward()
    assert layer.weight.grad is not None
    with pytest.raises(StvsrError, match=r"downsampler\.shared is for filters"):
        DownsamplerConfig("adaptive", shared=True)


def test_bicubic_keeps_every_second_frame_as_it_is() -> None:
    model = Downsampler(DownsamplerConfig(constraint="bicubic", quantised=False), Scale.of(2, 1))
    clip = _clip(5, 4, 6)
    assert torch.equal(model(clip), clip[:, :, ::2])
    assert not list(model.parameters())


def test_every_learned_tap_receives_a_gradient_through_the_quantiser() -> None:
    for constraint in LEARNED:
        model = Downsampler(DownsamplerConfig(constraint=constraint, window=(3, 4, 4)), Scale.of(2, 4))
        (model(_clip(4, 8, 8)) ** 2).sum().backward()
        assert model.weight.grad is not None
        assert (model.weight.grad != 0).all()


def test_the_adaptive_filter_differs_from_place_to_place_once_trained() -> None:
    model = AdaptiveDownsampler(DownsamplerConfig(constraint="adaptive", quantised=False), Scale.of(2, 2))
    clip = _clip(4, 8, 8)
    same = Downsampler(DownsamplerConfig(quantised=False), Scale.of(2, 2))(clip)
    assert torch.allclose(model(clip), same, atol=1e-5)
    torch.nn.init.normal_(model.predict[2].weight)
    assert (model(clip) - same).abs().max() > 1e-2


@pytest.mark.parametrize(
    "settings",
    [
        {"constraint": "sharp"},
        {"window": (3, 3)},
        {"window": (3, 3, 99)},
        {"origin": (0, 0, 50)},
        {"phases": ((0, 0, 0), (1, 1))},
        {"phases": ((9, 0, 0),) * 3},
        {"phases": ((10**400, 0, 0),) * 3},
        {"window": (True, 3, 3)},
        {"sigma": "abc"},
        {"sigma": 0},
        {"sigma": -0.3},
        {"sigma": float("nan")},
        {"sigma": float("inf")},
        {"sigma": 1e-9},
        {"quantised": "maybe"},
        {"quantised": 1},
    ],
)
def test_impossible_settings_are_refused_in_one_line(settings: dict[str, object]) -> None:
    with pytest.raises(StvsrError) as error:
        DownsamplerConfig(**settings)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
