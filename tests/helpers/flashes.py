"""A flash and a click at one moment, in any container and codec, and where they are in a file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

SAMPLES = 48000
_FULL = {"u8": 128, "s16": 2**15, "s32": 2**31, "flt": 1, "dbl": 1}
_LOUD = 0.25


def write(
    path: Path,
    sound: str | None = "aac",
    *,
    video: str = "libx264",
    rate: Fraction = Fraction(25),
    flash: int = 12,
    count: int = 20,
    start: int = 0,
    samples: int = SAMPLES,
    size: tuple[int, int] = (32, 32),
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
) -> Path:
    """Frame ``flash`` is white, and sound begins with it; everything comes ``start`` frames late."""
    begin = round(flash / rate * samples)
    with av.open(str(path), "w", container_options=muxing or {}) as container:
        usual = {"preset": "ultrafast", "crf": "20"} if video == "libx264" else {}
        pictures = container.add_stream(video, rate=rate, options=usual | (options or {}))
        pictures.width, pictures.height, pictures.pix_fmt = *size, "yuv420p"
        pictures.codec_context.time_base = 1 / rate
        audio = None
        if sound is not None:
            layout = "stereo" if sound == "pcm_bluray" else "mono"
            audio = container.add_stream(sound, rate=samples, layout=layout, options={"b": "64000"})
        container.start_encoding()
        block = 1024 if audio is None else audio.codec_context.frame_size or 1024
        resampler = None
        if audio is not None:
            resampler = av.AudioResampler(audio.codec_context.format, audio.codec_context.layout, samples)
        done = 0
        black, white = (np.full((size[1], size[0], 3), value, np.uint8) for value in (16, 235))
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(white if index == flash else black, format="rgb24")
            frame.pts, frame.time_base = index + start, 1 / rate
            container.mux(pictures.encode(frame))
            while audio is not None and resampler is not None and done < (index + 1) / rate * samples:
                place = np.arange(done, done + block)
                wave = np.where((place >= begin) & (place < begin + samples // 12), np.sin(place * 0.3) * 25000, 0)
                heard = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
                heard.sample_rate, heard.time_base = samples, Fraction(1, samples)
                heard.pts = done + round(start / rate * samples)
                container.mux([packet for each in resampler.resample(heard) for packet in audio.encode(each)])
                done += block
        if audio is not None:
            container.mux(audio.encode(None))
        container.mux(pictures.encode(None))
    return path


class Heard(NamedTuple):
    """What is seen and heard in a file, in seconds by its own stamps.

    Attributes:
        flash: When the first bright picture is shown, None without one.
        click: When the first loud sample is heard, None without one.
        pictures: From the first picture to the last one.
        sound: From the first sample to the last one, None without sound.
        frames: How many pictures there are.
    """

    flash: Fraction | None
    click: Fraction | None
    pictures: Fraction
    sound: Fraction | None
    frames: int

    @property
    def lag(self) -> Fraction:
        """How much later than the flash the click is heard."""
        assert self.flash is not None
        assert self.click is not None
        return self.click - self.flash


def heard(path: Path) -> Heard:
    """Look and listen to a whole file."""
    shown: list[Fraction] = []
    flash = None
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            shown.append(frame.pts * frame.time_base)
            if flash is None and frame.to_ndarray(format="gray").mean() > 128:
                flash = shown[-1]
    click, begin, end = _listened(path)
    sound = None if begin is None or end is None else end - begin
    return Heard(flash, click, max(shown) - min(shown), sound, len(shown))


def _listened(path: Path) -> tuple[Fraction | None, Fraction | None, Fraction | None]:
    """When the first loud sample is heard, when the first one at all, and when all are over."""
    click = begin = end = None
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None, None, None
        for block in container.decode(audio=0):
            wave = block.to_ndarray().astype(float)
            kind = block.format.name.rstrip("p")
            wave = np.abs(wave - 128 if kind == "u8" else wave) / _FULL[kind]
            level = wave.max(0) if block.format.is_planar else wave.reshape(-1, block.layout.nb_channels).max(1)
            time = end if block.pts is None else block.pts * block.time_base
            if time is None:
                continue
            begin = time if begin is None else begin
            loud = np.flatnonzero(level > _LOUD)
            if click is None and loud.size:
                click = time + Fraction(int(loud[0]), block.sample_rate)
            end = time + Fraction(block.samples, block.sample_rate)
    return click, begin, end
