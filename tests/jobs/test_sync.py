"""A flash and a click at one moment are at one moment in whatever a job writes; prints by how much not (``-s``)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from stvsr.video.encoders import encoder
from stvsr.video.line import Line
from tests.helpers.fakes import Repeat
from tests.helpers.flashes import heard, write
from tests.helpers.jobs import expand, restore, retime, shrink
from tests.video.test_line import SAMPLE, packet

FRAME, MILLI = Fraction(1, 25), Fraction(1, 1000)
SOURCES = {
    "aac.mp4": "aac",
    "aac.mkv": "aac",
    "aac.ts": "aac",
    "ac3.ts": "ac3",
    "mp3.mkv": "libmp3lame",
    "mp3.mp4": "libmp3lame",
    "opus.mkv": "libopus",
    "opus.webm": "libopus",
    "vorbis.mkv": "libvorbis",
    "flac.mkv": "flac",
    "alac.mov": "alac",
    "pcm.mov": "pcm_s16le",
    "pcm.mkv": "pcm_s16le",
    "mulaw.mov": "pcm_mulaw",
    "adpcm.avi": "adpcm_ms",
    "bluray.m2ts": "pcm_bluray",
    "wma.asf": "wmav2",
    "mp2.mpg": "mp2",
}
FEW = ("aac.mp4", "aac.ts", "opus.mkv", "adpcm.avi")
SUFFIXES = (".mkv", ".mp4", ".mov", ".webm")


class General:
    """A model for any degradation that changes nothing."""

    def bind(self, degradation, iterations=None):
        return Repeat(degradation.time, degradation.space)


def source(folder: Path, name: str) -> Path:
    video = {".webm": "libvpx-vp9", ".avi": "mpeg4", ".asf": "mpeg4", ".mpg": "mpeg2video"}
    path = folder / name
    return write(path, SOURCES[name], video=video.get(path.suffix, "libx264"), count=50, size=(64, 64))


def made(path: Path, output: Path, job: str) -> Path:
    """Do a job that changes neither the rate nor the length."""
    settings = {"encoder": encoder("vp9") if output.suffix == ".webm" else None}
    if job == "retime":
        retime(path, output, General(), rate="1", exposure=0.1, cuts=None, **settings)
    elif job == "upscale":
        restore(path, output, Repeat(1, 1), cuts=None, **settings)
    else:
        small = output.with_name(f"small-{output.stem}.mkv")
        shrink(path, small, Repeat(2, 4), cuts=None)
        expand(small, output, Repeat(2, 4), **settings)
    return output


def check(folder: Path, name: str, job: str, suffixes: tuple[str, ...]) -> None:
    path = source(folder, name)
    before = heard(path)
    for suffix in suffixes:
        if suffix == ".webm" and SOURCES[name] not in ("libopus", "libvorbis"):
            continue
        after = heard(made(path, folder / f"out-{job}{suffix}", job))
        offset = after.lag - before.lag
        print(f"{name:12} {job:8} {suffix:6} {1000 * float(offset):+8.2f} ms")
        assert abs(offset) <= FRAME
        assert abs(after.pictures - before.pictures) <= FRAME
        assert abs(after.sound - before.sound) <= FRAME


@pytest.mark.parametrize("job", ["retime", "upscale", "shrink"])
@pytest.mark.parametrize("name", FEW)
def test_a_flash_and_a_click_stay_together(tmp_path, name: str, job: str) -> None:
    check(tmp_path, name, job, (".mkv", ".mp4"))


@pytest.mark.slow
@pytest.mark.parametrize("job", ["retime", "upscale", "shrink"])
@pytest.mark.parametrize("name", SOURCES)
def test_a_flash_and_a_click_stay_together_in_every_container_and_codec(tmp_path, name: str, job: str) -> None:
    check(tmp_path, name, job, SUFFIXES)


@pytest.mark.parametrize(("length", "minutes"), [(1024, 60), (40, 2)])
@pytest.mark.parametrize("shares", [False, True])
def test_stamps_in_whole_milliseconds_do_not_drift(length: int, minutes: int, shares: bool) -> None:
    line = Line(shares=shares)
    stay = length // 48
    for number in range(minutes * 60 * 48000 // length):
        exact = Fraction(number * length, 48000)
        (ready,) = line.put(packet(int(exact * 1000), stay), Fraction(0), SAMPLE)
        assert abs(ready.dts * ready.time_base - exact) <= MILLI
    assert line.moved_ms <= 1
