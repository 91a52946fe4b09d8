import numpy as np
import pytest
import torch
from torch import nn

from stvsr.models.contract import Restorer
from stvsr.physics.scale import Scale
from stvsr.training.recipe import ValidationRecipe
from stvsr.training.validation import mean_quality, quality, validation_clips


class Repeat(nn.Module, Restorer):
    """Keeps the even frames, shows each twice, and adds an error to the odd ones."""

    scale = Scale(2, 1, 1)

    def __init__(self, error):
        super().__init__()
        self.error = error

    def downsample(self, clip):
        return clip[:, :, ::2]

    def upsample(self, low):
        high = low.repeat_interleave(2, dim=2)
        high[:, :, 1::2] += self.error / 255
        return high


def test_psnr_is_that_of_rounded_frames_averaged_over_frames():
    clip = torch.full((1, 3, 5, 7, 9), 100, dtype=torch.uint8)
    result = quality(Repeat(5.4), clip)  # 5.4 is shown as 5
    off = 10 * np.log10(255**2 / 25)
    perfect = 10 * np.log10(255**2 / 1e-7)
    assert result["psnr_synthesised"] == pytest.approx(off)
    assert result["psnr"] == pytest.approx((3 * perfect + 2 * off) / 5)


def test_output_is_clamped_before_it_is_measured():
    clip = torch.full((1, 3, 4, 3, 3), 255, dtype=torch.uint8)
    assert quality(Repeat(90), clip)["psnr"] == pytest.approx(10 * np.log10(255**2 / 1e-7))


def test_the_low_clip_is_stored_in_8_bits():
    class Fine(Repeat):
        def downsample(self, clip):
            return clip[:, :, ::2] + 0.4 / 255  # lost in storage

    clip = torch.full((1, 3, 4, 3, 3), 10, dtype=torch.uint8)
    assert quality(Fine(0), clip) == quality(Repeat(0), clip)


class Numbered:
    names = tuple("abcde")

    def __len__(self):
        return 5

    def shape(self, index):
        return (6, 10, 13)

    def crop(self, index, start, frames, y, x, height, width):
        whole = np.arange(6 * 10 * 13 * 3).reshape(6, 10, 13, 3) % 251
        return whole.astype(np.uint8)[start : start + frames, y : y + height, x : x + width] + np.uint8(index)


def test_clips_are_cut_to_their_first_frames_and_centre():
    recipe = ValidationRecipe(frames=4, crop=5)
    clips = list(validation_clips([Numbered()], recipe))
    assert [tuple(clip.shape) for clip in clips] == [(1, 3, 4, 5, 5)] * 5
    whole = next(iter(validation_clips([Numbered()], ValidationRecipe())))
    assert tuple(whole.shape) == (1, 3, 6, 10, 13)
    assert torch.equal(clips[0], whole[:, :, :4, 2:7, 4:9])


def test_a_limited_number_of_clips_is_spread_over_all():
    whole = [clip[0, 0, 0, 0, 0].item() for clip in validation_clips([Numbered()], ValidationRecipe())]
    some = [clip[0, 0, 0, 0, 0].item() for clip in validation_clips([Numbered()], ValidationRecipe(clips=2))]
    assert some == [whole[0], whole[2]]


def test_the_mean_is_over_the_clips_that_have_a_measure():
    assert mean_quality([{"a": 1.0, "b": 4.0}, {"a": 2.0}]) == {"a": 1.5, "b": 4.0}
