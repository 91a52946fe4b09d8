"""A Matroska file is cut off where its elements end after it does, whatever its frames say of their length."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from stvsr.errors import StvsrError
from stvsr.video import VideoReader, VideoWriter, encoder
from stvsr.video.matroska import is_cut_off
from stvsr.video.timing import scan


@pytest.fixture
def whole(tmp_path, pictures) -> Path:
    path = tmp_path / "whole.mkv"
    with VideoWriter(path, 37, 31, Fraction(25)) as writer:
        for index, rgb in enumerate(pictures(60)):
            writer.write(rgb, Fraction(index, 25))
    return path


def remuxed(source: Path, target: Path, duration: int | None = None) -> Path:
    """Write the packets of a file into another one; a ``duration`` is each packet's, in ticks."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        copy = new.add_stream_from_template(old.streams.video[0], opaque=True)
        for packet in old.demux(video=0):
            if packet.size:
                packet.duration = packet.duration if duration is None else duration
                packet.stream = copy
                new.mux(packet)
    return target


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_ends_within_its_frames_is_cut_off(whole, tmp_path, share: float) -> None:
    part = tmp_path / "part.mkv"
    part.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    assert is_cut_off(part)
    assert not is_cut_off(whole)
    with pytest.raises(StvsrError, match=r"cut short|damaged"), VideoReader(part) as reader:
        list(reader)


def test_a_file_that_lacks_its_index_only_is_whole(whole, tmp_path) -> None:
    part = tmp_path / "part.mkv"
    part.write_bytes(whole.read_bytes()[:-4])
    assert not is_cut_off(part)
    with VideoReader(part) as reader:
        assert len(list(reader)) == 60


def test_a_live_recording_is_cut_off_nowhere(whole, tmp_path) -> None:
    live = tmp_path / "live.mkv"
    with av.open(str(whole)) as old, av.open(str(live), "w", container_options={"live": "1"}) as new:
        copy = new.add_stream_from_template(old.streams.video[0], opaque=True)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = copy
                new.mux(packet)
    assert not is_cut_off(live)


@pytest.mark.parametrize("last", [Fraction(13, 25), Fraction(3), Fraction(600)])
@pytest.mark.parametrize("through", [".mkv", ".mp4", ".webm"])
def test_a_last_frame_that_stays_long_is_no_missing_end(tmp_path, pictures, last: Fraction, through: str) -> None:
    path, again = tmp_path / f"slides{through}", tmp_path / f"again{through.replace('.mp4', '.mkv')}"
    chosen = encoder("vp9" if through == ".webm" else "h264")
    with VideoWriter(path, 37, 31, Fraction(25), encoder=chosen) as writer:
        for index, rgb in enumerate(pictures(10)):
            writer.write(rgb, Fraction(index, 25), last)
    remuxed(path, again)
    with VideoReader(again) as reader:
        frames = list(reader)
    assert len(frames) == 10
    assert frames[-1].duration == scan(again)[1]
    assert abs(frames[-1].duration - last) <= Fraction(1, 1000)
