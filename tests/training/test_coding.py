from fractions import Fraction

import pytest
import torch

from stvsr.errors import StvsrError
from stvsr.models.checkpoint import build
from stvsr.training.coding import Coded, codecs, draw_codec
from stvsr.training.recipe import CodecRecipe
from stvsr.training.validation import quality
from stvsr.video.encoders import encoder

SMALL = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 1, "growth": 4}


@pytest.fixture
def model():
    return build({"scale": [2, 2], "downsampler": {"shared": True}, "upsampler": SMALL}, "staa-2t2s-tiny")


def waves(batch=2, frames=4, side=64):
    y, x = torch.meshgrid(torch.arange(side) / 9, torch.arange(side) / 7, indexing="ij")
    clip = torch.stack([torch.sin(x + 0.3 * t) * torch.cos(y - 0.2 * t) for t in range(frames)])
    return (0.5 + 0.3 * clip).expand(batch, 3, -1, -1, -1).contiguous()


@pytest.mark.parametrize(("name", "chroma"), [("h264", 420), ("h265", 420), ("h265", 444), ("av1", 420)])
def test_a_codec_changes_values_and_hands_gradients_on(name, chroma, model):
    low = waves().requires_grad_()
    codec = codecs(CodecRecipe(name, (30, 30), chroma), model)[0]
    assert codec.rate == Fraction(25, 2)
    back = codec(low)
    change = float((back - low).detach().abs().mean())
    assert 1e-4 < change < 0.05
    torch.testing.assert_close(back * 255, (back * 255).round(), atol=1e-3, rtol=0)
    back.sum().backward()
    torch.testing.assert_close(low.grad, torch.ones_like(low))


def test_each_clip_of_a_batch_comes_back_at_its_place():
    low = waves()
    low[1] = low[1].flip(-1)
    back = Coded(encoder("h264", 5), Fraction(25))(low)
    assert float((back - low).abs().max()) < 0.1


def test_the_rate_factor_is_a_pure_function_of_seed_and_step_within_its_range(model):
    recipe = CodecRecipe("h264", (20, 23))
    drawn = [draw_codec(recipe, model, 0, step).encoder.options["crf"] for step in range(40)]
    assert set(drawn) == {"20", "21", "22", "23"}
    assert drawn[:5] == [draw_codec(recipe, model, 0, step).encoder.options["crf"] for step in range(5)]
    assert drawn != [draw_codec(recipe, model, 1, step).encoder.options["crf"] for step in range(40)]
    assert draw_codec(CodecRecipe(), model, 0, 0) is None


def test_validation_is_at_both_ends_and_the_middle(model):
    factors = [codec.encoder.options["crf"] for codec in codecs(CodecRecipe("h265", (24, 42)), model)]
    assert factors == ["24", "33", "42"]
    assert codecs(CodecRecipe(), model) == []
    clip = (waves(1) * 255).round().byte()
    best, worst = (quality(model, clip, Coded(encoder("h264", crf), Fraction(25)))["psnr"] for crf in (10, 50))
    assert best > worst


def test_a_model_that_is_given_its_low_clip_is_refused():
    with pytest.raises(StvsrError, match="'codec' is for models that shrink clips themselves"):
        codecs(CodecRecipe("h265"), torch.nn.Identity())


def test_the_network_learns_from_what_comes_back(model):
    clip = waves()[:, :, :, :64, :64]
    low, high = model(clip, Coded(encoder("h264", 40), Fraction(25)))
    _, clean = model(clip)
    assert high.shape == clip.shape
    assert not torch.equal(high, clean)
    high.mean().backward()
    assert float(model.downsampler.weight.grad.abs().sum()) > 0
    assert low.shape == (2, 3, 2, 32, 32)
