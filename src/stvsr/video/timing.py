"""Exact presentation times: rationals in seconds, strictly increasing, also where a container is vague."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from stvsr.video.remembered import remembered
from stvsr.video.source import decode, open_input, video_stream
from stvsr.video.stamps import settle
from stvsr.video.timeline import Timeline, timeline

# Average rates above this are made up (a file of a few frames, a clock mistaken for a rate).
HIGHEST_RATE = 480
# Matroska, WebM and Flash files count in milliseconds, too coarse for rates such as 30000/1001.
_MILLISECOND = Fraction(1, 1000)


def nominal_rate(stream: VideoStream) -> Fraction:
    """Return a stream's average frames per second; 25 where the file says nothing believable."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate is not None and 0 < rate <= HIGHEST_RATE:
            return Fraction(rate)
    return Fraction(25)


class Clock:
    """Turns a stream's stamps into exact times.

    A stamp means ``pts * time_base`` seconds. In a file that counts in milliseconds one less than a millisecond away
    from a multiple of the frame period, counted from the first frame, is that multiple.
    """

    def __init__(self, stream: VideoStream) -> None:
        self.period = 1 / nominal_rate(stream)
        self._coarse = stream.time_base == _MILLISECOND and self.period > 2 * _MILLISECOND
        self._first: Fraction | None = None
        self._last: Fraction | None = None

    def time(self, pts: int | None, time_base: Fraction) -> Fraction | None:
        """Return the time of the next frame in seconds, given its stamp in units of `time_base`.

        None if the stamp is missing or contradicts the one before: then `settled` knows, which sees them all.
        """
        if pts is None:
            return None
        time = pts * time_base
        if self._first is None:
            self._first = time
        time = self._snapped(time, self._first)
        if self._last is not None and time <= self._last:
            return None
        self._last = time
        return time

    def settled(self, stamps: Sequence[Fraction | None]) -> list[Fraction]:
        """Return the times of all frames, whatever their stamps (seconds, in the order in which they are shown)."""
        return settle(stamps, self.period, self._snapped if self._coarse else None)

    def _snapped(self, time: Fraction, first: Fraction) -> Fraction:
        if not self._coarse:
            return time
        snapped = first + round((time - first) / self.period) * self.period
        return snapped if abs(snapped - time) < _MILLISECOND else time


def promised_end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return when a video stream ends by its header, in seconds by the file's clock; None where nothing says so."""
    if container.format.name.startswith("mov"):
        if not stream.duration or stream.time_base is None:
            return None
        return ((stream.start_time or 0) + stream.duration) * stream.time_base
    if not container.format.name.startswith("matroska"):
        return None
    whole = Fraction(container.duration, av.time_base) if container.duration else None
    tags = {key.upper(): value for key, value in stream.metadata.items()}
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", tags.get("DURATION", ""))
    if found is not None:
        tagged = int(found[1]) * 3600 + int(found[2]) * 60 + Fraction(found[3])
        return tagged if whole is None else min(tagged, whole)
    return whole if len(container.streams) == 1 else None  # another stream may be the longest


@dataclass(frozen=True)
class LastFrame:
    """What is known of a video's last frame.

    Attributes:
        time: When it is shown, in seconds.
        stamped: For how long, as its own stamp says.
        usual: For how long the frame before it was shown; None if it is the only one.
        count: How many frames there are.
        interlaced: Whether it is two fields.
    """

    time: Fraction
    stamped: Fraction
    usual: Fraction | None
    count: int
    interlaced: bool

    @classmethod
    def of(cls, frame: av.VideoFrame, time: Fraction, usual: Fraction | None, count: int) -> LastFrame:
        """Gather it from the decoded frame."""
        stamped = frame.duration * Fraction(frame.time_base or 0)
        return cls(time, stamped, usual, count, frame.interlaced_frame)


def last_stay(container: InputContainer, stream: VideoStream, last: LastFrame, start: Fraction) -> Fraction:
    """Return how long the last frame stays, in seconds.

    QuickTime files tell in their header, if every frame that they announce was found; their stamps count from one
    decoded frame to the next, whichever is shown first. Matroska files tell so too; elsewhere it is stamped on the
    frame, or on its first field only.

    Args:
        container: An open file.
        stream: Its video stream.
        last: What is known of the frame.
        start: What is taken off the file's clock, in seconds.
    """
    period = 1 / nominal_rate(stream)
    end = promised_end(container, stream)
    told = container.format.name.startswith("matroska") or 0 < stream.frames <= last.count
    stay = end - start - last.time if end is not None and told else last.stamped
    if last.interlaced and last.usual is not None and abs(2 * stay - last.usual) < last.usual / 10:
        return last.usual
    # Containers round durations too; only a stay that clearly differs from one period means something.
    usual = period if last.usual is None or last.usual > period else last.usual
    vague = max(usual / 10, 2 * _MILLISECOND if stream.time_base == _MILLISECOND else Fraction(0))
    return stay if stay > 0 and abs(stay - usual) > vague else usual


def scan_times(path: str | Path) -> list[Fraction]:
    """Return the presentation times of all frames in seconds, increasing.

    Decodes the whole file once: a packet may be half a frame, or none. The length of the list is the exact number of
    frames that a decoder shows.

    Raises:
        StvsrError: what `stvsr.video.probe` raises for a file that cannot be opened.
    """
    return scan(path)[0]


def scan(path: str | Path) -> tuple[list[Fraction], Fraction]:
    """Return what `scan_times` does, and how long the last frame stays, in seconds; what is damaged is left out.

    Raises:
        StvsrError: what `stvsr.video.probe` raises for a file that cannot be opened.
    """
    path = Path(path)

    def find() -> tuple[list[Fraction], Fraction]:
        with open_input(path) as container:
            stream = video_stream(container, path)
            stream.thread_type = "SLICE"  # as the reader: around damage, frame threads lose others
            placed = timeline(path)
            watched = Watched(container, stream, placed)
            with closing(decode(container, stream, path, strict=False, place=placed.placing().place)) as frames:
                for _ in watched.pass_on(frames):
                    pass
            return watched.times()

    return remembered(path, "scan", find)


class Watched:
    """Notes the times of decoded frames in passing.

    Args:
        container: An open file.
        stream: Its video stream, of which all frames pass.
        placed: Its timeline.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, placed: Timeline) -> None:
        self._container, self._stream, self._start = container, stream, placed.start
        self._clock = Clock(stream)
        self._stamps: list[Fraction | None] = []
        self._facts = LastFrame(Fraction(0), Fraction(0), None, 0, False)

    def pass_on(self, frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Yield the frames."""
        for frame in frames:
            self._stamps.append(None if frame.pts is None else frame.pts * Fraction(frame.time_base or 0))
            self._facts = LastFrame.of(frame, Fraction(0), None, len(self._stamps))
            yield frame

    def times(self) -> tuple[list[Fraction], Fraction]:
        """Return when each frame is shown and how long the last one stays, in seconds."""
        times = self._clock.settled(self._stamps)
        if not times:
            return [], self._clock.period
        usual = times[-1] - times[-2] if len(times) > 1 else None
        last = replace(self._facts, time=times[-1], usual=usual)
        return times, last_stay(self._container, self._stream, last, self._start)
