"""Frames between frames by FFmpeg's own motion compensation, ``minterpolate``, at exactly the instants asked for.

The filter gives nothing beyond its last but one frame, takes no RGB, and leaves blocks at the borders aside. So the
clip is held still for some frames before and after it, its colours travel unchanged as three planes of equal size
(green where luma would be, on which motion is searched), and its borders are repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import av.filter
import numpy as np
from av.error import EOFError as EndOfFileError
from numpy.typing import NDArray

from stvsr.errors import StvsrError

Image = NDArray[np.uint8]

OPTIONS = "fps=1:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1"
BLOCK = 16
HELD_BEFORE, HELD_AFTER = 2, 3
TO_PLANES, TO_COLOURS = [1, 2, 0], [2, 0, 1]


def minterpolate(frames: Iterable[Image], step: int, centre: Fraction) -> Iterator[Image]:
    """Yield the frames at the instants 0, 1, 2, ... of a clip whose frame i is the instant ``step * i + centre``.

    Before its first and after its last frame the clip stands still. A frame whose instant is whole comes back as it is.

    Args:
        frames: RGB uint8 ``(height, width, 3)``, all of one size.
        step: Instants from one frame to the next.
        centre: The first frame's instant, from 0 to ``step``.

    Yields:
        ``step`` frames for each one that came.

    Raises:
        StvsrError: If this FFmpeg has no such filter.
    """
    source = iter(frames)
    last = first = next(source, None)
    if first is None or last is None:
        return
    graph, count = _Graph(first, centre.denominator), 1
    for number in range(-HELD_BEFORE, 1):
        yield from graph.frames(first, step * number + centre)
    for image in source:
        last, count = image, count + 1
        yield from graph.frames(image, step * (count - 1) + centre)
    for number in range(count, count + HELD_AFTER):
        for made in graph.frames(last, step * number + centre):
            if graph.done <= step * count:
                yield made


class _Graph:
    """The filter: frames go in at their instants, frames come out at instants 0, 1, 2, ..."""

    def __init__(self, first: Image, ticks: int) -> None:
        self._height, self._width, _ = first.shape
        self._ticks = ticks
        self._margins = ((BLOCK, BLOCK + -self._height % BLOCK), (BLOCK, BLOCK + -self._width % BLOCK), (0, 0))
        rows, columns = (size + sum(margin) for size, margin in zip(first.shape, self._margins[:2], strict=False))
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=columns, height=rows, format=av.VideoFormat("yuv444p"), time_base=Fraction(1, ticks), name="in"
        )
        try:
            interpolation = self._graph.add("minterpolate", OPTIONS)
        except ValueError as error:
            raise StvsrError("the FFmpeg inside this PyAV has no filter 'minterpolate': update PyAV") from error
        sink = self._graph.add("buffersink")
        source.link_to(interpolation)
        interpolation.link_to(sink)
        self._graph.configure()
        self.done = 0

    def frames(self, image: Image, instant: Fraction) -> Iterator[Image]:
        """Put in a frame and yield those that became ready, each counted in ``done``."""
        padded = np.pad(image, self._margins, mode="edge")[..., TO_PLANES]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(padded.transpose(2, 0, 1)), format="yuv444p")
        frame.pts, frame.time_base = int(instant * self._ticks), Fraction(1, self._ticks)
        self._graph.push(frame)
        while True:
            try:
                made = self._graph.pull()
            except (BlockingIOError, EndOfFileError):
                return
            assert isinstance(made, av.VideoFrame)
            assert made.pts is not None
            assert made.time_base is not None
            if made.pts * made.time_base < 0:
                continue
            if made.pts * made.time_base != self.done:
                raise RuntimeError(f"minterpolate gave instant {made.pts * made.time_base} where {self.done} was due")
            self.done += 1
            planes = made.to_ndarray()[:, BLOCK : BLOCK + self._height, BLOCK : BLOCK + self._width]
            yield np.ascontiguousarray(planes.transpose(1, 2, 0)[..., TO_COLOURS])
