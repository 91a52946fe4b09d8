import numpy as np
import pytest

from stvsr.data.cuts import shots


@pytest.fixture
def picture():
    smooth = np.linspace(0, 255, 400)[:, None, None] + 30 * np.sin(np.arange(400) / 9)[None, :, None]
    return np.clip(smooth + np.zeros(3), 0, 255).astype(np.uint8)


def pan(picture, frames, speed):
    return np.stack([picture[speed * index :][:100, :140] for index in range(frames)])


def test_a_cut_divides(picture):
    clip = np.concatenate([pan(picture, 7, 2), 255 - pan(picture, 5, 3), pan(picture.transpose(1, 0, 2), 4, 0)])
    assert shots(clip) == [(0, 7), (7, 12), (12, 16)]


@pytest.mark.parametrize("speed", [0, 1, 20])
def test_steady_motion_of_any_speed_is_no_cut(picture, speed):
    assert shots(pan(picture, 9, speed)) == [(0, 9)]


def test_a_flash_divides_once(picture):
    clip = pan(picture, 9, 2)
    clip[4] = 255
    assert shots(clip) == [(0, 4), (4, 9)]


def test_one_frame_is_one_shot():
    assert shots(np.zeros((1, 5, 7, 3), np.uint8)) == [(0, 1)]
