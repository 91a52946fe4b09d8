"""What lies beside the pictures stays where it was: equal stamps, short packets, hidden packets."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.video import VideoReader, VideoWriter
from tests.helpers.flashes import heard, write

MILLI = Fraction(1, 1000)
FRAME = Fraction(1, 25)


def copied(source: Path, output: Path, notices: list[str] | None = None) -> Path:
    told = [] if notices is None else notices
    with VideoReader(source) as reader:
        info = reader.info
        settings = {"time_base": Fraction(1, 90000), "copy_from": source, "notice": told.append}
        with VideoWriter(output, info.width, info.height, info.rate, **settings) as writer:
            for frame in reader:
                writer.write(frame.rgb, Fraction(round(frame.time * 90000), 90000))
    return output


def stamps(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [(p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.size]


def in_short_packets(path: Path, size: int, codec: str = "pcm_s16le", rate: int = 48000) -> Path:
    """Write 4 s whose sound comes in packets of so few samples that several share a millisecond."""
    begin = 3 * rate
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 32
        audio = container.add_stream(codec, rate=rate, layout="mono")
        container.start_encoding()
        packets = []
        for index in range(100):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 235 if index == 75 else 16, np.uint8), "rgb24")
            frame.pts, frame.time_base = index, FRAME
            packets += video.encode(frame)
        packets += video.encode(None)
        for first in range(0, 4 * rate, size):
            place = np.arange(first, first + size)
            wave = np.where((place >= begin) & (place < begin + 4000), 25000, 0).astype("<i2")
            packet = av.Packet(wave.tobytes())
            packet.stream, packet.time_base = audio, Fraction(1, rate)
            packet.pts = packet.dts = first
            packet.duration = size
            packets.append(packet)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


@pytest.mark.parametrize("size", [16, 40])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
def test_sound_in_packets_shorter_than_a_tick_does_not_drift(tmp_path, size: int, suffix: str) -> None:
    source, notices = in_short_packets(tmp_path / "source.mkv", size), []
    output = copied(source, tmp_path / f"out{suffix}", notices)
    before, after = stamps(source, "audio"), stamps(output, "audio")
    assert b"".join(data for _, data in after) == b"".join(data for _, data in before)
    if suffix == ".mkv":
        assert after == before
    assert abs(heard(output).lag - heard(source).lag) <= 2 * MILLI
    assert abs(heard(output).sound - heard(source).sound) <= 2 * MILLI
    assert notices == []


@pytest.mark.parametrize("codec", ["ass", "subrip"])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_lines_that_begin_together_stay_together(tmp_path, codec: str, suffix: str) -> None:
    source = tmp_path / "source.mkv"
    words = {"ass": "{number},0,Default,,0,0,0,,line {number}", "subrip": "line {number}"}[codec]
    with av.open(str(source), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 32
        lines = container.add_mux_stream(codec, time_base=MILLI)
        container.mux(video.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(video.encode(None))
        for number in range(100):
            line = av.Packet(words.format(number=number).encode())
            line.stream, line.time_base, line.duration = lines, MILLI, 40
            line.pts = line.dts = 100 + 60 * (number // 50)
            container.mux(line)
    shown = [(time, data) for time, data in stamps(copied(source, tmp_path / f"out{suffix}"), "subtitle") if data[2:]]
    if suffix == ".mkv":
        assert shown == stamps(source, "subtitle")
        return
    assert [time for time, _ in shown] == [100 * MILLI, 160 * MILLI]
    assert [data.count(b"line") for _, data in shown] == [50, 50]


def hiding(source: Path, target: Path, seconds: int) -> Path:
    """Write an MP4 file whose edit list hides so many seconds at its beginning."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        new.container_options.update(avoid_negative_ts="disabled")
        copies = {each.index: new.add_stream_from_template(each, opaque=True) for each in old.streams}
        for packet in old.demux():
            if packet.size:
                offset = round(seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts - offset, packet.dts - offset
                packet.stream = copies[packet.stream.index]
                new.mux(packet)
    return target


@pytest.mark.parametrize("suffixes", [(".mkv", ".mp4"), (".mp4", ".mkv"), (".mov",), (".mkv", ".mkv")])
@pytest.mark.parametrize("sound", ["aac", "libmp3lame", "pcm_mulaw"])
def test_what_an_edit_list_hides_stays_hidden(tmp_path, suffixes, sound: str) -> None:
    suffix = ".mov" if sound == "pcm_mulaw" else ".mp4"
    whole = write(tmp_path / f"whole{suffix}", sound, flash=60, count=100, options={"g": "25", "bf": "0"})
    path = hiding(whole, tmp_path / f"hiding{suffix}", 2)
    before = heard(path)
    assert before.frames == 50
    for number, suffix in enumerate(suffixes):
        path = copied(path, tmp_path / f"out-{number}{suffix}")
    after = heard(path)
    assert after.frames == 50
    assert abs(after.lag - before.lag) <= 3 * MILLI
    assert after.sound - before.sound <= Fraction(60, 1000)
    assert min(time for time, _ in stamps(path, "audio")) > -Fraction(1, 20 if suffix == ".mkv" else 8)
