"""Text subtitles from one codec into another, where a container holds words but not in the source's codec."""

from __future__ import annotations

from fractions import Fraction

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle, SubtitleSet

from stvsr.errors import StvsrError

# What each container calls plain text with times.
_CODECS = {"matroska": "subrip", "mp4": "mov_text", "mov": "mov_text", "webm": "webvtt"}
# Codecs whose look (fonts, places) the ones above keep in part only.
STYLED = ("ass", "ssa")
_TEXT = (*STYLED, "subrip", "srt", "mov_text", "webvtt", "text")
# Encoders want a style sheet even for plain words; decoders that have one of their own hand it over instead.
_PLAIN = b"""[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def is_convertible(stream: Stream) -> bool:
    """Whether a stream's packets are words, which every container can hold in some codec."""
    return isinstance(stream, SubtitleStream) and stream.codec_context is not None and stream.name in _TEXT


class SubtitleConverter:
    """Turns the packets of a text subtitle stream into those of the target container's own codec.

    Args:
        source: a stream for which `is_convertible` holds.
        target: an output whose header is not written yet.

    Attributes:
        stream: the new stream.

    Raises:
        StvsrError: the codec's own header is damaged.
    """

    def __init__(self, source: Stream, target: OutputContainer) -> None:
        assert isinstance(source.codec_context, SubtitleCodecContext)
        self._decoder = source.codec_context
        try:
            self._decoder.open(strict=False)
        except (av.FFmpegError, ValueError) as error:
            raise StvsrError("its header is damaged") from error
        tick = source.time_base or Fraction(1, 1000)
        stream = target.add_stream(_CODECS[target.format.name])
        assert isinstance(stream, SubtitleStream)
        self._encoder = stream.codec_context
        self._encoder.subtitle_header = self._decoder.subtitle_header or _PLAIN
        self._encoder.time_base = tick
        stream.time_base = tick
        self.stream = stream

    def convert(self, packet: Packet[Stream]) -> list[Packet[Stream]]:
        """Return one packet per line of text; none for a pause, or for words that cannot be read."""
        try:
            lines = [line for line in self._decoder.decode2(packet) or () if isinstance(line, AssSubtitle)]
            return [self._encoded(line, packet) for line in lines if line.dialogue.strip()]
        except (av.FFmpegError, ValueError):
            return []

    def _encoded(self, line: AssSubtitle, packet: Packet[Stream]) -> Packet[Stream]:
        stamp, duration = packet.pts or 0, packet.duration or 0
        encoded = self._encoder.encode_subtitle(SubtitleSet.create(line.ass, 0, duration, pts=stamp))
        encoded.stream, encoded.time_base = self.stream, packet.time_base
        encoded.pts = encoded.dts = stamp
        encoded.duration = duration
        return encoded
