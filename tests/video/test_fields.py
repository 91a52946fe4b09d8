"""Frames that are coded as two pictures are frames all the same."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from stvsr.video import VideoReader, probe, scan_times
from tests.helpers.broken import write_fields, write_hevc_fields

LEVELS = [40 + 15 * index for index in range(10)]
REORDERED = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]


@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mp4"])
@pytest.mark.parametrize("stamped", ["first", "both"])
@pytest.mark.parametrize("order", [None, REORDERED])
def test_two_fields_of_h264_are_one_frame(tmp_path, suffix: str, stamped: str, order) -> None:
    if stamped == "both" and suffix != ".ts":
        pytest.skip("only streams of packets tell fields apart")
    path = write_fields(tmp_path / f"fields{suffix}", LEVELS, order, stamped=stamped)
    with VideoReader(path, interlaced="keep") as reader:
        frames = list(reader)
        assert reader.info.interlaced
        assert reader.info.rate == 25
    assert scan_times(path) == [frame.time for frame in frames] == [Fraction(index, 25) for index in range(10)]
    assert frames[-1].duration == Fraction(1, 25)
    brightness = [frame.rgb.mean() for frame in frames]
    assert all(early + 5 < late for early, late in pairwise(brightness))


@pytest.mark.parametrize("first", ["tff", "bff"])
def test_two_fields_of_hevc_are_one_frame(tmp_path, first: str) -> None:
    path = write_hevc_fields(tmp_path / "fields.ts", [40 + 5 * index for index in range(40)], first)
    info = probe(path)
    assert (info.width, info.height, info.rate, info.interlaced) == (64, 128, 25, True)
    with VideoReader(path) as reader:
        frames = list(reader)
    assert scan_times(path) == [frame.time for frame in frames] == [Fraction(index, 25) for index in range(20)]
    assert frames[-1].duration == Fraction(1, 25)
    for frame in frames:
        rows = frame.rgb[:, :, 1].astype(int).mean(1)
        early, late = (rows[::2], rows[1::2]) if first == "tff" else (rows[1::2], rows[::2])
        assert np.median(late - early) in range(3, 9)


def test_hevc_fields_are_deinterlaced_as_frames(tmp_path) -> None:
    path = write_hevc_fields(tmp_path / "fields.ts", [40 + 5 * index for index in range(40)])
    with VideoReader(path, interlaced="deinterlace") as reader:
        frames = list(reader)
    assert [frame.time for frame in frames] == [Fraction(index, 25) for index in range(20)]
    assert {frame.rgb.shape for frame in frames} == {(128, 64, 3)}
