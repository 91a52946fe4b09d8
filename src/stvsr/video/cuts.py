"""Hard scene cuts, found by FFmpeg's filter ``scdet``.

The filter measures how much the values of a frame differ from those of the frame before, on average, in hundredths of
their range. A cut is where that rises by the threshold or more: fast motion keeps on changing, a cut changes once. The
filter's own verdict is not taken, as it is the same for a sudden fall and for fast motion in a video's first frames.
Fades and dissolves are not found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.text import reason
from stvsr.video.deinterlace import Interlaced, refusal
from stvsr.video.remembered import remember
from stvsr.video.source import decode, open_input, video_stream
from stvsr.video.timeline import timeline
from stvsr.video.timing import Watched

USUAL_THRESHOLD = 7.0
LEAST_WIDTH = 64
"""Narrower frames are compared here. On processors with AVX-512, scdet reads 64 bytes of a shorter row as well, and so
whatever lies behind it: the same frames get another score each time."""
"""Finds 99.5 % of the joints between 400 pairs of real clips, and one false cut in the 1,440 frames of 120 clips;

FFmpeg's 10 finds 95.7 % and none, 5 finds all and two.
"""
HIGHEST_THRESHOLD = 100.0
_TICK = Fraction(1, 25)


def check_threshold(threshold: float | None) -> None:
    """Raise StvsrError unless a threshold is one; None, for no cuts, is."""
    if threshold is not None and not 0 < threshold <= HIGHEST_THRESHOLD:
        raise StvsrError(f"`cuts` {threshold:g} is impossible: give a score above 0 and up to 100, such as 7, or 'off'")


@dataclass(frozen=True)
class Survey:
    """What reading through a video once tells.

    Attributes:
        times: When its frames are shown, in seconds, increasing.
        stay: How long the last one stays, in seconds.
        cuts: The numbers of the frames that begin a new shot, increasing, the first frame left out.
        joints: At how many places its own clock jumps.
    """

    times: list[Fraction]
    stay: Fraction
    cuts: list[int]
    joints: int


def survey(path: str | Path, threshold: float | None = USUAL_THRESHOLD, interlaced: Interlaced = "keep") -> Survey:
    """Decode a whole file once, for the times of its frames and, if there is a ``threshold``, its cuts.

    Raises:
        StvsrError: a file that cannot be opened or is damaged, or has interlaced frames that are to be refused.
    """
    path = Path(path)
    with open_input(path) as container:
        stream = video_stream(container, path)
        stream.thread_type = "AUTO"  # damage at the very end may go unnoticed so, but not by whoever reads the frames
        placed = timeline(path)
        watched = Watched(container, stream, placed)
        with closing(decode(container, stream, path, place=placed.placing().place)) as frames:
            passing = watched.pass_on(_whole(frames, path) if interlaced == "refuse" else frames)
            cuts = [] if threshold is None else list(find_cuts(passing, threshold))
            for _ in passing:  # beyond what can be compared
                pass
        times, stay = watched.times()
    remember(path, "scan", (times, stay))
    return Survey(times, stay, cuts, placed.join.joints)


def scan_cuts(path: str | Path, threshold: float = USUAL_THRESHOLD, interlaced: Interlaced = "keep") -> list[int]:
    """Return the cuts that `survey` finds."""
    return survey(path, threshold, interlaced).cuts


def find_cuts(frames: Iterable[av.VideoFrame], threshold: float = USUAL_THRESHOLD) -> Iterator[int]:
    """Yield the numbers of the frames that begin a new shot; holds one frame at a time."""
    before: float | None = None
    first: float | None = None  # the change to the second frame, which only the one after it can judge
    for number, change in enumerate(_changes(frames), start=1):
        if before is None:
            first = change
        else:
            if first is not None and first - change >= threshold:
                yield 1
            first = None
            if change - before >= threshold:
                yield number
        before = change


def _changes(frames: Iterable[av.VideoFrame]) -> Iterator[float]:
    """Yield how much each frame but the first differs from the one before, 0 to 100.

    Ends where the size or the format changes, which whoever reads the frames will tell.
    """
    graph: Graph | None = None
    kind: tuple[int, int, str] | None = None
    before: NDArray[np.int16] | None = None
    for number, frame in enumerate(frames):
        if graph is None:
            kind, graph = _kind(frame), _detector(frame)
        if _kind(frame) != kind:
            return
        if frame.width < LEAST_WIDTH:
            grey = frame.reformat(format="gray", threads=1).to_ndarray().astype(np.int16)
            if before is not None:
                yield float(np.abs(grey - before).mean()) * 100 / 256
            before = grey
            continue
        frame.pts, frame.time_base = number, _TICK
        try:
            graph.vpush(frame)
            seen = graph.vpull()
        except (av.FFmpegError, ValueError) as error:
            raise StvsrError(
                f"frame {number} cannot be searched for scene cuts ({reason(error)}); use `cuts` off"
            ) from error
        if number:
            yield float(seen.metadata.get("lavfi.scd.mafd", 0))


def _whole(frames: Iterable[av.VideoFrame], path: Path) -> Iterator[av.VideoFrame]:
    """Yield frames that are not interlaced; the first other one is an error."""
    for frame in frames:
        if frame.interlaced_frame:
            raise refusal(path, (frame.pts or 0) * Fraction(frame.time_base or 0))
        yield frame


def _kind(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


def _detector(first: av.VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(width=first.width, height=first.height, format=first.format, time_base=_TICK)
    graph.link_nodes(source, graph.add("scdet"), graph.add("buffersink")).configure()
    return graph
