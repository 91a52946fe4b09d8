"""Carrying a file's other streams over, packet by packet: audio, subtitles, attachments, chapters."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard, Stream
from av.video.stream import VideoStream

from stvsr.errors import StvsrError
from stvsr.text import reason
from stvsr.video.attachments import attach, attach_cover, cover_packets, is_cover, moved_chapters
from stvsr.video.info import stream_info
from stvsr.video.line import Line
from stvsr.video.output import CONTAINERS
from stvsr.video.sound import SoundConverter, is_decodable
from stvsr.video.source import demux, open_input, video_stream
from stvsr.video.subtitles import STYLED, SubtitleConverter, is_convertible
from stvsr.video.timeline import RUN_UP, timeline
from stvsr.video.timing import nominal_rate

KINDS = ("audio", "subtitle", "attachment", "chapter", "metadata")
"""What can be left out of a copy. Cover pictures are attachments, metadata are the tags of the whole file."""

# Facts about the source's encoding that would be false of the copy.
_STALE = ("duration", "encoder", "number_of_", "bps", "_statistics", "vendor_id", "filename", "mimetype")
_STALE_VIDEO = (*_STALE, "rotate", "alpha_mode", "timecode")
_STALE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "timecode")
# The rates in which time codes count, and those in which they may leave out numbers.
_DROPPING = {Fraction(30000, 1001), Fraction(60000, 1001)}
_COUNTED = {Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)} | {Fraction(24000, 1001)} | _DROPPING
# QuickTime knows some languages by one only of their two ISO 639-2 codes, and drops the other.
_QUICKTIME = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi", "cze": "ces", "rum": "ron",
    "slo": "slk",
}  # fmt: skip
# Containers in which packets of a stream may share a stamp, and which have no lists of what is to be hidden.
_LAX = {"matroska", "webm"}
_OPTIONS = {"audio": "--no-audio", "subtitle": "--no-subtitles"}
_NAMES = set(CONTAINERS.values())
# More hidden packets than this warm no decoder up.
_LONGEST_RUN_UP = 16
# Milliseconds by which a packet can be moved without anybody noticing.
_NOTICED = 5


class _Converter(Protocol):
    """Turns packets into those of another codec."""

    def convert(self, packet: Packet[Stream]) -> list[Packet[Any]]:
        """Return what is ready."""

    def finish(self) -> list[Packet[Any]]:
        """Return what was still to come."""


@dataclass
class _Track:
    """Where the packets of one of the source's streams go.

    Attributes:
        stream: In the output.
        name: In the source.
        converter: Makes its packets, None for one that is copied.
        line: Its packets, in line.
        hidden: Packets before the first one that is to be heard, whose decoder they warm up.
        began: Whether that came.
    """

    stream: Stream
    name: str
    converter: _Converter | None
    line: Line
    hidden: list[Packet[Stream]] = field(default_factory=list)
    began: bool = False


class StreamCopy:
    """Copies what is not moving pictures from one file into an output that is being written.

    Only one packet is held at a time; whoever writes calls `advance` as its own stream goes on.

    Args:
        source: the file to copy from.
        target: an output whose header is not written yet, and whose first stream is the new video.
        output: its path, for messages.
        drop: kinds (`KINDS`) to leave out.

    Attributes:
        shift: by how much everything is moved, in seconds, where something begins before zero, where containers start.
        lost: what the output's container cannot hold, each in a few words.
        unheard: the audio and subtitle streams among them.
        converted: what it holds in another, lossless codec only, each in a few words.

    Raises:
        StvsrError: the source cannot be read.
    """

    def __init__(self, source: Path, target: OutputContainer, output: Path, drop: Collection[str]) -> None:
        self._source, self._target, self._output = source, target, output
        self._drop = drop
        self._tracks: dict[int, _Track] = {}
        self._pictures: list[Packet[Stream]] = []
        self._pending: Packet[Stream] | None = None
        self._timeline = timeline(source)
        self.shift = Fraction(0)
        self.lost: list[str] = []
        self.unheard: list[Stream] = []
        self.converted: list[str] = []
        self._input: InputContainer = open_input(source)
        try:
            moving = [stream for stream in self._input.streams.video if not is_cover(stream)]
            self._video = video_stream(self._input, source) if moving else None
            for stream in self._input.streams:
                self._take(stream)
            if "chapter" not in drop:
                target.set_chapters(moved_chapters(self._input, -self._timeline.start))
        except BaseException:
            self.close()
            raise
        self._packets = self._read()

    @property
    def metadata(self) -> dict[str, str]:
        """The source's own tags, without those that describe how it was encoded."""
        if "metadata" in self._drop:
            return {}
        tags = {key.lower(): value for key, value in self._input.metadata.items()}
        return {key: value for key, value in tags.items() if key not in _STALE_FILE}

    def describe(self, video: VideoStream, rate: Fraction) -> None:
        """Give the new video stream of ``rate`` the language, title, time code and the like of the source's."""
        if self._video is None:
            return
        video.metadata.update(_tags(self._video, _STALE_VIDEO, self._target))
        video.disposition = self._video.disposition
        code = _timecode(self._video, self._input)
        if code is None or "metadata" in self._drop:
            return
        # In MP4 it becomes a stream that counts frames; a rate or a text that cannot be counted in fails the file.
        if self._target.format.name in ("matroska", "webm") or (
            rate == nominal_rate(self._video) and rate in (_DROPPING if ";" in code else _COUNTED)
        ):
            video.metadata["timecode"] = code
        else:
            self.lost.append(f"time code {code}")

    def alternatives(self) -> list[str]:
        """Return the suffixes of containers that hold all of `unheard`."""
        able = {name: all(_holds(each, name) or is_decodable(each, name) for each in self.unheard) for name in _NAMES}
        return [suffix for suffix, name in CONTAINERS.items() if able[name]]

    def without(self) -> str:
        """Return the options that leave out what is `unheard`."""
        return " ".join(sorted({_OPTIONS[stream.type] for stream in self.unheard}))

    def moved(self) -> list[str]:
        """Return which streams had packets that had to be moved by what could be noticed, each in a few words."""
        tracks = self._tracks.values()
        return [f"{each.name} by up to {each.line.moved_ms:.0f} ms" for each in tracks if each.line.moved_ms > _NOTICED]

    def attach(self, *, covers: bool) -> None:
        """Copy what has no packets of its own; called before the output's header is written.

        Args:
            covers: whether the output has a place for cover pictures.
        """
        if "attachment" in self._drop:
            return
        self.lost += attach(self._input, self._target)
        pictures = cover_packets(self._source, self._input)
        for stream in self._input.streams:
            if not is_cover(stream):
                continue
            if not covers or stream.index not in pictures:
                self.lost.append(f"cover picture {stream.index}")
                continue
            packet = attach_cover(stream, pictures[stream.index], self._target)
            if packet is not None:
                self._pictures.append(packet)

    def delay(self, shift: Fraction) -> None:
        """Move everything that follows by ``shift`` seconds more; called before anything is copied."""
        self.shift += shift

    def advance(self, until: Fraction | None) -> None:
        """Copy what is due before ``until`` (seconds in the output), or everything that is left if None."""
        while self._pictures:
            self._target.mux_one(self._pictures.pop())
        while True:
            packet = self._pending or next(self._packets, None)
            self._pending = packet
            if packet is None or (until is not None and self._time(packet) > until):
                break
            self._pending = None
            self._pass(packet)
        if until is None:
            for track in self._tracks.values():
                self._put([] if track.converter is None else track.converter.finish(), track)
                self._mux(track.line.finish(), track)

    def close(self) -> None:
        """Release the source."""
        self._input.close()

    def _take(self, stream: Stream) -> None:
        if stream.type not in ("audio", "subtitle"):
            if stream is not self._video and not is_cover(stream) and _is_content(stream):
                self.lost.append(str(stream_info(stream)))
            return
        if stream.type in self._drop:
            return
        name = str(stream_info(stream))
        copy: Stream | None
        converter: _Converter | None
        if _holds(stream, self._target.format.name):
            copy, converter = self._target.add_stream_from_template(stream), None
        else:
            copy, converter = self._converted(stream, name)
        if copy is None:
            return
        copy.metadata.update(_tags(stream, _STALE, self._target))
        copy.disposition = stream.disposition
        shares = self._target.format.name in _LAX or stream.type == "subtitle"
        self._tracks[stream.index] = _Track(copy, name, converter, Line(shares=shares))

    def _converted(self, stream: Stream, name: str) -> tuple[Stream | None, _Converter | None]:
        """Return a stream in a codec that the container holds, and what makes its packets; None if there is none."""
        if is_convertible(stream):
            try:
                words = SubtitleConverter(stream, self._target)
            except StvsrError as error:
                self.lost.append(f"{name}, because {error}")
                return None, None
            if stream.name in STYLED:
                self.lost.append(f"fonts and places of {name}")
            return words.stream, words
        if is_decodable(stream, self._target.format.name):
            sound = SoundConverter(stream, self._target)
            self.converted.append(f"{name} as {sound.codec}")
            return sound.stream, sound
        self.lost.append(name)
        self.unheard.append(stream)
        return None, None

    def _read(self) -> Iterator[Packet[Stream]]:
        if not self._tracks:
            return
        streams = [self._input.streams[index] for index in self._tracks]
        try:
            placing = self._timeline.placing()
            for packet in demux(self._input, streams):
                if packet.size and placing.place(packet) and not packet.is_corrupt:
                    yield packet
        except (av.FFmpegError, OSError) as error:
            raise StvsrError(f"{self._source} is damaged ({reason(error)}); copy it again from its source") from error

    def _time(self, packet: Packet[Stream]) -> Fraction:
        stamp = packet.dts if packet.dts is not None else packet.pts
        return (stamp or 0) * packet.time_base + self.shift

    def _pass(self, packet: Packet[Stream]) -> None:
        """Hand a packet on, unless it is to be hidden; of those before the first one heard, a run-up is kept."""
        track = self._tracks[packet.stream_index]
        if packet.is_discard:
            if not track.began:
                track.hidden.append(packet)
                del track.hidden[:-_LONGEST_RUN_UP]
            return
        hidden, track.hidden, track.began = track.hidden, [], True
        for each in [*self._run_up(hidden, packet), packet]:
            self._put([each] if track.converter is None else track.converter.convert(each), track)

    def _run_up(self, hidden: list[Packet[Stream]], first: Packet[Stream]) -> list[Packet[Stream]]:
        """Return which hidden packets go along: where the container cannot hide them, one at most."""
        if self._target.format.name in _LAX:
            return hidden[-1:]
        return [packet for packet in hidden if self._time(first) - self._time(packet) <= RUN_UP]

    def _put(self, packets: Iterable[Packet[Any]], track: _Track) -> None:
        for packet in packets:
            self._mux(track.line.put(packet, self.shift, track.stream.time_base), track)

    def _mux(self, packets: Iterable[Packet[Any]], track: _Track) -> None:
        for packet in packets:
            packet.stream = track.stream
            try:
                self._target.mux_one(packet)
            except (av.FFmpegError, ValueError) as error:
                if isinstance(error, av.FFmpegError) and not isinstance(error, ValueError):
                    raise  # the disk rather than the packet
                raise StvsrError(
                    f"{self._output}: the source's {track.name} cannot be copied ({reason(error)}); "
                    f"add {_OPTIONS[track.stream.type]}"
                ) from error


def _timecode(video: Stream, container: InputContainer) -> str | None:
    """Return the tape time at which the pictures begin, if there is a valid one."""
    tags = {key.lower(): value for key, value in {**container.metadata, **video.metadata}.items()}
    code = tags.get("timecode", "")
    return code if re.fullmatch(r"\d\d:\d\d:\d\d[:;]\d\d", code) else None


def _is_content(stream: Stream) -> bool:
    """Whether a stream is more than a list of the chapters or what FFmpeg itself reads in passing."""
    return (
        stream.type != "attachment"
        and stream.discard != Discard.all
        and not (stream.type == "data" and any(key.lower() == "timecode" for key in stream.metadata))
    )


def _tags(stream: Stream, stale: tuple[str, ...], target: OutputContainer) -> dict[str, str]:
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    kept = {key: value for key, value in tags.items() if not key.startswith(stale)}
    if target.format.name == "mov":
        kept["language"] = _QUICKTIME.get(tags.get("language", ""), tags.get("language", "und"))
    return kept


def _holds(stream: Stream, container: str) -> bool:
    """Whether a container takes a stream. Some muxers say so only when they write their header."""
    trial = av.open(os.devnull, "w", format=container)
    try:
        trial.add_stream_from_template(stream, opaque=True)
        trial.start_encoding()
    except (ValueError, av.FFmpegError):  # a stream without a decoder among them
        return False
    finally:
        with contextlib.suppress(av.FFmpegError):
            trial.close()
    return True
