from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from stvsr.video import VideoReader, scan_times

NTSC = Fraction(1001, 30000)
UNEVEN = (0, 1, 2, 5, 6, 11, 12, 13, 20)


def read(path) -> list[Fraction]:
    with VideoReader(path) as reader:
        return [frame.time for frame in reader]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".flv"])
def test_a_scan_and_a_reader_agree(clip, suffix: str) -> None:
    codec = {".webm": "libvpx-vp9", ".avi": "mpeg4"}.get(suffix, "libx264")
    path = clip(f"clip{suffix}", codec=codec)
    times = read(path)
    assert scan_times(path) == times
    assert len(times) == 12
    assert [later - earlier for earlier, later in pairwise(times)] == [Fraction(1, 25)] * 11


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_uneven_times_with_reordered_frames_are_exact(clip, suffix: str) -> None:
    path = clip(f"uneven{suffix}", UNEVEN, Fraction(1, 600))
    assert read(path) == scan_times(path) == [Fraction(stamp, 600) for stamp in UNEVEN]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_ntsc_times_are_exact_even_where_the_container_counts_milliseconds(tmp_path, pictures, suffix) -> None:
    from stvsr.video import VideoWriter

    path = tmp_path / f"ntsc{suffix}"
    with VideoWriter(path, 37, 31, 1 / NTSC) as writer:
        for index, rgb in enumerate(pictures(20)):
            writer.write(rgb, index * NTSC)
    assert read(path) == scan_times(path) == [index * NTSC for index in range(20)]


def test_a_start_later_than_the_sounds_stays_late(clip) -> None:
    path = clip("late.mp4", tuple(range(30, 40)), Fraction(1, 30), audio=True)
    assert read(path)[0] == scan_times(path)[0] == 1


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts", ".flv"])
def test_a_start_that_all_streams_have_in_common_is_taken_off(clip, suffix: str) -> None:
    path = clip(f"late{suffix}", tuple(range(30, 40)), Fraction(1, 30))
    assert read(path)[0] == scan_times(path)[0] == 0


def test_missing_stamps_follow_the_rate(clip) -> None:
    path = clip("bare.h264")
    assert read(path) == scan_times(path) == [Fraction(index, 25) for index in range(12)]


def test_every_frame_lasts_until_the_next(clip) -> None:
    with VideoReader(clip("uneven.mp4", UNEVEN, Fraction(1, 600))) as reader:
        frames = list(reader)
    for frame, following in pairwise(frames):
        assert frame.time + frame.duration == following.time
    assert frames[-1].duration > 0


@pytest.mark.parametrize("suffix", [".ts", ".mkv"])
@pytest.mark.parametrize(("codec", "open_gops"), [("libx264", "x264-params"), ("libx265", "x265-params")])
@pytest.mark.parametrize("dropped", [3, 10, 13])
def test_a_recording_that_begins_between_key_frames_is_read_from_where_it_can_be(
    tmp_path, suffix: str, codec: str, open_gops: str, dropped: int
) -> None:
    whole, part = tmp_path / f"whole{suffix}", tmp_path / f"part{suffix}"
    generator = np.random.default_rng(0)
    options = {open_gops: "open-gop=1:keyint=10:min-keyint=10:scenecut=0:bframes=3:log-level=error", "preset": "fast"}
    with av.open(str(whole), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(40):
            noise = generator.integers(0, 256, (64, 64, 3)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        container.mux(stream.encode(None))
    with av.open(str(whole)) as source, av.open(str(part), "w") as target:
        copy = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in [p for p in source.demux(video=0) if p.size][dropped:]:
            packet.stream = copy
            target.mux(packet)
    times = read(part)
    assert 20 <= len(times) <= 40 - dropped
    assert scan_times(part) == times


@pytest.mark.parametrize(("codec", "between"), [("libx264", 3), ("mpeg4", 2), ("mpeg4", 0)])
def test_reordered_frames_in_avi_which_knows_decoding_times_only_are_evenly_spaced(tmp_path, codec, between) -> None:
    path = tmp_path / "reordered.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.max_b_frames = between
        stream.codec_context.qmax = 2
        for index in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 12 * index, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with VideoReader(path) as reader:
        frames = list(reader)
    assert [frame.time for frame in frames] == scan_times(path) == [Fraction(index, 25) for index in range(20)]
    for index, frame in enumerate(frames):  # times belong to the right pictures
        assert round(frame.rgb.mean() / 12) == index
