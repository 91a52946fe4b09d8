"""Sound stays with the pictures: a click and a flash at the same moment, before and after."""

from fractions import Fraction
from pathlib import Path

import pytest

from stvsr.video import VideoReader, VideoWriter, encoder
from tests.helpers.flashes import heard, write

RATE, SAMPLES = Fraction(30000, 1001), 48000
MILLI = Fraction(1, 1000)


def flashing(path: Path, codec: str, flash: int, count: int, start: int = 0) -> Path:
    return write(path, codec, rate=RATE, flash=flash, count=count, start=start)


def lag(path: Path) -> Fraction:
    return heard(path).lag


def copied(source: Path, output: Path) -> Path:
    with VideoReader(source) as reader:
        info = reader.info
        chosen = encoder("vp9" if output.suffix == ".webm" else "h264", 20)
        with VideoWriter(
            output, info.width, info.height, info.rate, encoder=chosen, time_base=1 / RATE / 1001, copy_from=source
        ) as writer:
            for frame in reader:
                writer.write(frame.rgb, frame.time)
    return output


@pytest.mark.parametrize("first", [".mp4", ".mkv", ".mov", ".ts"])
@pytest.mark.parametrize("start", [0, 7])
def test_compressed_sound_with_a_run_up_stays_with_its_picture(tmp_path, first: str, start: int) -> None:
    source = flashing(tmp_path / f"source{first}", "aac", 12, 20, start)
    before = lag(source)
    assert abs(before) < 2 * MILLI
    for suffix in (".mp4", ".mov", ".mkv"):
        # Matroska keeps milliseconds, of the sound's first packet and of every picture.
        tolerance = MILLI if ".mkv" in (first, suffix) else Fraction(1, SAMPLES)
        assert abs(lag(copied(source, tmp_path / f"out{suffix}")) - before) <= tolerance


@pytest.mark.parametrize("codec", ["libopus", "libmp3lame"])
def test_sound_survives_a_round_of_containers(tmp_path, codec: str) -> None:
    source = flashing(tmp_path / "source.mkv", codec, 12, 20)
    before = lag(source)
    path = source
    for suffix in (".mp4", ".webm" if codec == "libopus" else ".mov", ".mkv", ".mp4"):
        path = copied(path, tmp_path / f"next{suffix}")
    assert abs(lag(path) - before) <= MILLI


def test_a_run_up_kept_by_matroska_does_not_move_the_pictures_of_an_mp4(tmp_path) -> None:
    source = flashing(tmp_path / "source.mp4", "aac", 12, 20)
    through = copied(source, tmp_path / "through.mkv")
    with VideoReader(copied(through, tmp_path / "out.mp4")) as reader, VideoReader(source) as original:
        assert [frame.time for frame in reader] == [frame.time for frame in original]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_and_pictures_are_together_after_an_hour(tmp_path, suffix: str) -> None:
    count = round(3600 * RATE)
    source = flashing(tmp_path / "source.mp4", "aac", count - 30, count)
    before = lag(source)
    after = lag(copied(source, tmp_path / f"out{suffix}"))
    assert abs(before) < 2 * MILLI
    assert abs(after - before) <= (MILLI if suffix == ".mkv" else Fraction(1, SAMPLES))
