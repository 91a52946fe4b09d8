"""Whatever a recorder's clock did, pictures and sound follow each other from zero on, and stay together."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from stvsr.video import VideoReader, VideoWriter, scan_times
from stvsr.video.timeline import timeline
from tests.helpers.broken import joined, moved, restamped
from tests.helpers.flashes import heard, write

FRAME = Fraction(1, 25)
DAY = 86400


def copied(source: Path, output: Path) -> Path:
    with VideoReader(source) as reader:
        info = reader.info
        settings = {"time_base": Fraction(1, 90000), "copy_from": source}
        with VideoWriter(output, info.width, info.height, info.rate, **settings) as writer:
            for frame in reader:
                writer.write(frame.rgb, Fraction(round(frame.time * 90000), 90000))
    return output


def recording(path: Path, flash: int = 12, count: int = 50) -> Path:
    return write(path, "aac", flash=flash, count=count)


def check(source: Path, output: Path, frames: int, ends: Fraction) -> None:
    """Make sure that flash and click are together, and that nothing was added or lost."""
    found = heard(copied(source, output))
    assert found.frames == frames
    assert abs(found.lag) < Fraction(3, 1000)
    assert abs(found.pictures + FRAME - ends) < Fraction(40, 1000)
    assert abs(found.sound - ends) < Fraction(60, 1000)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("later", [-1.0, 7.5, 40_000, DAY, 95_443])
def test_a_clock_that_begins_anywhere_begins_at_zero(tmp_path, suffix: str, later: float) -> None:
    source = moved(recording(tmp_path / "plain.ts"), tmp_path / "late.ts", later)
    check(source, tmp_path / f"out{suffix}", 50, Fraction(2))
    assert scan_times(source)[0] < Fraction(1, 20)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("later", [0.0, -1.2, 0.3, 9.0, 60.0, 7200.0, 2 * DAY])
def test_recordings_put_one_behind_the_other_are_joined(tmp_path, suffix: str, later: float) -> None:
    first = recording(tmp_path / "first.ts")
    second = moved(recording(tmp_path / "plain.ts", flash=99), tmp_path / "second.ts", later)
    source = joined(tmp_path / "both.ts", [first, second])
    check(source, tmp_path / f"out{suffix}", 100, Fraction(4))


def test_three_recordings_with_the_flash_in_the_last_one_stay_together(tmp_path) -> None:
    plain = recording(tmp_path / "plain.ts", flash=99)
    last = moved(recording(tmp_path / "last.ts"), tmp_path / "last-later.ts", 1000)
    source = joined(tmp_path / "all.ts", [moved(plain, tmp_path / "a.ts", 500), plain, last])
    assert timeline(source).join.joints == 2
    check(source, tmp_path / "out.mkv", 150, Fraction(6))


def test_program_streams_are_joined_too(tmp_path) -> None:
    part = write(tmp_path / "part.mpg", "mp2", video="mpeg2video", count=50, options={"bf": "2"})
    source = joined(tmp_path / "both.mpg", [part, part])
    found = heard(copied(source, tmp_path / "out.mkv"))
    assert found.frames >= 98  # those before the first key frame of a part may lean on others
    assert abs(found.lag) < Fraction(3, 1000)
    assert abs(found.pictures + FRAME - 4) < Fraction(100, 1000)


@pytest.mark.parametrize("suffix", [".ts", ".mkv"])
def test_a_pause_of_one_stream_is_no_jump(tmp_path, suffix: str) -> None:
    whole = write(tmp_path / f"whole{suffix}", "aac", count=400, options={"g": "50", "bf": "0"})
    late = tmp_path / f"late{suffix}"
    with av.open(str(whole)) as source, av.open(str(late), "w") as target:
        copies = {stream.index: target.add_stream_from_template(stream, opaque=True) for stream in source.streams}
        for packet in source.demux():
            pictures = packet.stream.type == "video"
            if packet.size and not (pictures and 2 <= packet.dts * packet.time_base < 10):
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
    assert timeline(late).join.joints == 0
    times = scan_times(late)
    assert times[50] - times[49] == 8 + FRAME


def test_a_picture_that_stays_long_in_matroska_is_no_jump(clip) -> None:
    path = clip("slides.mkv", (0, 1, 60, 61, 62), Fraction(1))
    assert timeline(path).join.joints == 0
    assert scan_times(path) == [0, 1, 60, 61, 62]


def test_one_wrong_stamp_is_no_jump(tmp_path) -> None:
    source = recording(tmp_path / "source.ts")

    def wrong(kind, number, shown, decoded):
        return (shown + 9_000_000, decoded + 9_000_000) if (kind, number) == ("video", 20) else (shown, decoded)

    times = scan_times(restamped(source, tmp_path / "wrong.ts", wrong))
    assert timeline(tmp_path / "wrong.ts").join.joints == 0
    assert [time - times[0] for time in times] == [index * FRAME for index in range(50)]


def test_a_copy_of_the_same_name_is_read_anew(tmp_path) -> None:
    path = recording(tmp_path / "clip.ts", count=20)
    assert len(scan_times(path)) == 20
    recording(path, count=30)
    assert len(scan_times(path)) == 30
