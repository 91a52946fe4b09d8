"""Laws of the models that change the frame rate by p/q."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from stvsr.errors import StvsrError
from stvsr.models.checkpoint import build, load, save
from stvsr.models.staa import InterpolatorConfig
from stvsr.models.staa.retimer import Retimer
from stvsr.models.staa.warping import WarpingUpsampler

NETWORKS = ["dense", "recurrent", "warping"]
TINY = {"features": 8, "blocks": 1, "dense": 1, "layers": 2, "growth": 4, "fold": 2, "temporal": "none"}


def retimer(rate: str, network: str, space: int = 1, **upsampler: object) -> Retimer:
    torch.manual_seed(0)
    config = {"scale": [rate, space], "upsampler": {**TINY, "network": network, **upsampler}}
    model = Retimer(InterpolatorConfig.from_dict(config), "tiny")
    return model.eval().requires_grad_(False)


def trained(model: Retimer) -> Retimer:
    nn.init.normal_(model.upsampler.conv_last.weight, std=0.05)
    return model


def numbered(frames: int, height: int = 7, width: int = 9) -> Tensor:
    """A clip whose every pixel tells its frame's number, as a tenth."""
    return (torch.arange(frames) / 10)[None, None, :, None, None].expand(1, 3, -1, height, width)


@pytest.mark.parametrize("rate", ["6/5", "3/2", "7/3"])
@pytest.mark.parametrize("network", NETWORKS)
def test_frame_j_stands_at_j_q_over_p_before_any_training(network: str, rate: str) -> None:
    model = retimer(rate, network)
    made = model.upsample(numbered(8))
    places = [min(j / Fraction(rate), 7) for j in range(made.shape[2])]
    assert made.shape == (1, 3, int(8 * Fraction(rate)), 7, 9)
    assert torch.allclose(made[0, 0, :, 3, 4] * 10, torch.tensor([float(place) for place in places]), atol=1e-5)


@pytest.mark.parametrize("network", ["dense", "recurrent"])
def test_the_rate_and_the_size_may_change_together(network: str) -> None:
    made = retimer("6/5", network, space=2).upsample(numbered(6))
    assert made.shape == (1, 3, 7, 14, 18)
    assert torch.allclose(made[0, 0, :6, 7, 8] * 10, torch.arange(6) * 5 / 6, atol=1e-5)


@pytest.mark.parametrize("start", [1, 4, 5, 8])
def test_groups_of_q_frames_begin_at_multiples_of_q_wherever_a_window_begins(start: int) -> None:
    model = trained(retimer("6/5", "dense", blocks=1, layers=1))
    clip = torch.rand(1, 3, 60, 8, 8, generator=torch.Generator().manual_seed(1))
    places = [j * Fraction(5, 6) for j in range(72)]
    inside = [j for j, place in enumerate(places) if start + model.context[0] <= place <= 36]
    whole = model.upsample(clip)[:, :, inside]
    window = model.frames_at(clip[:, :, start : 37 + model.context[0]], [places[j] for j in inside], start)
    assert len(inside) > 1
    assert torch.allclose(window, whole, atol=1e-6)


def test_a_network_for_one_ratio_refuses_other_places() -> None:
    with pytest.raises(StvsrError, match="changes the rate by 6/5 alone"):
        retimer("6/5", "dense").frames_at(numbered(4), [Fraction(1, 2)])
    half = retimer("6/5", "warping").frames_at(numbered(4), [Fraction(1, 2), Fraction(9, 4)])
    assert torch.allclose(half[0, 0, :, 0, 0] * 10, torch.tensor([0.5, 2.25]))


def test_what_moves_is_moved_along_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without training: a pattern that shifts by 8 pixels a frame is found where it belongs, not twice."""

    def pattern(instant: float) -> Tensor:
        x = torch.arange(64) - 8 * instant
        return (0.5 + 0.4 * torch.sin(x / 3)).expand(1, 3, 32, 64)

    model = retimer("6/5", "warping")

    def shift(first: Tensor, second: Tensor) -> Tensor:  # both ways in one batch, in pixels of half the size
        return torch.tensor([4.0, -4.0])[:, None, None, None] * torch.tensor([1.0, 0.0])[:, None, None].expand(
            2, 2, 16, 32
        )

    monkeypatch.setattr(model.upsampler.flow, "forward", shift)
    clip = torch.stack([pattern(0), pattern(1)], dim=2)
    for share in (Fraction(1, 6), Fraction(1, 2), Fraction(5, 6)):
        made = model.frames_at(clip, [share])[0, 0, 0, 16, 12:52]
        assert (made - pattern(float(share))[0, 0, 16, 12:52]).abs().max() < 0.02


@pytest.mark.parametrize("network", NETWORKS)
def test_given_frames_come_back_as_they_are_or_nearly(network: str) -> None:
    clip = torch.rand(1, 3, 6, 9, 11, generator=torch.Generator().manual_seed(1))
    model = retimer("6/5", network)
    if network == "warping":
        model = trained(model)
    made = model.upsample(clip)
    assert torch.allclose(made[:, :, [0, 6]], clip[:, :, [0, 5]], atol=1e-6)


def test_of_a_finer_clip_every_pth_frame_is_given_and_every_qth_is_due() -> None:
    model, fine = retimer("6/5", "warping"), numbered(34) / 10
    low, made = model(fine)
    assert torch.equal(low, fine[:, :, 0:31:6])
    assert torch.equal(model.targets(fine), fine[:, :, 0:31:5])
    assert torch.allclose(made, model.targets(fine), atol=1e-6)


def test_frames_are_taken_as_they_are() -> None:
    model = retimer("6/5", "warping")
    for refused in (lambda: model.operator, lambda: model.downsample(numbered(6))):
        with pytest.raises(StvsrError, match="takes frames as they are"):
            refused()
    assert model.down_context == 0


def test_the_weights_of_the_flow_are_taken_over() -> None:
    model = retimer("6/5", "warping")
    model.load_flow("spynet-compact")
    assert isinstance(model.upsampler, WarpingUpsampler)
    assert any(parameter.abs().max() > 0 for parameter in model.upsampler.flow.stacks[0][-1].parameters())
    with pytest.raises(StvsrError, match="leave 'flow' out"):
        retimer("6/5", "dense").load_flow("spynet-compact")
    with pytest.raises(StvsrError, match="leave 'flow' out"):
        retimer("6/5", "warping", flow="search").load_flow("spynet-compact")


def test_a_searched_flow_moves_frames_without_weights_or_training() -> None:
    noise = torch.rand(1, 3, 10, 14, generator=torch.Generator().manual_seed(0))
    wide = nn.functional.interpolate(noise, size=(80, 112), mode="bicubic").clamp(0, 1)
    clip = torch.stack([wide[..., 8:72, 4 * frame : 4 * frame + 88] for frame in range(4)], 2)
    model = retimer("3/2", "warping", flow="search")
    assert not list(model.upsampler.flow.parameters())
    made = model.frames_at(clip, [Fraction(1, 2), Fraction(3, 2)])
    truth = torch.stack([wide[..., 8:72, x : x + 88] for x in (2, 6)], 2)
    inside = (..., slice(8, -8), slice(16, -16))
    blend = (clip[:, :, 0:2] + clip[:, :, 1:3]) / 2
    assert (made - truth)[inside].abs().mean() < 0.2 * (blend - truth)[inside].abs().mean()


def test_a_model_is_written_and_read_without_a_downsampler(tmp_path: Path) -> None:
    model = trained(retimer("6/5", "warping"))
    save(model, tmp_path / "tiny")
    again = load(tmp_path / "tiny")
    assert "downsampler" not in again.config.to_dict()
    assert torch.equal(again.upsample(numbered(4)), model.upsample(numbered(4)))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scale": ["6/5", 1], "downsampler": {"window": [1, 1, 1]}}, "leave 'downsampler' out"),
        ({"scale": ["6/5", 1], "upsampler": {"data_step": True}}, "leave 'data_step' out"),
        ({"scale": ["6/5", 1], "upsampler": {"network": "alternating"}}, "take another network"),
        ({"scale": ["6/5", 2], "upsampler": {"network": "warping"}}, "give a space factor of 1"),
        ({"scale": [1, 1], "upsampler": {"network": "warping"}}, r"give a scale such as \[2, 1\]"),
        ({"scale": [2, 1], "upsampler": {"network": "warping"}}, "give constraint: bicubic"),
    ],
)
def test_what_does_not_go_together_is_one_line(config: dict[str, object], message: str) -> None:
    with pytest.raises(StvsrError, match=message) as raised:
        build(config)
    assert "\n" not in str(raised.value)
