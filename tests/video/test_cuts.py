from fractions import Fraction

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video.cuts import _changes, check_threshold, find_cuts, scan_cuts
from stvsr.video.encoders import LOSSLESS_RGB, encoder
from stvsr.video.writer import VideoWriter


@pytest.fixture
def picture():
    smooth = np.linspace(0, 255, 400)[:, None, None] + 30 * np.sin(np.arange(400) / 9)[None, :, None]
    return np.clip(smooth + np.zeros(3), 0, 255).astype(np.uint8)


def pan(picture, frames, speed):
    return np.stack([picture[speed * index :][:100, :140] for index in range(frames)])


def found(frames, **options):
    return list(find_cuts((av.VideoFrame.from_ndarray(frame, format="rgb24") for frame in frames), **options))


def test_every_cut_is_found(picture):
    clip = np.concatenate([pan(picture, 7, 2), 255 - pan(picture, 5, 3), pan(picture.transpose(1, 0, 2), 4, 0)])
    assert found(clip) == [7, 12]


@pytest.mark.parametrize("speed", [0, 1, 20])
def test_steady_motion_of_any_speed_is_no_cut(picture, speed):
    noise = np.random.default_rng(0).integers(-3 * speed, 3 * speed + 1, (9, 100, 140, 3))
    assert found(np.clip(pan(picture, 9, speed) + noise, 0, 255).astype(np.uint8)) == []


def test_calm_after_fast_motion_is_no_cut(picture):
    rng = np.random.default_rng(0)
    wild = rng.integers(0, 256, (4, 100, 140, 3), np.uint8)  # noise throughout: nothing changes more
    still = np.repeat(wild[-1:], 4, axis=0)
    assert found(np.concatenate([wild, still])) == []


def test_a_cut_after_the_very_first_frame_is_found(picture):
    assert found(np.concatenate([255 - pan(picture, 1, 0), pan(picture, 5, 1)])) == [1]


def test_a_frame_between_two_shots_that_shows_both_begins_the_second(picture):
    one, two = pan(picture, 5, 1), 255 - pan(picture, 5, 1)
    one, two = one // 2, two // 2 + 128
    both = ((one[-1].astype(int) + two[0]) // 2).astype(np.uint8)[None]
    assert found(np.concatenate([one, both, two])) == [5]


def test_the_threshold_says_what_a_cut_is(picture):
    clip = np.concatenate([pan(picture, 4, 0), np.clip(pan(picture, 4, 0), 0, 225) + 30])  # 11.7 % of the range
    assert found(clip, threshold=10) == [4]
    assert found(clip, threshold=13) == []


@pytest.mark.parametrize("format_", ["yuv420p", "yuv444p10le", "gray10le", "gbrp12le", "yuva420p"])
def test_cuts_are_found_in_any_format(picture, format_):
    clip = np.concatenate([pan(picture, 4, 2), 255 - pan(picture, 4, 2)])
    frames = (av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=format_) for frame in clip)
    assert list(find_cuts(frames)) == [4]


@pytest.mark.parametrize("width", [5, 14, 21, 48, 63])
def test_narrow_frames_get_the_same_scores_each_time(width):
    noise = np.random.default_rng(0).integers(0, 256, (2, 13, width, 3), np.uint8)
    clip = np.concatenate([noise[:1]] * 3 + [noise[1:]] * 3 + [noise[1:] // 4] * 2)

    def scores():
        return list(_changes(av.VideoFrame.from_ndarray(frame, format="rgb24") for frame in clip))

    first = scores()
    assert [index for index, score in enumerate(first, 1) if score] == [3, 6]
    assert all(scores() == first for _ in range(5))
    assert found(clip) == [3, 6]


@pytest.mark.parametrize("chosen", [LOSSLESS_RGB, encoder("h264")])
def test_frames_of_a_file_are_numbered_as_they_are_shown(tmp_path, picture, chosen):
    path = tmp_path / "two.mp4"
    with VideoWriter(path, 140, 100, Fraction(25), encoder=chosen) as writer:
        for number, frame in enumerate(np.concatenate([pan(picture, 11, 2), 255 - pan(picture, 9, 1)])):
            writer.write(frame, Fraction(number, 25))
    assert scan_cuts(path) == [11]


def test_a_size_that_changes_ends_the_search():
    frames = [av.VideoFrame.from_ndarray(np.zeros((size, 32, 3), np.uint8), format="rgb24") for size in (16, 16, 24)]
    assert list(find_cuts(frames)) == []


@pytest.mark.parametrize("threshold", [0, -1, 101, float("nan")])
def test_an_impossible_threshold_is_refused(threshold):
    with pytest.raises(StvsrError, match="`cuts`"):
        check_threshold(threshold)
    check_threshold(None)
