"""Sound that a container lacks the codec for arrives there without loss, at its own time, and that is told."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import VideoReader, VideoWriter, encoder, probe
from tests.helpers.flashes import heard, write

FRAME = Fraction(1, 25)
OLD = {
    "adpcm_ms.avi": "adpcm_ms",
    "adpcm_ima.avi": "adpcm_ima_wav",
    "alaw.avi": "pcm_alaw",
    "mulaw.mov": "pcm_mulaw",
    "bluray.m2ts": "pcm_bluray",
    "dvd.mpg": "pcm_dvd",
    "nellymoser.flv": "nellymoser",
    "swf.flv": "adpcm_swf",
    "wma1.asf": "wmav1",
    "wma2.asf": "wmav2",
    "qt.mov": "adpcm_ima_qt",
    "yamaha.avi": "adpcm_yamaha",
    "deep.mov": "pcm_s24be",
    "floating.avi": "pcm_f32le",
}
_RATES = {"nellymoser": 22050, "adpcm_swf": 22050}
_PICTURES = {".flv": "flv", ".mpg": "mpeg2video"}


def copied(source: Path, output: Path, notices: list[str] | None = None, **options) -> Path:
    told = [] if notices is None else notices
    with VideoReader(source) as reader:
        info = reader.info
        settings = {"time_base": Fraction(1, 90000), "copy_from": source, "notice": told.append, **options}
        with VideoWriter(output, info.width, info.height, info.rate, **settings) as writer:
            for frame in reader:
                writer.write(frame.rgb, Fraction(round(frame.time * 90000), 90000))
    return output


def old(folder: Path, name: str) -> Path:
    codec, path = OLD[name], folder / name
    video = _PICTURES.get(path.suffix, "mpeg4")
    return write(path, codec, video=video, count=50, samples=_RATES.get(codec, 48000), size=(64, 64))


def samples(path: Path) -> np.ndarray:
    """Return all sound as numbers in [-1, 1], (channels, length)."""
    parts = []
    with av.open(str(path)) as container:
        layout = container.streams.audio[0].codec_context.layout
        resampler = av.AudioResampler("dbl", layout)
        for block in container.decode(audio=0):
            block.pts = None
            parts += [each.to_ndarray().reshape(-1, layout.nb_channels).T for each in resampler.resample(block)]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize("name", OLD)
def test_old_sound_is_carried_whole_and_in_step(tmp_path, name: str, suffix: str) -> None:
    source, notices = old(tmp_path, name), []
    output = copied(source, tmp_path / f"out{suffix}", notices)
    before, after = heard(source), heard(output)
    assert abs(after.lag) <= abs(before.lag) + Fraction(3, 1000)
    assert abs(after.sound - before.sound) <= Fraction(20, 1000)
    codec = next(each for each in probe(output).streams if each.kind == "audio").codec
    converted = codec != OLD[name]
    assert converted == any(f"as {codec}, without loss" in line for line in notices)
    one, two = samples(source), samples(output)
    length = min(one.shape[1], two.shape[1])
    assert abs(one.shape[1] - two.shape[1]) <= 0.02 * 48000
    assert np.abs(one[:, :length] - two[:, :length]).max() <= 2**-22


def test_gaps_become_silence_so_that_nothing_moves(tmp_path) -> None:
    whole = write(tmp_path / "whole.m2ts", "pcm_bluray", flash=40, count=50, size=(64, 64))
    holes = tmp_path / "holes.m2ts"
    with av.open(str(whole)) as source, av.open(str(holes), "w") as target:
        copies = {each.index: target.add_stream_from_template(each, opaque=True) for each in source.streams}
        for packet in source.demux():
            late = packet.dts is not None and Fraction(1, 4) < packet.dts * packet.time_base < 1
            if packet.size and not (packet.stream.type == "audio" and late):
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
    assert abs(heard(copied(holes, tmp_path / "out.mp4")).lag) <= Fraction(2, 1000)


def test_without_a_lossless_codec_the_advice_names_the_option(tmp_path) -> None:
    source = old(tmp_path, "adpcm_ms.avi")
    with pytest.raises(StvsrError, match=r"write \.mkv or \.mp4 instead, or add --no-audio"):
        copied(source, tmp_path / "out.webm", encoder=encoder("vp9"))
    assert not list(tmp_path.glob("*out*"))
    copied(source, tmp_path / "out.webm", encoder=encoder("vp9"), drop=["audio"])


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "7.1"])
def test_every_layout_finds_a_codec(tmp_path, layout: str) -> None:
    source = tmp_path / "source.avi"
    generator = np.random.default_rng(0)
    channels = av.AudioLayout(layout).nb_channels
    with av.open(str(source), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 64
        audio = container.add_stream("pcm_f32le" if channels > 2 else "pcm_alaw", rate=48000, layout=layout)
        container.start_encoding()
        container.mux(video.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(video.encode(None))
        kind = audio.codec_context.format.name
        noise = generator.uniform(-0.5, 0.5, (1, 4800 * channels))
        block = noise.astype(np.float32) if kind == "flt" else (noise * 2**15).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(block, format=kind, layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    for suffix in (".mkv", ".mp4", ".mov"):
        one, two = samples(source), samples(copied(source, tmp_path / f"out{suffix}"))
        assert np.abs(one - two).max() <= 2**-22
