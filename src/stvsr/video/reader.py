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
from stvsr.video.colour import Depth, check_readable, is_opaque, to_rgb
from stvsr.video.deinterlace import Interlaced, deinterlaced, refusal
from stvsr.video.info import VideoInfo, describe
from stvsr.video.orientation import Orientation
from stvsr.video.source import decode, open_input, video_stream
from stvsr.video.timing import Clock, last_stay, promised_end

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
            self._promised = promised_end(self._container, stream)
            self._frames = decode(self._container, stream, path, strict)
            self._first = next(self._frames, None)
            if self._first is None:
                raise StvsrError(f"{path} has a video stream without a single frame")
            self.info = describe(path, self._container, stream, self._first)
            check_readable(path, self.info.colour)
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
            time = self._clock.time(frame.pts, Fraction(frame.time_base or 0))
            if waiting is not None and self._count > self._skip + 1:
                yield self._finish(waiting[1], waiting[0], time - waiting[0])
            waiting = time, frame
        if waiting is not None:
            duration = self._last_duration(waiting[1], waiting[0])
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

    def _last_duration(self, frame: av.VideoFrame, time: Fraction) -> Fraction:
        stamped = frame.duration * Fraction(frame.time_base or 0)
        return last_stay(self._container, self._stream, time, stamped, self._count)

    def _cut_short(self, end: Fraction) -> StvsrError | None:
        """Demuxers end quietly where a file was cut off; only its header still knows."""
        missing = self._promised - end if self._promised is not None else Fraction(0)
        if not self._strict or missing <= _TOLERATED_PERIODS * self._clock.period:
            return None
        return StvsrError(
            f"{self.info.path} is cut short: {float(end):.2f} s can be read of the {float(self._promised or 0):.2f} s "
            "that its header promises; copy it again from its source"
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
        opaque = is_opaque(frame)
        return Frame(self._orientation.apply(to_rgb(frame, info.colour, self._depth)), time, duration, opaque)
