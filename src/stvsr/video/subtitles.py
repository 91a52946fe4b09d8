"""Text subtitles from one codec into another, where a container holds words but not in the source's codec."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
_ONE_AT_A_TIME = {"mp4", "mov"}
# Commas before the words of a line in ASS.
_FIELDS = 8
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


@dataclass(frozen=True)
class _Line:
    """A line of text in ASS, when it begins and how long it stays, in ticks."""

    ass: bytes
    begin: int
    stay: int
    tick: Fraction


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
        self._alone = target.format.name in _ONE_AT_A_TIME
        self._waiting: list[_Line] = []

    def convert(self, packet: Packet[Stream]) -> list[Packet[Stream]]:
        """Return one packet per line of text; none for a pause, or for words that cannot be read.

        Where only one line can be shown at a time, those that begin together become one.
        """
        try:
            words = [line for line in self._decoder.decode2(packet) or () if isinstance(line, AssSubtitle)]
            lines = [line.ass for line in words if line.dialogue.strip()]
        except (av.FFmpegError, ValueError):
            return []
        begin, stay = packet.pts or 0, packet.duration or 0
        tick = Fraction(packet.time_base)
        if not self._alone:
            return self._encoded([_Line(line, begin, stay, tick) for line in lines])
        ready = self.finish() if self._waiting and self._waiting[0].begin != begin else []
        self._waiting += [_Line(line, begin, stay, tick) for line in lines]
        return ready

    def finish(self) -> list[Packet[Stream]]:
        """Return the line that waited for others that begin with it."""
        waiting, self._waiting = self._waiting, []
        return self._encoded([_together(waiting)] if waiting else [])

    def _encoded(self, lines: list[_Line]) -> list[Packet[Stream]]:
        packets = []
        for line in lines:
            try:
                encoded = self._encoder.encode_subtitle(SubtitleSet.create(line.ass, 0, line.stay, pts=line.begin))
            except (av.FFmpegError, ValueError):
                continue
            encoded.stream, encoded.time_base = self.stream, line.tick
            encoded.pts = encoded.dts = line.begin
            encoded.duration = line.stay
            packets.append(encoded)
        return packets


def _together(lines: list[_Line]) -> _Line:
    """Return lines that begin together as one, those that repeat each other once, until the last one ends."""
    fields = [line.ass.split(b",", _FIELDS) for line in lines]
    texts = dict.fromkeys(each[-1] for each in fields)
    ass = b",".join([*fields[0][:-1], b"\\N".join(texts)])
    return replace(lines[0], ass=ass, stay=max(line.stay for line in lines))
