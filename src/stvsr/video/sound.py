"""Sound into a lossless codec, where a container lacks the source's own one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from numpy.typing import NDArray

from stvsr.errors import StvsrError

# The lossless codecs that players know in each container, in the order of preference.
_LOSSLESS = {"matroska": ("flac", "pcm"), "mp4": ("alac", "flac"), "mov": ("alac", "pcm"), "webm": ()}
# Decoded formats of at most 16 bits; deeper ones and floating point keep 24.
_SHALLOW = {"u8", "u8p", "s16", "s16p"}
_BLOCK = 4096
# What so many channels usually are, where a file does not say.
_USUAL = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
# Stamps jitter; what is less than this (seconds) off is no gap.
_TOLERATED = Fraction(3, 100)


def is_decodable(stream: Stream, container: str) -> bool:
    """Whether a stream is sound for which a container has a lossless codec."""
    return isinstance(stream, AudioStream) and _choose(stream.codec_context, container) is not None


class SoundConverter:
    """Decodes a stream of sound and encodes it without loss.

    What is missing in between becomes silence, so that everything stays where it was.

    Args:
        source: a stream for which `is_decodable` holds.
        target: an output whose header is not written yet.

    Attributes:
        stream: the new stream.
    """

    def __init__(self, source: Stream, target: OutputContainer) -> None:
        assert isinstance(source.codec_context, AudioCodecContext)
        self._decoder = source.codec_context
        chosen = _choose(self._decoder, target.format.name)
        if chosen is None:
            raise StvsrError("no lossless codec takes it")
        codec, kind = chosen
        self._rate, self._layout = self._decoder.sample_rate, _layout(self._decoder)
        stream = target.add_stream(codec, rate=self._rate, layout=self._layout)
        assert isinstance(stream, AudioStream)
        stream.codec_context.format = kind
        stream.codec_context.time_base = Fraction(1, self._rate)
        self.stream = stream
        # Samples are counted in packed frames, of any number of channels.
        self._kind = kind.removesuffix("p")
        self._arranger = None if kind == self._kind else av.AudioResampler(kind, self._layout, self._rate)
        self._resampler: av.AudioResampler | None = None
        self._waiting: list[NDArray[Any]] = []
        self._begin: int | None = None
        self._given = self._done = 0

    @property
    def codec(self) -> str:
        """The new codec's name."""
        return self.stream.codec_context.name

    def convert(self, packet: Packet[Stream]) -> list[Packet[Any]]:
        """Return what is ready of the new sound; a packet that cannot be decoded becomes silence."""
        try:
            frames = self._decoder.decode(packet)
        except (av.FFmpegError, ValueError):
            return []
        return [ready for frame in frames for ready in self._take(frame)]

    def finish(self) -> list[Packet[Any]]:
        """Return what was still to come."""
        ready: list[Packet[Any]] = []
        with contextlib.suppress(av.FFmpegError, ValueError):  # all that can be decoded is
            ready = [each for frame in self._decoder.decode(None) for each in self._take(frame)]
        if self._begin is None:
            return ready
        return [*ready, *self._encoded(last=True), *self.stream.encode(None)]

    def _take(self, frame: av.AudioFrame) -> Iterator[Packet[Any]]:
        place = None
        if frame.pts is not None and frame.time_base:
            place = round(frame.pts * Fraction(frame.time_base) * self._rate)
        channels = self._silence(0).shape[1]
        parts = [each.to_ndarray().reshape(-1, channels) for each in self._resampled(frame)]
        samples = np.concatenate([self._silence(0), *parts])
        if self._begin is None:
            if place is not None and place < 0:  # what nobody hears
                samples, place = samples[-place:], min(0, place + len(samples))
            if not len(samples):
                return
            self._begin = place or 0
        missing = 0 if place is None else place - self._begin - self._given
        if missing > _TOLERATED * self._rate:
            while missing > 0:
                self._put(self._silence(min(missing, self._rate)))
                missing -= self._rate
                yield from self._encoded()
        elif missing < -_TOLERATED * self._rate:
            samples = samples[-missing:]
        self._put(samples)
        yield from self._encoded()

    def _resampled(self, frame: av.AudioFrame) -> list[av.AudioFrame]:
        frame.pts = None
        if self._resampler is None:
            self._resampler = av.AudioResampler(self._kind, self._layout, self._rate)
        try:
            return self._resampler.resample(frame)
        except ValueError:  # it changed half-way
            self._resampler = av.AudioResampler(self._kind, self._layout, self._rate)
            return self._resampler.resample(frame)

    def _silence(self, length: int) -> NDArray[Any]:
        kind = np.int16 if self._kind == "s16" else np.int32
        return np.zeros((length, self.stream.codec_context.layout.nb_channels), kind)

    def _put(self, samples: NDArray[Any]) -> None:
        self._waiting.append(samples)
        self._given += len(samples)

    def _encoded(self, *, last: bool = False) -> Iterator[Packet[Any]]:
        """Yield what the encoder makes of all whole blocks that wait, and of the rest if it is the last one."""
        size = self.stream.codec_context.frame_size or _BLOCK
        if self._given - self._done < size and not last:
            return
        samples = np.concatenate([self._silence(0), *self._waiting])
        while len(samples) >= size or (last and len(samples)):
            block, samples = samples[:size], samples[size:]
            yield from self._block(block)
        self._waiting = [samples]

    def _block(self, samples: NDArray[Any]) -> list[Packet[Any]]:
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format=self._kind, layout=self._layout)
        frame.sample_rate, frame.time_base = self._rate, Fraction(1, self._rate)
        frame.pts = (self._begin or 0) + self._done
        self._done += len(samples)
        frames = [frame] if self._arranger is None else self._arranger.resample(frame)
        return [packet for each in frames for packet in self.stream.encode(each)]


def _choose(decoder: AudioCodecContext | None, container: str) -> tuple[str, str] | None:
    """Return the codec and sample format to store decoded sound in, None if there is none."""
    if decoder is None or not decoder.sample_rate or decoder.format is None:
        return None
    depth = "s16" if decoder.format.name in _SHALLOW else "s32"
    for name in _LOSSLESS[container]:
        codec = {"s16": "pcm_s16le", "s32": "pcm_s24le"}[depth] if name == "pcm" else name
        kind = depth + ("p" if name == "alac" else "")
        if _opens(codec, kind, decoder):
            return codec, kind
    return None


def _opens(codec: str, kind: str, decoder: AudioCodecContext) -> bool:
    try:
        trial = av.CodecContext.create(codec, "w")
        assert isinstance(trial, AudioCodecContext)
        trial.sample_rate, trial.layout, trial.format = decoder.sample_rate, _layout(decoder), kind
        trial.time_base = Fraction(1, decoder.sample_rate)
        trial.open()
    except (av.FFmpegError, ValueError):
        return False
    return True


def _layout(decoder: AudioCodecContext) -> str:
    layout = decoder.layout
    return _USUAL.get(layout.nb_channels, layout.name) if layout.name.endswith("channels") else layout.name
