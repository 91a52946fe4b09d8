"""Frames through a codec and back, in memory: what a decoder shows, and how many bits that took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import Any

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.text import reason
from stvsr.video.coding import Coding
from stvsr.video.colour import to_rgb
from stvsr.video.encoders import Encoder
from stvsr.video.priority import kept_priority

Image = NDArray[np.uint8]
_DECODERS = {
    "libx264": "h264",
    "libx264rgb": "h264",
    "libx265": "hevc",
    "libsvtav1": "libdav1d",
    "libvpx-vp9": "vp9",
    "ffv1": "ffv1",
}


_SINGLE = {"libx265": ("x265-params", "pools=none:frame-threads=1"), "libsvtav1": ("svtav1-params", "lp=1")}
"""What tells an encoder to keep to one thread, where FFmpeg's own setting does not."""


class RoundTrip:
    """One clip's way through an encoder and its decoder, as one sequence of pictures.

    What a container adds, and the header that it keeps once for a whole file, count nothing. Encoder and decoder keep
    to one thread each: on a busy machine, threads that wait for each other take several times as long.

    Args:
        encoder: How to encode.
        rate: Frames per second, which rate control takes into account.

    Attributes:
        bits: Of all packets so far; final when the frames are at their end.
        frames: How many came back so far.
    """

    def __init__(self, encoder: Encoder, rate: Fraction) -> None:
        self._encoder, self._rate = _single(encoder), rate
        self.bits = self.frames = 0

    def __call__(self, images: Iterable[Image]) -> Iterator[Image]:
        """Yield the frames that come back, in order; encoding runs ahead by as many as the encoder looks ahead.

        Args:
            images: RGB uint8 ``(height, width, 3)``, all of one size.

        Raises:
            StvsrError: If the encoder cannot hold the size, or fails.
        """
        source = iter(images)
        first = next(source, None)
        if first is None:
            return
        coding = Coding.of(self._encoder, first.shape[1], first.shape[0], self._rate)
        try:
            encoder = _open(coding)
            decoder = av.CodecContext.create(_DECODERS[coding.encoder.codec], "r")
            assert isinstance(decoder, VideoCodecContext)
            if encoder.extradata:
                decoder.extradata = bytes(encoder.extradata)
            decoder.width, decoder.height = coding.stored  # which some formats leave to containers
            decoder.thread_count = 1
            for packet in self._packets(encoder, coding, first, source):
                yield from self._shown(decoder, packet, coding)
            yield from self._shown(decoder, None, coding)
        except (av.FFmpegError, OSError) as error:
            size = f"{coding.width}x{coding.height}"
            raise StvsrError(
                f"{coding.encoder.codec} fails at {size} ({reason(error)}); take another encoder"
            ) from error

    def _packets(
        self, encoder: VideoCodecContext, coding: Coding, first: Image, rest: Iterator[Image]
    ) -> Iterator[av.Packet[Any]]:
        for number, image in enumerate(chain([first], rest)):
            frame = coding.frame(image)
            frame.pts = number
            frame.duration = 1
            yield from self._counted(encoder.encode(frame))
        yield from self._counted(encoder.encode(None))

    def _counted(self, packets: Iterable[av.Packet[Any]]) -> Iterator[av.Packet[Any]]:
        for packet in packets:
            self.bits += 8 * packet.size
            yield packet

    def _shown(self, decoder: VideoCodecContext, packet: av.Packet[Any] | None, coding: Coding) -> Iterator[Image]:
        for frame in decoder.decode(packet):
            self.frames += 1
            yield coding.padding.apply(to_rgb(frame, coding.colour))


def _open(coding: Coding) -> VideoCodecContext:
    context = av.CodecContext.create(coding.encoder.codec, "w")
    assert isinstance(context, VideoCodecContext)
    coding.configure(context)
    context.flags |= int(Flags.global_header)
    context.thread_count = 1
    with kept_priority():
        context.open()
    return context


def _single(encoder: Encoder) -> Encoder:
    if encoder.codec not in _SINGLE:
        return encoder
    name, setting = _SINGLE[encoder.codec]
    given = encoder.options.get(name)
    return replace(encoder, options={**encoder.options, name: f"{given}:{setting}" if given else setting})
