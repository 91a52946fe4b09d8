"""Frames of any video file: upright, full-range RGB, in presentation order, each with its exact time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.video.colour import Depth, is_opaque, to_rgb
from stvsr.video.deinterlace import Interlaced, deinterlaced, refusal
from stvsr.video.info import VideoInfo, check_colours, describe
from stvsr.video.matroska import is_cut_off
from stvsr.video.orientation import Orientation
from stvsr.video.source import decode, open_input, video_stream
from stvsr.video.timeline import timeline
from stvsr.video.timing import Clock, LastFrame, last_stay, promised_end, scan_times

# Headers are exact to about one frame; what misses more of its end than this was cut off.
_TOLERATED_PERIODS = 4


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture.

    Attributes:
        rgb: (height, width, 3) uint8, or uint16 where the reader was asked for 16 bits; full-range RGB, upright.
        time: when it appears, in seconds, exact.
        duration: how long it stays, in seconds, exact: up to the next frame's time.
        opaque: whether nothing in it is transparent; transparency is dropped.
    """

    rgb: NDArray[Any]
    time: Fraction
    duration: Fraction
    opaque: bool = True

    def __repr__(self) -> str:
        height, width, _ = self.rgb.shape
        return f"Frame({width}x{height}, time={self.time}, duration={self.duration})"


class VideoReader:
    """Reads a video once, frame by frame, in bounded memory.

    >>> with VideoReader("holiday.mp4") as reader:
    ...     for frame in reader:
    ...         print(frame.time, frame.rgb.shape)

    Args:
        path: any file that FFmpeg reads.
        strict: raise at the first damaged place (the default), or leave out what cannot be decoded.
        interlaced: what to do with frames of two fields: ``keep`` them as they are, ``refuse`` them, or ``deinterlace``
            them into one whole picture each, at their own times.

    Attributes:
        info: the file's facts, as `stvsr.video.probe` gives them.

    Raises:
        StvsrError: on opening, whatever `probe` raises; while iterating, damaged or truncated data, a
            picture size that changes half-way, or interlaced frames that are to be refused.
    """

    info: VideoInfo

    def __init__(
        self,
        path: str | Path,
        *,
        strict: bool = True,
        interlaced: Interlaced = "keep",
        depth: Depth = 8,
        skip: int = 0,
    ) -> None:
        path = Path(path)
        self._container = open_input(path)
        try:
            stream = video_stream(self._container, path)
            # Not AUTO: with frame threads, errors near the end vanish and good frames with them.
            stream.thread_type = "SLICE"
            self._strict = strict
            self._stream = stream
            self._count = 0
            self._clock = Clock(stream)
            self._timeline = timeline(path)
            # Stamps that are not all there, or contradict each other, are clear only from the whole file.
            self._times = scan_times(path) if stream.index in self._timeline.irregular else None
            self._frames = decode(self._container, stream, path, strict, self._timeline.placing().place)
            self._first = next(self._frames, None)
            if self._first is None:
                raise StvsrError(f"{path} has a video stream without a single frame")
            self.info = describe(path, self._container, stream, self._first)
            check_colours(self.info)
            self._depth, self._skip = depth, skip
            self._interlaced = interlaced
            if self.info.interlaced:
                self._check_fields(Fraction(0))
        except BaseException:
            self._container.close()
            raise
        self._orientation = Orientation(self.info.rotation, self.info.mirrored)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; iterating ends."""
        self._first = None
        self._frames.close()
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames that have not been read yet."""
        waiting: tuple[Fraction, av.VideoFrame] | None = None
        usual: Fraction | None = None
        damage: StvsrError | None = None
        frames = self._decoded()
        if self._interlaced == "deinterlace":
            frames = deinterlaced(frames, self._stream)
        while True:
            try:
                frame = next(frames, None)
            except StvsrError as error:  # told after the good frame that still stages for its duration
                frame, damage = None, error
            if frame is None:
                break
            self._count += 1
            time = self._time(frame, waiting and waiting[0])
            usual = time - waiting[0] if waiting is not None else None
            if waiting is not None and self._count > self._skip + 1:
                yield self._finish(waiting[1], waiting[0], time - waiting[0])
            waiting = time, frame
        if waiting is not None:
            last = LastFrame.of(waiting[1], waiting[0], usual, self._count)
            duration = last_stay(self._container, self._stream, last, self._timeline.start)
            if self._count > self._skip:
                yield self._finish(waiting[1], waiting[0], duration)
            damage = damage or self._cut_short(waiting[0] + duration)
        if damage is not None:
            raise damage

    def _decoded(self) -> Iterator[av.VideoFrame]:
        first, self._first = self._first, None
        if first is not None:
            yield first
        yield from self._frames

    def _time(self, frame: av.VideoFrame, before: Fraction | None) -> Fraction:
        """Return when the frame just counted is shown, in seconds."""
        time = None
        if self._times is None:
            time = self._clock.time(frame.pts, Fraction(frame.time_base or 0))
            if time is None:
                self._times = scan_times(self.info.path)
        if self._times is not None and self._count <= len(self._times):
            time = self._times[self._count - 1]
        if time is None or (before is not None and time <= before):
            time = Fraction(0) if before is None else before + self._clock.period
        return time

    def _cut_short(self, end: Fraction) -> StvsrError | None:
        """Demuxers end quietly where a file was cut off; only its headers still know."""
        if not self._strict:
            return None
        path, promised = self.info.path, promised_end(self._container, self._stream)
        whole = None if promised is None else promised - self._timeline.start
        if self.info.container.startswith("matroska"):
            is_cut = is_cut_off(path)
        else:
            is_cut = whole is not None and whole - end > _TOLERATED_PERIODS * self._clock.period
        if not is_cut:
            return None
        more = "more" if whole is None or whole <= end else f"the {float(whole):.2f} s"
        return StvsrError(
            f"{path} is cut short: {float(end):.2f} s can be read of {more} that its header promises; "
            "copy it again from its source"
        )

    def _check_fields(self, time: Fraction) -> None:
        if self._interlaced == "refuse":
            raise refusal(self.info.path, time)

    def _finish(self, frame: av.VideoFrame, time: Fraction, duration: Fraction) -> Frame:
        info = self.info
        if (frame.width, frame.height) != (info.coded_width, info.coded_height):
            raise StvsrError(
                f"{info.path} changes its size from {info.coded_width}x{info.coded_height} to "
                f"{frame.width}x{frame.height} at {float(time):.3f} s; cut it there and treat each part alone"
            )
        if frame.interlaced_frame:
            self._check_fields(time)
        stored = to_rgb(frame, info.colour, self._depth)
        return Frame(self._orientation.apply(info.crop.apply(stored)), time, duration, is_opaque(frame))
