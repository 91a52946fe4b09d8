import pytest
import torch

from stvsr.evaluation.methods.interpolation import Subsampling, baseline, baselines_for
from stvsr.physics.scale import Scale

SCALES = [Scale.of(2), Scale.of(3, 1), Scale.of(1, 2), Scale.of(2, 4), Scale(2, 3, 1)]


@pytest.mark.parametrize("scale", SCALES, ids=str)
def test_sizes_follow_the_contract_at_odd_sizes(scale):
    clip = torch.rand(2, 3, 7, 37, 31)
    for method in baselines_for(scale):
        low = method.downsample(clip)
        assert low.shape[2:] == scale.low_size((7, 37, 31))
        assert torch.equal((low * 255).round() / 255, low)
        assert method.upsample(low).shape[2:] == scale.high_size(low.shape[2:])


def test_kept_frames_come_back_unchanged():
    clip = torch.randint(0, 256, (1, 3, 5, 9, 8)).float() / 255
    for method in baselines_for(Scale.of(2)):
        high = method.upsample(method.downsample(clip))
        assert torch.equal(high[:, :, :5:2], clip[:, :, ::2])


@pytest.mark.parametrize("scale", [Scale.of(2, 1), Scale.of(4, 1), Scale.of(2, 4), Scale.of(3, 2)], ids=str)
def test_a_linear_ramp_stays_in_its_place_and_its_instant(scale):
    t, y, x = torch.meshgrid(torch.arange(13.0), torch.arange(48.0), torch.arange(48.0), indexing="ij")
    clip = ((30 + 4 * t + 2 * y + x) / 255).expand(1, 3, -1, -1, -1)
    for method in baselines_for(scale):
        if method.time == "linear":
            high = method.upsample(method.downsample(clip))[:, :, :13]
            inside = (..., slice(0, 13), slice(16, -16), slice(16, -16))
            assert (high - clip)[inside].abs().max() < 1 / 255


def test_the_last_frame_stands_still_without_a_successor():
    low = torch.rand(1, 3, 2, 4, 4)
    linear, repeat = baseline(Scale.of(2)), baseline(Scale.of(2), time="hold")
    assert torch.equal(linear.upsample(low)[:, :, 3], low[:, :, 1])
    assert torch.equal(repeat.upsample(low), low[:, :, [0, 0, 1, 1]])


def test_no_two_baselines_of_a_scale_share_a_name():
    names = {str(scale): [b.name for b in baselines_for(scale)] for scale in SCALES}
    assert names["2t1s"] == ["linear blend", "frame repeat"]
    assert names["2t4s"] == [
        "bicubic (a = -0.5) + linear blend", "trilinear", "bicubic (a = -0.5) + frame repeat", "nearest",
    ]  # fmt: skip
    assert names["1t2s"] == ["bicubic (a = -0.5)", "bilinear", "nearest"]


@pytest.mark.parametrize("scale", [Scale.of(2), Scale.of(3, 2), Scale.of(1, 4)], ids=str)
def test_what_a_baseline_is_sent_is_what_its_degradation_gives(scale):
    """So that methods which take the low clip as given, and those which shrink, are compared on the same one."""
    clip = torch.rand(1, 3, 6, 24, 32)
    assert torch.equal(baseline(scale).downsample(clip), Subsampling(scale).degradation.apply(clip))


def test_nearest_repeats_pixels_and_frames():
    low = torch.rand(1, 3, 2, 3, 4)
    high = baseline(Scale.of(2, 3), "hold", "hold").upsample(low)
    assert torch.equal(high, low.repeat_interleave(2, 2).repeat_interleave(3, 3).repeat_interleave(3, 4))
