"""One clock for a whole file, whatever its recorder's clock did.

A clock may begin anywhere, and start anew where recordings were put one behind the other:

    stamps of the file   40001 .. 40003 | 7 .. 9        a common start, and a joint
    on one timeline          0 ..     2 | 2 .. 4

What all streams have in common as a start is taken off; their offsets to each other stay. A jump moves all that
follows by one and the same time, in every stream that jumps there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

from stvsr.video.joints import KINDS, Join, Stamps, join
from stvsr.video.remembered import remembered
from stvsr.video.source import demux, is_avi, open_input

# Sound that begins this little before zero (seconds) is an encoder's run-up, which players skip or do not hear.
RUN_UP = Fraction(1, 10)
# AVFMT_NOTIMESTAMPS: bare streams.
_BARE = 0x80


@dataclass(frozen=True)
class Timeline:
    """When the packets of a file are due, on a clock that begins at zero.

    Attributes:
        start: What all streams have in common as a start, in seconds.
        join: Where the file's own clock jumps.
        irregular: The streams in which stamps are missing, doubled or wrong.
    """

    start: Fraction = Fraction(0)
    join: Join = field(default_factory=Join)
    irregular: frozenset[int] = frozenset()

    def placing(self) -> Placing:
        """Return what places the packets of a file that is going to be read from its start."""
        return Placing(self)


class Placing:
    """Counts the packets of each stream as they come, and moves them to where they are due."""

    def __init__(self, timeline: Timeline) -> None:
        self._start, self._join = timeline.start, timeline.join
        self._counts: dict[int, int] = {}

    def place(self, packet: Packet[Stream]) -> bool:
        """Move the next packet of its stream; return whether it is to be used.

        A stamp that means nothing is removed; sound that a joint lays over what came before it is not to be used.
        """
        if not packet.size:
            return True
        stream = packet.stream_index
        number = self._counts.get(stream, 0)
        self._counts[stream] = number + 1
        if number in self._join.wrong.get(stream, ()):
            packet.pts = packet.dts = None
        ticks = round((self._offset(stream, number) - self._start) / packet.time_base) if packet.time_base else 0
        if packet.pts is not None:
            packet.pts += ticks
        if packet.dts is not None:
            packet.dts += ticks
        return number not in self._join.covered.get(stream, ())

    def _offset(self, stream: int, number: int) -> Fraction:
        parts = self._join.parts.get(stream, ())
        place = bisect_right(parts, number, key=lambda part: part[0])
        return parts[place - 1][1] if place else Fraction(0)


def timeline(path: Path) -> Timeline:
    """Return a file's timeline; reads the file once where its container does not keep a clock of its own.

    Raises:
        StvsrError: what `open_input` raises. Where a file is damaged, what can be read counts.
    """
    return remembered(path, "timeline", lambda: _timeline(path))


def _timeline(path: Path) -> Timeline:
    with open_input(path) as container:
        streams = [stream for stream in container.streams if stream.type in KINDS and not _is_cover(stream)]
        if container.format.flags & _BARE:
            return Timeline()
        if container.format.name.startswith("mov"):  # whose stamps are sums of durations
            starts = {s.index: (s.start_time, s.time_base or Fraction(0)) for s in streams if s.type != "subtitle"}
            known = {index: stamp * tick for index, (stamp, tick) in starts.items() if stamp is not None}
            return Timeline(_common_start(known, streams))
        stamps = {stream.index: Stamps.of(stream, by_decoding=is_avi(container)) for stream in streams}
        _read(container, streams, stamps)
        found = join(stamps, container.format)
        steady = {index: each for index, each in stamps.items() if each.kind != "subtitle"}
        begins = {index: each.begin(stop=found.first_joint(index)) for index, each in steady.items()}
        known = {index: begin for index, begin in begins.items() if begin is not None}
        odd = frozenset(
            i for i, each in stamps.items() if i in found.wrong or each.is_irregular(found.parts.get(i, ()))
        )
        return Timeline(_common_start(known, streams), found, odd)


def _read(container: InputContainer, streams: list[Stream], stamps: Mapping[int, Stamps]) -> None:
    try:
        for count, packet in enumerate(demux(container, streams)):
            if packet.stream_index in stamps:
                stamps[packet.stream_index].add(packet, count)
    except (av.FFmpegError, OSError):
        pass  # whoever reads the pictures tells


def _common_start(begins: Mapping[int, Fraction], streams: list[Stream]) -> Fraction:
    sound = {stream.index for stream in streams if stream.type == "audio"}
    starts = [Fraction(0) if i in sound and -RUN_UP <= begin < 0 else begin for i, begin in begins.items()]
    return min(starts, default=Fraction(0))


def _is_cover(stream: Stream) -> bool:
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)
