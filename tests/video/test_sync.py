"""Sound stays with the pictures: a click and a flash at the same moment, before and after."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.video import VideoReader, VideoWriter, encoder

RATE, SAMPLES = Fraction(30000, 1001), 48000
MILLI = Fraction(1, 1000)


def flashing(path: Path, codec: str, flash: int, count: int, start: int = 0, options: dict | None = None) -> Path:
    """Frame ``flash`` is white, and sound begins with it; ``start`` frames late."""
    begin = round(flash / RATE * SAMPLES)
    with av.open(str(path), "w", container_options=options or {}) as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "20"})
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        video.codec_context.time_base = 1 / RATE
        audio = container.add_stream(codec, rate=SAMPLES, layout="mono", options={"b": "64000"})
        container.start_encoding()
        size = audio.codec_context.frame_size or 1024
        resampler = av.AudioResampler(audio.codec_context.format, "mono", SAMPLES)
        done = 0
        black, white = (np.full((32, 32, 3), value, np.uint8) for value in (16, 235))
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(white if index == flash else black, format="rgb24")
            frame.pts, frame.time_base = index + start, 1 / RATE
            container.mux(video.encode(frame))
            while done < (index + 1) / RATE * SAMPLES:
                place = np.arange(done, done + size)
                wave = np.where((place >= begin) & (place < begin + 4000), np.sin(place * 0.3) * 25000, 0)
                block = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
                block.sample_rate, block.time_base = SAMPLES, Fraction(1, SAMPLES)
                block.pts = done + round(start / RATE * SAMPLES)
                container.mux([packet for each in resampler.resample(block) for packet in audio.encode(each)])
                done += size
        container.mux(audio.encode(None))
        container.mux(video.encode(None))
    return path


def lag(path: Path) -> Fraction:
    """How much later than the flash the click is heard, in seconds."""
    with VideoReader(path) as reader:
        flash = next(frame.time for frame in reader if frame.rgb.mean() > 128)
    with av.open(str(path)) as container:
        for block in container.decode(audio=0):
            wave = np.abs(block.to_ndarray().astype(float)).reshape(-1)
            loud = np.flatnonzero(wave > (8000 if "s16" in block.format.name else 0.25))
            if loud.size:
                return block.pts * block.time_base + Fraction(int(loud[0]), SAMPLES) - flash
    raise AssertionError("no click")


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
