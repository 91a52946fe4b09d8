"""Laws of the network that moves frames along optical flow, in models that keep every r-th frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from stvsr.models.checkpoint import build, load, save
from stvsr.models.staa import STAA, InterpolatorConfig, RescalerConfig
from stvsr.models.staa.retimer import Retimer
from stvsr.training.parts import start_from

TINY = {"network": "warping", "features": 8, "blocks": 1, "layers": 2, "growth": 4, "fold": 2}
KEPT = {"constraint": "bicubic"}


def keeper(time: int = 2) -> STAA:
    torch.manual_seed(0)
    config = {"scale": [time, 1], "downsampler": KEPT, "upsampler": TINY}
    model = STAA(RescalerConfig.from_dict(config), "tiny").eval().requires_grad_(False)
    nn.init.normal_(model.upsampler.conv_last.weight, std=0.05)
    return model


def noise(frames: int, height: int = 9, width: int = 11) -> Tensor:
    codes = torch.randint(256, (1, 3, frames, height, width), generator=torch.Generator().manual_seed(1))
    return codes / 255


@pytest.mark.parametrize("time", [2, 3])
def test_every_rth_frame_is_stored_and_comes_back_to_the_bit(time: int) -> None:
    model, clip = keeper(time), noise(7)
    low = model.downsample(clip)
    assert torch.equal(low, clip[:, :, ::time])
    made = model.upsample(low)
    assert made.shape[2:] == model.scale.high_size(tuple(low.shape[2:]))
    assert torch.equal(made[:, :, ::time], low)
    assert torch.equal(made[:, :, -time:], low[:, :, -1:].expand(-1, -1, time, -1, -1))
    assert not torch.equal(made[:, :, 1], low[:, :, 0])


def test_frames_between_are_those_of_the_change_of_rate_at_the_same_instants() -> None:
    model = keeper(3)
    other = Retimer(InterpolatorConfig.from_dict({"scale": ["6/5", 1], "upsampler": TINY}), "other").eval()
    assert start_from(model, other) == (len(other.state_dict()), len(model.state_dict()))
    low = noise(4)
    with torch.no_grad():
        expected = other.frames_at(low, [Fraction(i, 3) for i in range(12)])
    assert torch.equal(model.upsample(low), expected)


def test_a_window_with_its_context_gives_what_the_whole_clip_gives() -> None:
    model, low = keeper(), noise(8)
    reach = model.context[0]
    part = model.upsample(low[:, :, 3 - reach : 6 + reach])[:, :, 2 * reach : 2 * reach + 6]
    assert torch.allclose(part, model.upsample(low)[:, :, 6:12], atol=1e-6)
    assert not model.exact_context  # flow looks at the whole picture: tiles pass smoothly into each other


def test_what_a_codec_made_of_the_kept_frames_is_what_it_learns_from() -> None:
    model = keeper().train().requires_grad_(True)
    low, high = model(noise(5), lambda low: (low * 8).round() / 8)
    assert torch.equal(low, noise(5)[:, :, ::2])
    assert torch.equal(high[:, :, ::2], (low * 8).round() / 8)
    high.sum().backward()
    assert float(model.upsampler.conv_last.weight.grad.abs().sum()) > 0


def test_a_model_is_written_and_read(tmp_path: Path) -> None:
    model = keeper(3)
    save(model, tmp_path / "tiny")
    again = load(tmp_path / "tiny")
    assert isinstance(again, STAA)
    assert torch.equal(again.upsample(noise(3)), model.upsample(noise(3)))


def test_its_flow_can_be_that_of_a_trained_network() -> None:
    model = build({"scale": [2, 1], "downsampler": KEPT, "upsampler": TINY}, "tiny")
    model.load_flow("spynet-compact")
    assert any(parameter.abs().max() > 0 for parameter in model.upsampler.flow.stacks[0][-1].parameters())
