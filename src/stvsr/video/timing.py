"""Exact presentation times: rationals in seconds, strictly increasing, also where a container is vague."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from stvsr.video.source import decode, demux, is_avi, open_input, video_stream

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
    """Turns a stream's stamps, in presentation order, into exact times.

    A stamp means ``pts * time_base`` seconds. Three things are put right: a missing stamp follows its
    predecessor by one frame period; so does a stamp that does not come after its predecessor; and in a file
    that counts in milliseconds a stamp less than one away from a multiple of the frame period, counted from
    the first frame, is that multiple.
    """

    def __init__(self, stream: VideoStream) -> None:
        self.period = 1 / nominal_rate(stream)
        self._coarse = stream.time_base == _MILLISECOND and self.period > 2 * _MILLISECOND
        self._first: Fraction | None = None
        self._last: Fraction | None = None

    def time(self, pts: int | None, time_base: Fraction) -> Fraction:
        """Return the time of the next frame in seconds, given its stamp in units of `time_base`."""
        time = None if pts is None else self._snapped(pts * time_base)
        if self._last is None:
            time = Fraction(0) if time is None else time
            self._first = time
        elif time is None or time <= self._last:
            time = self._last + self.period
        self._last = time
        return time

    def _snapped(self, time: Fraction) -> Fraction:
        if not self._coarse:
            return time
        origin = Fraction(0) if self._first is None else self._first
        snapped = origin + round((time - origin) / self.period) * self.period
        return snapped if abs(snapped - time) < _MILLISECOND else time


def promised_end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return when a video stream ends by its header, in seconds; None where nothing trustworthy says so."""
    if container.format.name.startswith("mov"):
        if not stream.duration or stream.time_base is None:
            return None
        return ((stream.start_time or 0) + stream.duration) * stream.time_base
    if not container.format.name.startswith("matroska"):
        return None
    tags = {key.upper(): value for key, value in stream.metadata.items()}
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", tags.get("DURATION", ""))
    if found is not None:
        return int(found[1]) * 3600 + int(found[2]) * 60 + Fraction(found[3])
    if len(container.streams) > 1 or not container.duration:  # another stream may be the longest
        return None
    return Fraction(container.duration, av.time_base)


def last_stay(
    container: InputContainer, stream: VideoStream, time: Fraction, stamped: Fraction, count: int
) -> Fraction:
    """Return how long the last of ``count`` frames, shown at ``time``, stays, in seconds.

    QuickTime files tell in their header, if every frame that they announce was found; their stamps count from one
    decoded frame to the next, whichever is shown first. Elsewhere it is ``stamped`` on the frame.
    """
    period = 1 / nominal_rate(stream)
    end = promised_end(container, stream) if container.format.name.startswith("mov") else None
    stay = end - time if end is not None and 0 < stream.frames <= count else stamped
    # Containers round durations too; only a stay that clearly differs from one period means something.
    return stay if stay > 0 and abs(stay - period) > period / 10 else period


def scan_times(path: str | Path) -> list[Fraction]:
    """Return the presentation times of all frames in seconds, increasing, while decoding the first frame only.

    Reads the whole file once, at the speed of the disk. The length of the list is the exact number of frames
    that a decoder shows.

    Raises:
        StvsrError: what `stvsr.video.probe` raises for a file that cannot be opened.
    """
    return scan(path)[0]


def scan(path: str | Path) -> tuple[list[Fraction], Fraction]:
    """Return what `scan_times` does, and how long the last frame stays, in seconds.

    Raises:
        StvsrError: what `stvsr.video.probe` raises for a file that cannot be opened.
    """
    path = Path(path)
    first = _first_stamp(path)
    with open_input(path) as container:
        stream = video_stream(container, path)
        clock = Clock(stream)
        base = stream.time_base or Fraction(1)
        shown = list(_shown_stamps(container, stream))
        stamps = [stamp for stamp, _ in shown]
        known = sorted(stamp for stamp in stamps if stamp is not None)
        unknown = len(stamps) - len(known)
        if first is not None:  # what would come earlier leans on pictures before the file's start
            known = known[bisect_left(known, first) :]
        times = [clock.time(stamp, base) for stamp in [*known, *[None] * unknown]]
        if not times:
            return [], clock.period
        last = dict(shown)[None if unknown else known[-1]]
        return times, last_stay(container, stream, times[-1], last * base, len(times))


def _first_stamp(path: Path) -> int | None:
    with open_input(path) as container, closing(decode(container, video_stream(container, path), path)) as frames:
        frame = next(frames, None)
        return None if frame is None else frame.pts


def _shown_stamps(container: InputContainer, stream: VideoStream) -> Iterator[tuple[int | None, int]]:
    is_vp8, by_decoding = stream.codec_context.name == "vp8", is_avi(container)
    try:
        for packet in demux(container, [stream]):
            hidden = packet.is_discard or (is_vp8 and packet.size and not bytes(packet)[0] & 0x10)
            if packet.size and not hidden:
                yield packet.dts if by_decoding else packet.pts, packet.duration or 0
    except (av.FFmpegError, OSError):
        return  # a damaged file: what can be read counts; the reader tells where the damage is
