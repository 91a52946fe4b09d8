"""Where a file's clock jumps: recordings put one behind the other, receptions that broke off.

Every stream has stamps of its own, and streams reach a joint one after the other. So the jumps of all streams are found
first, those that lie together become one joint, and what follows it begins where what came before ends.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np
from av.format import ContainerFormat
from av.packet import Packet
from av.stream import Stream
from numpy.typing import NDArray

KINDS = ("video", "audio", "subtitle")
"""The streams that have a place in time."""

# AVFMT_TS_DISCONT: containers whose clock may start anew. Live streams in Flash files do so as well.
_DISCONTINUOUS = 0x200
_LIVE = {"flv", "live_flv"}
# Seconds. Decoding times never fall; pauses are ordinary, of one stream more than of all, and in files without a
# clock of their own more than in broadcasts. A pause also has to be so many times as long as the usual stay.
_BACK, _PAUSE, _LONG_PAUSE, _LONE_PAUSE, _UNUSUAL = 0.5, 5.0, 30.0, 3600.0, 8
# Streams reach a joint within so many packets, with clocks that differ by so many seconds at most.
_NEAR, _ALIKE = 400, 30.0
# Pictures go on without a gap if no sound is covered for longer than this (seconds).
_COVERED = Fraction(1, 10)
# Packets among which that shown first is found.
_REORDERED = 48
_MOST_WRONG = 1000
_MISSING = -(2**63)

Parts = tuple[tuple[int, Fraction], ...]
"""From which packet on how many seconds are to be added."""


@dataclass(frozen=True)
class Join:
    """How the parts of a file come onto one clock, by stream.

    Attributes:
        parts: Number of a part's first packet, and the seconds to add from there on.
        wrong: Numbers of packets whose stamps mean nothing.
        covered: Numbers of packets of sound that a joint lays over what came before it.
        joints: How many there are.
    """

    parts: Mapping[int, Parts] = field(default_factory=dict)
    wrong: Mapping[int, frozenset[int]] = field(default_factory=dict)
    covered: Mapping[int, frozenset[int]] = field(default_factory=dict)
    joints: int = 0

    def first_joint(self, stream: int) -> int | None:
        """Return the number of the packet with which a stream reaches its first joint, None if it has none."""
        return next((number for number, _ in self.parts.get(stream, ()) if number), None)


class Stamps:
    """The stamps of all packets of one stream, in the order of the file."""

    def __init__(self, index: int, kind: str, tick: Fraction, *, by_decoding: bool = False) -> None:
        self.index, self.kind, self.tick = index, kind, tick
        self._by_decoding = by_decoding
        self._places, self._decoded, self._shown, self._stays = array("q"), array("q"), array("q"), array("q")
        self._first_key: int | None = None

    @classmethod
    def of(cls, stream: Stream, *, by_decoding: bool) -> Stamps:
        """Return the stamps of a stream, none so far; ``by_decoding`` says that only those for the decoder count."""
        return cls(stream.index, stream.type, stream.time_base or Fraction(1), by_decoding=by_decoding)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, packet: Packet[Stream], place: int) -> None:
        """Note a packet at a ``place`` in the file; empty ones do not count."""
        if not packet.size:
            return
        decoded, shown = packet.dts, packet.dts if self._by_decoding else packet.pts
        if self._first_key is None and packet.is_keyframe:
            self._first_key = len(self)
        self._places.append(place)
        self._shown.append(_MISSING if shown is None else shown)
        self._decoded.append(_MISSING if decoded is None else decoded)
        self._stays.append(packet.duration or 0)

    @property
    def places(self) -> NDArray[np.int64]:
        """Where in the file each packet lies."""
        return np.frombuffer(self._places, np.int64)

    def decoded(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the numbers of the packets that say when they are due for the decoder, and these times in seconds.

        Where none says so, it is when they are shown.
        """
        stamps = np.frombuffer(self._decoded, np.int64)
        if (stamps == _MISSING).all():
            stamps = np.frombuffer(self._shown, np.int64)
        numbers = np.flatnonzero(stamps != _MISSING)
        return numbers.astype(np.int64), (stamps[numbers] * float(self.tick)).astype(np.float64)

    def begin(self, first: int | None = None, stop: int | None = None) -> Fraction | None:
        """Return when the packets from ``first`` up to ``stop`` begin, in seconds by the file's clock.

        Pictures before the file's first key frame cannot be decoded, nor can those that it precedes but for its time.
        """
        least = None
        if first is None:
            first = self._first_key or 0
            least = self._shown[first] if self.kind == "video" and len(self) else None
        stop = min(first + _REORDERED, len(self) if stop is None else stop)
        some = [stamp for stamp in self._shown[first:stop] if stamp != _MISSING]
        if least is not None and least != _MISSING:
            some = [stamp for stamp in some if stamp >= least]
        return min(some) * self.tick if some else None

    def end(self, first: int, stop: int) -> Fraction | None:
        """Return when the packets from ``first`` up to ``stop`` are over, in seconds by the file's clock."""
        shown, stays = (np.frombuffer(each, np.int64)[first:stop] for each in (self._shown, self._stays))
        known = np.flatnonzero(shown != _MISSING)
        if not known.size:
            return None
        usual = self._usual_stay()
        stays = np.where(stays > 0, stays, usual)
        last = int((shown[known] + stays[known]).max())
        return (last + int(stays[known[-1] + 1 :].sum())) * self.tick

    def is_irregular(self, parts: Parts) -> bool:
        """Whether pictures have stamps that are missing or, in the parts of the file, doubled."""
        if self.kind != "video":
            return False
        shown = np.array(self._shown, np.int64)
        if (shown == _MISSING).any():
            return True
        for (first, seconds), (stop, _) in pairwise([*parts, (len(shown), Fraction(0))]):
            shown[first:stop] += round(seconds / self.tick)
        return np.unique(shown).size < shown.size

    def _usual_stay(self) -> int:
        stamps = np.unique(np.frombuffer(self._shown, np.int64))
        steps = np.diff(stamps[stamps != _MISSING])
        return int(np.median(steps)) if steps.size else 0

    def stay_of(self, number: int) -> Fraction:
        """Return how long a packet lasts, in seconds, as far as it says so."""
        return self._stays[number] * self.tick

    def time_of(self, number: int) -> Fraction | None:
        """Return when a packet is shown, in seconds by the file's clock."""
        stamp = self._shown[number]
        return None if stamp == _MISSING else stamp * self.tick


@dataclass(frozen=True)
class _Jump:
    """A change of a stream's clock by ``seconds``, before its packet ``number``, which lies at ``place``."""

    stream: int
    number: int
    place: int
    seconds: float


def join(stamps: Mapping[int, Stamps], container: ContainerFormat) -> Join:
    """Find where the clocks jump, and by how much each part has to be moved."""
    steady = [each for each in stamps.values() if each.kind != "subtitle" and len(each) > 1]
    pause = _PAUSE if container.flags & _DISCONTINUOUS or container.name in _LIVE else _LONG_PAUSE
    if len(steady) < 2 and pause != _PAUSE:
        pause = _LONE_PAUSE
    jumps: list[_Jump] = []
    wrong: dict[int, frozenset[int]] = {}
    for each in steady:
        found, outliers = _jumps(each, pause)
        jumps += [jump for jump in found if jump.seconds < 0 or not _goes_on(jump, each, steady)]
        if outliers:
            wrong[each.index] = frozenset(outliers)
    return _joined(stamps, _grouped(jumps), wrong)


def _jumps(stamps: Stamps, pause: float) -> tuple[list[_Jump], list[int]]:
    """Return where a stream's clock jumps, and which packets alone disagree with their neighbours."""
    numbers, times = stamps.decoded()
    found: list[_Jump] = []
    outliers: list[int] = []
    steps = np.diff(times)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    pause = max(pause, _UNUSUAL * usual)
    place = 0
    while len(outliers) < _MOST_WRONG:
        steps = np.diff(times[place:])
        odd = np.flatnonzero((steps < -_BACK) | (steps > pause))
        if not odd.size:
            break
        place += int(odd[0]) + 1
        is_alone = place + 1 == len(times) or abs(times[place + 1] - times[place]) > abs(
            times[place + 1] - times[place - 1]
        )
        if is_alone:
            outliers.append(int(numbers[place]))
            numbers, times = np.delete(numbers, place), np.delete(times, place)
            place -= 1
            continue
        number = int(numbers[place])
        found.append(_Jump(stamps.index, number, int(stamps.places[number]), float(times[place] - times[place - 1])))
    return found, outliers


def _goes_on(jump: _Jump, jumping: Stamps, steady: Sequence[Stamps]) -> bool:
    """Whether another stream has packets where this one pauses: then the clock did not jump."""
    numbers, times = jumping.decoded()
    at = int(np.searchsorted(numbers, jump.number))
    before, after = times[at - 1], times[at]
    # Demuxers hand a packet on when the next one begins, which is after the pause.
    begin, end = (int(jumping.places[numbers[n]]) for n in (max(at - 3, 0), min(at + 2, len(numbers) - 1)))
    for other in steady:
        if other.index == jumping.index:
            continue
        theirs, due = other.decoded()
        places = other.places[theirs]
        within = due[(places >= begin) & (places <= end)]
        if ((within > before + 1) & (within < after - 1)).any():
            return True
    return False


def _grouped(jumps: list[_Jump]) -> list[list[_Jump]]:
    """Return the joints: jumps of different streams that lie together, the nearest ones first."""
    groups = [[jump] for jump in sorted(jumps, key=lambda jump: jump.place)]
    while True:
        pairs = [
            (abs(one[-1].place - two[0].place), number)
            for number, (one, two) in enumerate(pairwise(groups))
            if _belong(one, two)
        ]
        if not pairs:
            return groups
        _, number = min(pairs)
        groups[number : number + 2] = [groups[number] + groups[number + 1]]


def _belong(one: list[_Jump], two: list[_Jump]) -> bool:
    distance = two[0].place - one[-1].place
    apart = {jump.stream for jump in one}.isdisjoint(jump.stream for jump in two)
    seconds = one[0].seconds, two[0].seconds
    alike = (seconds[0] < 0) == (seconds[1] < 0) and abs(seconds[0] - seconds[1]) < _ALIKE
    return apart and alike and distance <= _NEAR


def _joined(stamps: Mapping[int, Stamps], groups: list[list[_Jump]], wrong: dict[int, frozenset[int]]) -> Join:
    parts: dict[int, list[tuple[int, Fraction]]] = {index: [(0, Fraction(0))] for index in stamps}
    covered: dict[int, set[int]] = {}
    following = [{jump.stream: jump.number for jump in group} for group in groups]
    for count, group in enumerate(groups, start=1):
        reached = {jump.stream: jump.number for jump in group}
        place = min(jump.place for jump in group)
        for each in stamps.values():
            if each.index not in reached:
                number = _reached(each, place, group[0].seconds)
                if number is not None:
                    reached[each.index] = number
        ends, begins = {}, {}
        for index in (jump.stream for jump in group):
            first, offset = parts[index][-1]
            stop = next((later[index] for later in following[count:] if index in later), None)
            end, begin = stamps[index].end(first, reached[index]), stamps[index].begin(reached[index], stop)
            if end is not None and begin is not None:
                ends[index], begins[index] = end + offset, begin
        if not ends:
            continue
        offset = _offset(stamps, ends, begins)
        for index, number in reached.items():
            if number == 0:
                parts[index] = []
            parts[index].append((number, offset))
            if stamps[index].kind == "audio" and index in ends:
                covered.setdefault(index, set()).update(_covered(stamps[index], number, offset, ends[index]))
    return Join(
        {index: tuple(some) for index, some in parts.items()},
        wrong,
        {index: frozenset(some) for index, some in covered.items() if some},
        len(groups),
    )


def _offset(stamps: Mapping[int, Stamps], ends: Mapping[int, Fraction], begins: Mapping[int, Fraction]) -> Fraction:
    """Return by how much to move what follows a joint: pictures go on at once, unless that hides sound."""
    most = max(end - begins[index] for index, end in ends.items())
    pictures = [end - begins[index] for index, end in ends.items() if stamps[index].kind == "video"]
    seamless = max(pictures, default=most)
    return seamless if most - seamless <= _COVERED else most


def _covered(stamps: Stamps, number: int, offset: Fraction, end: Fraction) -> set[int]:
    """Return the packets of sound that would begin well before what came before the joint ends."""
    found = set()
    for each in range(number, len(stamps)):
        time = stamps.time_of(each)
        if time is None or time + offset + stamps.stay_of(each) / 2 >= end:
            break
        found.add(each)
    return found


def _reached(stamps: Stamps, place: int, seconds: float) -> int | None:
    """Return the packet with which a stream that does not jump itself reaches a joint, None for one that stays."""
    after = int(np.searchsorted(stamps.places, place))
    if stamps.kind == "subtitle" or after == 0:
        return after if after < len(stamps) else None
    numbers, times = stamps.decoded()
    steps = np.diff(times)
    near = np.flatnonzero(np.abs(stamps.places[numbers[1:]] - place) <= _NEAR) if steps.size else np.array([], int)
    if not near.size:
        return None
    best = int(near[np.argmin(np.abs(steps[near] - seconds))])
    return int(numbers[best + 1]) if abs(steps[best] - seconds) < abs(seconds) / 2 else None
