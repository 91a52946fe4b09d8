"""Frames of two fields: told, refused, or made whole at their own times."""

from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import VideoReader, probe
from tests.helpers.fields import combs, write_woven


@pytest.fixture
def woven(tmp_path):
    """Write a bar that moves between the two fields of every frame; frames up to ``still`` are whole."""

    def make(suffix: str = ".mp4", order: str = "tff", still: int = 0, stamps: range | tuple = range(10)) -> Path:
        return write_woven(tmp_path / f"woven{suffix}", order, still, stamps)

    return make


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("order", ["tff", "bff"])
def test_two_fields_become_one_whole_picture_at_the_time_of_the_first(woven, suffix: str, order: str) -> None:
    path = woven(suffix, order, stamps=(0, 1, 2, 3, 7, 8, 9, 10))
    with VideoReader(path) as reader:
        kept = list(reader)
    with VideoReader(path, interlaced="deinterlace") as reader:
        whole = list(reader)
    assert probe(path).interlaced
    assert [(frame.time, frame.duration) for frame in whole] == [(frame.time, frame.duration) for frame in kept]
    for index in range(1, 7):
        assert combs(kept[index].rgb) > 5
        assert combs(whole[index].rgb) < 0.5
        left = np.flatnonzero(whole[index].rgb[32, :, 0] > 130)[0]
        assert abs(left - (4 + 4 * index)) <= 1


def test_interlaced_video_is_refused_in_one_line_before_any_frame(woven) -> None:
    with pytest.raises(StvsrError, match=r"is interlaced at 0\.000 s.*set `interlaced` to deinterlace") as caught:
        VideoReader(woven(), interlaced="refuse")
    assert "\n" not in str(caught.value)


def test_whole_frames_pass_unchanged(clip) -> None:
    path = clip()
    with VideoReader(path) as plain, VideoReader(path, interlaced="deinterlace") as asked:
        for expected, frame in zip(plain, asked, strict=True):
            assert np.array_equal(frame.rgb, expected.rgb)
            assert (frame.time, frame.duration) == (expected.time, expected.duration)
    with VideoReader(path, interlaced="refuse") as reader:
        assert len(list(reader)) == 12


def test_fields_that_begin_half_way_are_found_there(tmp_path, woven) -> None:
    path = tmp_path / "joined.h264"
    tall = tmp_path / "plain.h264"
    with av.open(str(tall), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    path.write_bytes(tall.read_bytes() + woven(".h264").read_bytes())
    with (
        VideoReader(path, interlaced="refuse") as reader,
        pytest.raises(StvsrError, match=r"is interlaced at 0\.200 s"),
    ):
        list(reader)
