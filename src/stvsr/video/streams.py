"""Carrying a file's other streams over, packet by packet: audio, subtitles, attachments, chapters."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import AttachmentStream, Stream

from stvsr.errors import StvsrError
from stvsr.video.info import stream_info
from stvsr.video.output import CONTAINERS
from stvsr.video.source import open_input, reason

# Facts about the source's encoding that would be false of the copy.
_STALE = ("duration", "encoder", "number_of_", "bps", "_statistics")
# QuickTime knows some languages by one only of their two ISO 639-2 codes, and drops the other.
_QUICKTIME = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi", "cze": "ces", "rum": "ron",
    "slo": "slk",
}  # fmt: skip
_STALE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration")


class StreamCopy:
    """Copies every audio, subtitle and attachment stream of one file into an output that is being written.

    Only one packet is held at a time; whoever writes calls `advance` as its own stream goes on.

    Args:
        source: the file to copy from.
        target: an output whose header is not written yet.
        output: its path, for messages.

    Raises:
        StvsrError: a stream that the output's container cannot hold.
    """

    def __init__(self, source: Path, target: OutputContainer, output: Path) -> None:
        self._source = source
        self._target = target
        self._input: InputContainer = open_input(source)
        self._shift = Fraction(0)
        self._pending: Packet[Stream] | None = None
        self._last: dict[int, int] = {}
        try:
            self._copies = {
                stream.index: _add_copy(stream, target, output)
                for stream in self._input.streams
                if stream.type in ("audio", "subtitle")
            }
            _add_attachments(self._input, target)
        except BaseException:
            self.close()
            raise
        target.set_chapters(self._input.chapters())
        self._packets = self._read()

    @property
    def start(self) -> Fraction:
        """When the source begins, in seconds."""
        return Fraction(self._input.start_time or 0, av.time_base)

    @property
    def metadata(self) -> dict[str, str]:
        """The source's own tags, without those that describe how it was encoded."""
        tags = {key.lower(): value for key, value in self._input.metadata.items()}
        return {key: value for key, value in tags.items() if key not in _STALE_FILE}

    def delay(self, shift: Fraction) -> None:
        """Move everything that follows by `shift` seconds; called once, before anything is copied."""
        self._shift = shift

    def advance(self, until: Fraction | None) -> None:
        """Copy what is due before `until` (seconds in the output), or everything that is left if None."""
        while True:
            packet = self._pending or next(self._packets, None)
            self._pending = packet
            if packet is None or (until is not None and self._time(packet) > until):
                return
            self._pending = None
            self._send(packet)

    def close(self) -> None:
        """Release the source."""
        self._input.close()

    def _read(self) -> Iterator[Packet[Stream]]:
        if not self._copies:
            return
        streams = [self._input.streams[index] for index in self._copies]
        try:
            for packet in self._input.demux(streams):
                if packet.size and not packet.is_corrupt:
                    yield packet
        except (av.FFmpegError, OSError) as error:
            raise StvsrError(f"{self._source} is damaged ({reason(error)}); copy it again from its source") from error

    def _time(self, packet: Packet[Stream]) -> Fraction:
        stamp = packet.dts if packet.dts is not None else packet.pts
        return (stamp or 0) * packet.time_base + self._shift

    def _send(self, packet: Packet[Stream]) -> None:
        """Hand a packet on with stamps that a muxer accepts: present, and increasing in each stream."""
        index = packet.stream.index
        offset = round(self._shift / packet.time_base)
        earliest = self._last[index] + 1 if index in self._last else None
        decode = packet.dts if packet.dts is not None else packet.pts
        decode = earliest or 0 if decode is None else decode + offset
        if earliest is not None and decode < earliest:
            decode = earliest
        packet.pts = decode if packet.pts is None else max(packet.pts + offset, decode)
        packet.dts = decode
        self._last[index] = decode
        packet.stream = self._copies[index]
        self._target.mux_one(packet)


def _add_copy(stream: Stream, target: OutputContainer, output: Path) -> Stream:
    if not _holds(stream, target.format.name):
        able = [suffix for suffix, name in CONTAINERS.items() if _holds(stream, name)]
        advice = f"write {' or '.join(able)} instead" if able else "remove that stream from the source first"
        raise StvsrError(f"{output}: {output.suffix} cannot hold the source's {stream_info(stream)}; {advice}")
    copy = target.add_stream_from_template(stream)
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    copy.metadata.update({key: value for key, value in tags.items() if not key.startswith(_STALE)})
    if target.format.name == "mov":
        copy.metadata["language"] = _QUICKTIME.get(tags.get("language", ""), tags.get("language", "und"))
    copy.disposition = stream.disposition
    return copy


def _holds(stream: Stream, container: str) -> bool:
    """Whether a container takes a stream. Some muxers say so only when they write their header."""
    trial = av.open(os.devnull, "w", format=container)
    try:
        trial.add_stream_from_template(stream)
        trial.start_encoding()
    except (ValueError, av.FFmpegError):
        return False
    finally:
        with contextlib.suppress(av.FFmpegError):
            trial.close()
    return True


def _add_attachments(source: InputContainer, target: OutputContainer) -> None:
    """Fonts and the like: only Matroska has a place for them, and no other container misses them."""
    if target.format.name != "matroska":
        return
    for stream in source.streams.attachments:
        if isinstance(stream, AttachmentStream) and stream.data:
            kind = stream.mimetype or "application/octet-stream"
            target.add_attachment(stream.name or f"attachment-{stream.index}", kind, stream.data)
