import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import LOSSLESS_RGB, VideoReader, VideoWriter, encoder, probe, scan_times
from stvsr.video.timing import scan

RATE = Fraction(25)
BLACK = np.zeros((31, 37, 3), np.uint8)
TAGS = {"stvsr_model": "staa-2t4s-compact", "stvsr-kernel": '{"a": [1, 2.5]}', "title": "Käse = 5; #1"}


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".webm"])
def test_any_tags_come_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tags{suffix}"
    chosen = encoder("vp9" if suffix == ".webm" else "h264")
    with VideoWriter(path, 37, 31, RATE, encoder=chosen, metadata=TAGS) as writer:
        writer.write(BLACK, Fraction(0))
    assert TAGS.items() <= probe(path).metadata.items()


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_times_are_exact_in_the_given_ticks(tmp_path: Path, suffix: str) -> None:
    stamps = (0, 40, 41, 100, 333, 340, 777) if suffix == ".mkv" else (0, 1, 2, 50, 777, 778, 90001)
    tick = Fraction(1, 1000) if suffix == ".mkv" else Fraction(1, 90000)
    path = tmp_path / f"times{suffix}"
    with VideoWriter(path, 37, 31, Fraction(100), time_base=tick) as writer:
        for stamp in stamps:
            writer.write(BLACK, stamp * tick)
    times = scan_times(path)
    tolerance = Fraction(1, 1000) if suffix == ".mkv" else 0
    assert all(abs(t - stamp * tick) <= tolerance for t, stamp in zip(times, stamps, strict=True))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_last_frame_keeps_its_duration(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"last{suffix}"
    with VideoWriter(path, 37, 31, RATE, encoder=LOSSLESS_RGB) as writer:
        writer.write(BLACK, Fraction(0))
        writer.write(BLACK, Fraction(2, 25), Fraction(10, 25))
    with VideoReader(path) as reader:
        assert [frame.duration for frame in reader] == [Fraction(2, 25), Fraction(10, 25)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("name", ["h264", "h265", "vp9", "ffv1"])
@pytest.mark.parametrize("stay", [Fraction(10, 25), Fraction(1, 50), None])
def test_the_last_frame_keeps_its_duration_with_every_encoder(tmp_path: Path, pictures, suffix, name, stay) -> None:
    path = tmp_path / f"last{suffix}"
    with VideoWriter(path, 64, 48, RATE, encoder=encoder(name), time_base=Fraction(1, 1000)) as writer:
        for index, rgb in enumerate(pictures(9, 64, 48)):
            writer.write(rgb, index / RATE, stay)
    with VideoReader(path) as reader:
        assert [frame.duration for frame in reader][-1] == (stay or 1 / RATE)
    assert scan(path)[1] == (stay or 1 / RATE)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("seed", range(4))
def test_a_video_ends_when_its_last_frame_does_at_any_rate(tmp_path: Path, seed: int, suffix: str) -> None:
    gaps = np.random.default_rng(seed).integers(5, 300, 4 + 3 * seed)
    stamps = [0, *gaps[:-1].cumsum().tolist()]
    path = tmp_path / f"end{suffix}"
    with VideoWriter(path, 37, 31, RATE, time_base=Fraction(1, 1000)) as writer:
        for stamp in stamps:
            writer.write(np.full_like(BLACK, stamp % 256), Fraction(stamp, 1000), Fraction(int(gaps[-1]), 1000))
    times, last = scan(path)
    assert times[-1] + last == Fraction(int(gaps.sum()), 1000)


def test_times_before_zero_are_moved_to_zero(tmp_path: Path) -> None:
    path = tmp_path / "early.mp4"
    with VideoWriter(path, 37, 31, RATE) as writer:
        for index in range(-3, 4):
            writer.write(BLACK, index / RATE)
    assert scan_times(path) == [index / RATE for index in range(7)]


@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(64, 45)])
def test_the_shape_of_pixels_is_kept(tmp_path: Path, aspect: Fraction) -> None:
    path = tmp_path / "aspect.mp4"
    with VideoWriter(path, 37, 31, RATE, sample_aspect=aspect) as writer:
        writer.write(BLACK, Fraction(0))
    assert probe(path).sample_aspect == aspect
    assert probe(path).rate == RATE


@pytest.mark.parametrize(
    ("rgb", "time", "message"),
    [
        (np.zeros((31, 38, 3), np.uint8), Fraction(1), "expected uint8 frames"),
        (np.zeros((31, 37, 3), np.float32), Fraction(1), "expected uint8 frames"),
        (BLACK, Fraction(0), "must increase"),
        (BLACK, Fraction(1, 7), "no whole number of ticks"),
    ],
)
def test_a_callers_mistake_leaves_nothing_behind(tmp_path: Path, rgb, time, message) -> None:
    def write() -> None:
        with VideoWriter(tmp_path / "x.mp4", 37, 31, RATE) as writer:
            writer.write(BLACK, Fraction(0))
            writer.write(rgb, time)

    with pytest.raises(ValueError, match=message):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path: Path, interruption) -> None:
    path = tmp_path / "x.mp4"
    path.write_text("old")

    def write() -> None:
        with VideoWriter(path, 37, 31, RATE) as writer:
            writer.write(BLACK, Fraction(0))
            raise interruption

    with pytest.raises(interruption):
        write()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_nothing_appears_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    with VideoWriter(path, 37, 31, RATE) as writer:
        writer.write(BLACK, Fraction(0))
        assert not path.exists()
    assert list(tmp_path.iterdir()) == [path]


def test_no_frames_are_no_video(tmp_path: Path) -> None:
    with pytest.raises(StvsrError, match="no frames"), VideoWriter(tmp_path / "x.mp4", 37, 31, RATE):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(1, 1), (37, 31), (31, 37)])
def test_sizes_that_harm_x265_are_refused(tmp_path: Path, size) -> None:
    with pytest.raises(StvsrError, match="use h264"):
        VideoWriter(tmp_path / "x.mp4", *size, RATE, encoder=encoder("h265"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "size", "rate", "told"),
    [
        ("h264", (16386, 32), RATE, "libx264 cannot hold 16386x32, at most 16384x16384.*use encoder h265"),
        ("lossless-rgb", (32, 16386), RATE, "libx264rgb cannot hold 32x16386"),
        ("av1", (64, 8706), RATE, "libsvtav1 cannot hold 64x8706, at most 16384x8704"),
        ("av1", (64, 64), Fraction(480), "av1 cannot hold 480 frames per second, at most 240; use h264"),
    ],
)
def test_what_is_too_large_or_too_fast_for_an_encoder_is_told(tmp_path: Path, name, size, rate, told) -> None:
    with pytest.raises(StvsrError, match=told):
        VideoWriter(tmp_path / "x.mp4", *size, rate, encoder=encoder(name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "rate"), [("h264", RATE), ("av1", Fraction(240))])
def test_the_largest_and_the_fastest_can_be_written(tmp_path: Path, name, rate) -> None:
    size = (16384, 64) if name == "h264" else (64, 64)
    with VideoWriter(tmp_path / "x.mp4", *size, rate, encoder=encoder(name)) as writer:
        writer.write(np.zeros((size[1], size[0], 3), np.uint8), Fraction(0))
    assert (probe(tmp_path / "x.mp4").width, probe(tmp_path / "x.mp4").height) == size


def test_what_an_encoder_cannot_hold_says_what_to_take_instead(tmp_path: Path) -> None:
    advised = pytest.raises(StvsrError, match="nothing was kept: take another encoder or container")
    with advised, VideoWriter(tmp_path / "x.mp4", 1, 1, RATE, encoder=encoder("h264"), sample_aspect=10**12):
        pass
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import resource, signal, sys
from fractions import Fraction
import numpy as np
from stvsr.errors import StvsrError
from stvsr.video import LOSSLESS_RGB, VideoWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
noise = np.random.default_rng(0).integers(0, 256, (80, 64, 64, 3)).astype(np.uint8)
try:
    with VideoWriter(sys.argv[1], 64, 64, Fraction(25), encoder=LOSSLESS_RGB) as writer:
        for index in range(int(sys.argv[2])):
            writer.write(noise[index], Fraction(index, 25))
except StvsrError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="uses a limit on file sizes")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("count", [2, 80])  # fails on closing, fails while writing
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, suffix: str, count: int) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / f"x{suffix}"), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "cannot be written" in done.stdout
    assert done.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
