import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from stvsr.engine.upsampling import upsample_stream
from stvsr.engine.windows import Plan
from stvsr.evaluation.methods.interpolation import Interpolation, interpolations, resample
from stvsr.physics.degradation import Degradation
from stvsr.physics.interpolation import trilinear

PAPER = Degradation(time=5, space=4)
DEGRADATIONS = [
    PAPER,
    Degradation(time=5, space=4, exposure=0.6),
    Degradation(time=5, space=2, shutter="trapezoid", blur="gaussian:1.2"),
    Degradation(time=2, exposure=0.5),
    Degradation(space=3, blur="area"),
    Degradation(blur="gaussian:1"),
]


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=str)
def test_a_linear_ramp_stays_in_its_place_and_its_instant(degradation):
    t, y, x = torch.meshgrid(torch.arange(20.0), torch.arange(48.0), torch.arange(48.0), indexing="ij")
    clip = ((30 + 4 * t + 2 * y + x) / 255).expand(1, 3, -1, -1, -1)
    for method in interpolations(degradation):
        high = method.upsample(degradation.operator().forward(clip))
        assert high.shape == clip.shape
        inside = (..., slice(5, -5), slice(16, -16), slice(16, -16))
        error = (high - clip)[inside]
        if method.time == "linear":
            assert error.abs().max() < (1 if method.space == "cubic" else 0.1) / 255  # a = -0.75 ripples a little
            assert error.mean().abs() < 0.01 / 255
        if method.space == "hold" and degradation.space > 1:
            assert error.abs().max() > 1 / 255


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=str)
def test_trilinear_is_that_of_the_physics(degradation):
    low = torch.rand(1, 3, 4, 9, 7)
    ours = Interpolation(degradation, "linear").upsample(low)
    assert torch.allclose(ours, trilinear(low, degradation.scale, degradation.kernel().centroid), atol=2e-6)


def test_bicubic_is_that_of_pytorch():
    low = torch.rand(1, 3, 2, 9, 7)
    large = Interpolation(PAPER).enlarge(low)
    frames = F.interpolate(low[0].transpose(0, 1), scale_factor=4, mode="bicubic").clamp(0, 1)
    assert torch.allclose(large[0].transpose(0, 1), frames, atol=1e-6)


def test_lanczos_is_that_of_pillow():
    low = torch.rand(1, 3, 1, 9, 12)
    large = Interpolation(PAPER, "lanczos").enlarge(low)[0, :, 0]
    for ours, channel in zip(large, low[0, :, 0], strict=True):
        theirs = Image.fromarray(channel.numpy()).resize((48, 36), Image.Resampling.LANCZOS)
        inside = (slice(12, -12), slice(12, -12))  # at edges Pillow leaves taps out, we repeat pixels
        assert np.allclose(ours.numpy()[inside], np.asarray(theirs).clip(0, 1)[inside], atol=1e-5)


def test_a_frame_is_held_over_the_exposure_that_it_shows():
    low = torch.rand(1, 3, 3, 2, 2)
    assert torch.equal(resample(low, 2, 5, 2.0, "hold"), low.repeat_interleave(5, dim=2))


@pytest.mark.parametrize("degradation", [PAPER, Degradation(time=5, space=2, exposure=0.2)], ids=str)
def test_windows_and_tiles_give_what_the_whole_clip_gives(degradation):
    low = np.random.default_rng(0).integers(0, 256, (7, 26, 53, 3), np.uint8)
    for method in interpolations(degradation):
        clip = torch.from_numpy(low).permute(3, 0, 1, 2)[None].float() / 255
        whole = (method.upsample(clip)[0] * 255).round().byte().permute(1, 2, 3, 0).numpy()
        streamed = np.stack(list(upsample_stream(method, low, layout=Plan(2, 1, 2))))
        assert np.abs(streamed.astype(int) - whole).max() <= 1  # a rounding at most
        assert (streamed != whole).mean() < 1e-3


def test_a_kernel_off_its_block_is_met_where_it_lies(tmp_path):
    path = tmp_path / "late.npy"
    taps = np.zeros((15, 1, 1))
    taps[14] = 1  # origin (5 - 15) // 2 = -5, so the tap lies at 9: the last frame of the next exposure
    np.save(path, taps)
    degradation = Degradation(time=5, blur=str(path))
    method = Interpolation(degradation)
    assert method.centres[0] == 9
    assert method.context[0] > 1
    assert method.down_context == 5
    clip = torch.arange(30.0).reshape(1, 1, 30, 1, 1).expand(1, 3, 30, 2, 2) / 255
    high = method.upsample(degradation.operator().forward(clip))
    assert torch.allclose(high[:, :, 9:24], clip[:, :, 9:24], atol=1e-6)


def test_no_two_interpolations_share_a_name():
    names = {str(d): [one.name for one in interpolations(d)] for d in DEGRADATIONS}
    assert names[str(PAPER)] == ["bicubic (a = -0.75) + linear blend", "trilinear", "nearest"]
    assert names[str(DEGRADATIONS[3])] == ["linear blend", "frame repeat"]
    assert names[str(DEGRADATIONS[4])] == ["bicubic (a = -0.75)", "bilinear", "nearest"]
    assert names[str(DEGRADATIONS[5])] == ["copy"]
