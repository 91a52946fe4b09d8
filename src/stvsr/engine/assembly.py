"""From frames to the finished file: encoded segment by segment, kept, and put in line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from types import TracebackType
from typing import Protocol, Self

from stvsr.engine.segments import SegmentStore
from stvsr.video.coding import Coding
from stvsr.video.images import Image
from stvsr.video.pieces import Coded, CodedWriter, PieceEncoder


class Writer(Protocol):
    """What takes encoded frames, such as a `stvsr.video.writer.VideoWriter`."""

    @property
    def coding(self) -> Coding:
        """How they are encoded."""

    def append(self, header: bytes, frames: Iterable[Coded]) -> None:
        """Take frames."""


class Assembly:
    """Puts segments into a file, in their order; a context, on leaving which what was not ended is given up.

    Args:
        writer: Writes the file.
        pts: When each frame is shown, in seconds.
        end: When the last one stops being shown.
        store: Where finished segments are kept; None for a job of one segment.
    """

    def __init__(self, writer: Writer, pts: Sequence[Fraction], end: Fraction, store: SegmentStore | None) -> None:
        self._writer, self._store = writer, store
        self._pts, self._stops = pts, [*pts[1:], end]
        self._parts = ExitStack()
        self._encoder: PieceEncoder | None = None
        self._kept: CodedWriter | None = None
        self._next = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts.__exit__(kind, error, trace)

    def begin(self, number: int, first: int) -> None:
        """Begin segment ``number``, with frame ``first``."""
        coding = self._writer.coding
        self._next = first
        self._encoder = PieceEncoder(coding, self._pts[max(self._next - coding.reordered, 0) : self._next])
        if self._store is not None:
            self._kept = self._parts.enter_context(self._store.writing(number, self._encoder.header))

    def add(self, image: Image) -> None:
        """Encode the next frame of the segment.

        Raises:
            StvsrError: If the encoder or the disk fails.
        """
        assert self._encoder is not None
        time, stop = self._pts[self._next], self._stops[self._next]
        self._next += 1
        self._take(self._encoder.write(image, time, stop - time))

    def end(self, number: int) -> None:
        """End segment ``number``: from here on it is kept, and part of the file."""
        assert self._encoder is not None
        self._take(self._encoder.finish())
        self._encoder = None
        if self._store is not None:
            self._kept = None
            self._parts.close()
            self.put(number)

    def keep(self, number: int, header: bytes, frames: Iterable[Coded]) -> None:
        """Keep a segment that was encoded elsewhere."""
        assert self._store is not None
        with self._store.writing(number, header) as kept:
            for frame in frames:
                kept.add(frame)

    def put(self, number: int) -> None:
        """Make a kept segment part of the file."""
        assert self._store is not None
        with self._store.reading(number) as frames:
            self._writer.append(frames.header, frames)

    def _take(self, frames: list[Coded]) -> None:
        if self._kept is None:
            assert self._encoder is not None
            self._writer.append(self._encoder.header, frames)
            return
        for frame in frames:
            self._kept.add(frame)
