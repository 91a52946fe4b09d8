from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import VideoReader, probe, scan_times

TORTURE = Path(__file__).resolve().parents[2].parent / "shared/data/torture"
# What cannot be read, and why; everything else in the folder must give every frame that a scan counts.
UNREADABLE = {"decord__corrupted.mp4": "is damaged after frame 28", "streamio-ffmpe__broken.mp4": "not a video"}
needs_torture = pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the folder of awkward files")


def read(path: Path, strict: bool = True) -> tuple[int, str]:
    """Return how many frames came, and the error that ended them."""
    count = 0
    try:
        with VideoReader(path, strict=strict) as reader:
            for frame in reader:
                assert frame.rgb.shape == (reader.info.height, reader.info.width, 3)
                assert frame.rgb.dtype == np.uint8
                count += 1
    except StvsrError as error:
        return count, str(error)
    return count, ""


def cut(path: Path, share: float) -> Path:
    """Truncate a file in place."""
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * share)])
    return path


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
@pytest.mark.parametrize(
    ("name", "muxing"), [("front.mp4", {"movflags": "faststart"}), ("clip.mkv", {}), ("clip.webm", {})]
)
def test_a_file_cut_short_gives_its_good_frames_and_then_says_so(clip, name, muxing, share) -> None:
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    whole = clip(name, tuple(range(60)), codec=codec, muxing=muxing)
    count, message = read(cut(whole, share))
    assert 60 * share - 8 < count <= 60 * share + 2
    assert "damaged after frame" in message or "cut short" in message
    assert "\n" not in message


def test_a_file_without_its_index_is_refused(clip) -> None:
    with pytest.raises(StvsrError, match=r"not a video that FFmpeg can open .*; check that it is one"):
        probe(cut(clip("index-at-the-end.mp4"), 0.5))


def test_damage_in_the_middle_is_told_and_can_be_passed_over(clip) -> None:
    path = clip("clip.mp4", tuple(range(60)))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    for place in range(middle, middle + 3000, 7):
        data[place] ^= 0x5A
    path.write_bytes(data)
    count, message = read(path)
    assert f"damaged after frame {count} " in message
    assert 0 < count < 40
    rest, message = read(path, strict=False)
    assert rest > 50
    assert message == ""


def test_a_size_that_changes_is_refused(tmp_path) -> None:
    path = tmp_path / "sizes.h264"
    with path.open("wb") as file:
        for width in (64, 96):
            part = tmp_path / "part.h264"
            with av.open(str(part), "w") as container:
                stream = container.add_stream("libx264", rate=25)
                stream.width, stream.height, stream.pix_fmt = width, 48, "yuv420p"
                for _ in range(3):
                    black = av.VideoFrame.from_ndarray(np.zeros((48, width, 3), np.uint8), format="rgb24")
                    container.mux(stream.encode(black))
                container.mux(stream.encode(None))
            file.write(part.read_bytes())
    count, message = read(path)
    assert count == 3
    assert "changes its size from 64x48 to 96x48" in message


def test_breaking_off_early_releases_the_file(clip) -> None:
    with VideoReader(clip()) as reader:
        first = next(iter(reader))
    assert first.time == 0
    assert repr(first) == "Frame(64x48, time=0, duration=1/25)"
    assert list(reader) == []


@needs_torture
@pytest.mark.parametrize("path", sorted(TORTURE.iterdir()) if TORTURE.is_dir() else [], ids=lambda p: p.name)
def test_awkward_files_give_frames_or_one_clear_line(path: Path) -> None:
    if path.name in UNREADABLE:
        _, message = read(path)
        assert UNREADABLE[path.name] in message
        assert "\n" not in message
        return
    with VideoReader(path) as reader:
        times = [frame.time for frame in islice(reader, 4)]
    assert times == sorted(set(times))
    assert 0 < len(times) <= len(scan_times(path))


@needs_torture
@pytest.mark.parametrize(
    "name",
    ["interactive-ex__flower.webm", "media__dolbyVision-hdr.MOV", "openh264__Static.264", "decord__unordered.mov"],
)
def test_a_scan_counts_exactly_what_is_shown(name: str) -> None:
    with VideoReader(TORTURE / name) as reader:
        assert [frame.time for frame in reader] == scan_times(TORTURE / name)


@pytest.mark.parametrize("skip", [0, 1, 5, 11, 12, 13])
def test_frames_that_are_passed_over_are_missing_and_nothing_else(clip, skip) -> None:
    path = clip("clip.mp4", tuple(range(12)))
    with VideoReader(path) as reader:
        every = list(reader)
    with VideoReader(path, skip=skip) as reader:
        rest = list(reader)
    assert [(frame.time, frame.duration) for frame in rest] == [(f.time, f.duration) for f in every[skip:]]
    assert all(np.array_equal(one.rgb, other.rgb) for one, other in zip(rest, every[skip:], strict=True))
