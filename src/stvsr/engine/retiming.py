"""Low frames into those at any instants: among the high ones that a model makes, or between the low ones themselves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, takewhile
from typing import ClassVar

import numpy as np
from torch import Tensor

from stvsr.engine.upsampling import Tiling, Upsampling, upsample_stream
from stvsr.engine.windows import Part, Plan, Shot, Span, Window, cover, whole
from stvsr.models.contract import Interpolator, Restorer
from stvsr.video.images import Image


@dataclass(frozen=True)
class SamplePosition:
    """An instant at or between two frames.

    Attributes:
        number: The number of the frame at or before it.
        share: How far from that to the next, at least 0 and below 1.
    """

    number: int
    share: Fraction

    @property
    def last(self) -> int:
        """The number of the last frame that takes part."""
        return self.number + bool(self.share)


def sample_frames(frames: Iterable[tuple[int, Image]], positions: Iterable[SamplePosition]) -> Iterator[Image]:
    """Yield the frames at some positions until frames run out: as they are, or two of them mixed.

    Args:
        frames: Consecutive frames and their numbers, from the first position's on.
        positions: The positions, increasing.
    """
    source = iter(frames)
    number, before, now = -1, None, None
    for position in positions:
        while number < position.last:
            before = now
            number, now = next(source, (-1, None))
            if now is None:
                return
        assert now is not None
        if not position.share:
            yield now
            continue
        assert before is not None
        share = np.float32(position.share)
        yield np.rint((1 - share) * before + share * now).astype(now.dtype)


def divide_at(
    positions: Sequence[SamplePosition], shots: Iterable[Shot], core: int, margin: int, factor: int
) -> list[Part]:
    """Return the windows of a whole job; low frames without the next one's first frame are no window's end.

    Args:
        positions: Where frames are sampled, in the whole video.
        shots: The shots of low frames.
        core: Low frames that a window keeps.
        margin: Low frames on each side of that.
        factor: Between how many numbers of positions a low frame lies.
    """
    parts, done = [], 0
    mixed = any(position.share for position in positions)
    for shot in shots:
        for span in cover(shot.stop - shot.start, max(core - mixed, 1), 0):
            begin, end = done, (shot.start + span.stop) * factor
            done = bisect_left(positions, end, key=lambda position: position.number)
            if begin == done:
                continue
            start, stop = positions[begin].number // factor, positions[done - 1].last // factor + 1
            first, last = max(start - margin, shot.start), min(stop + margin, shot.stop)
            parts.append(Part(Span(first, start, stop, last), begin, done - begin))
    return parts


@dataclass
class Retiming:
    """Low frames into those at some positions among the high ones; a `stvsr.engine.computation.Computation`.

    Attributes:
        upsampling: Makes the high frames.
        positions: Where the frames that come out lie, in high frames of the whole video.
    """

    upsampling: Upsampling
    positions: Sequence[SamplePosition]

    enlarges: ClassVar[bool] = True

    @property
    def model(self) -> Restorer:
        """The model that makes high frames."""
        return self.upsampling.model

    @property
    def memory(self) -> int | None:
        """Bytes of working memory to aim at; None for what suits the device."""
        return self.upsampling.memory

    @property
    def border(self) -> int:
        """Low pixels on each side of a tile."""
        return self.upsampling.border

    def layout(self, length: int | None, height: int, width: int) -> Plan:
        """Choose low frames in a window, and rows and columns of tiles."""
        return self.upsampling.layout(length, height, width)

    def divide(self, shots: Iterable[Shot], layout: Plan) -> list[Part]:
        """Return the windows of a whole job."""
        return divide_at(self.positions, shots, self.upsampling.core(layout), self.upsampling.margin, self._factor)

    def frames(self, window: Window[Image], layout: Plan, first: int = 0) -> Iterator[Image]:
        """Yield the frames at the positions in the core of a window, from number ``first`` on."""
        base = self.positions[first].number // self._factor * self._factor
        high = enumerate(self.upsampling.frames(window, layout), base)
        return sample_frames(high, islice(self.positions, first, None))

    def passed(self, made: int, length: int) -> int:
        """Return the number of frames that are made."""
        return made

    def trial(self) -> Retiming:
        """Return the same computation without a size to crop to."""
        return Retiming(self.upsampling.trial(), self.positions)

    @property
    def _factor(self) -> int:
        return self.model.scale.steps[0]


@dataclass(frozen=True)
class InterpolationWindow(Window[Image]):
    """Consecutive low frames, the first of which has number ``start``, and the places of those to be made of them."""

    start: int
    places: list[Fraction]


@dataclass(frozen=True)
class FramesBetween:
    """The frames at some places between low frames, by an `Interpolator`; a `stvsr.engine.upsampling.Step`."""

    model: Interpolator

    def frames_of(self, window: InterpolationWindow) -> int:
        """Return the number of places."""
        return len(window.places)

    def compute(self, clip: Tensor, window: InterpolationWindow) -> Tensor:
        """Return the frames at the places."""
        return self.model.frames_at(clip, window.places, window.start)


@dataclass
class Interpolation:
    """Low frames into those at some positions between them; a `stvsr.engine.computation.Computation`.

    Attributes:
        model: Makes frames between frames.
        positions: Where the frames that come out lie, in low frames of the whole video.
        size: Height and width to crop to; all that the model gives if None.
        memory: Bytes of working memory to aim at; None for what suits the device.
    """

    model: Interpolator
    positions: Sequence[SamplePosition]
    size: tuple[int, int] | None = None
    memory: int | None = None
    _tiling: Tiling[InterpolationWindow] = field(init=False, repr=False)

    enlarges: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._tiling = Tiling(FramesBetween(self.model), self.size, self.memory)

    def layout(self, length: int | None, height: int, width: int) -> Plan:
        """Choose low frames in a window, and rows and columns of tiles."""
        return self._tiling.layout(length, height, width)

    def divide(self, shots: Iterable[Shot], layout: Plan) -> list[Part]:
        """Return the windows of a whole job."""
        core = whole(layout.frames, self.model.scale.time.denominator)
        return divide_at(self.positions, shots, core, self._margin, 1)

    def frames(self, window: Window[Image], layout: Plan, first: int = 0) -> Iterator[Image]:
        """Yield the frames at the positions in the core of a window, from number ``first`` on."""
        base = self.positions[first].number - window.lead
        stop = base + window.lead + window.core
        left = list(takewhile(lambda position: position.last < stop, islice(self.positions, first, None)))
        while left:
            chosen = self._tiling.settled(layout)
            until = left[0].number + max(chosen.frames, 2)
            some = list(takewhile(lambda position: position.last < until, left))  # noqa: B023
            between = self._tiling.frames(self._around(window, base, some), chosen)
            if between is None:
                continue
            yield from between
            left = left[len(some) :]

    def passed(self, made: int, length: int) -> int:
        """Return the number of frames that are made."""
        return made

    def trial(self) -> Interpolation:
        """Return the same computation without a size to crop to."""
        return Interpolation(self.model, self.positions, None, self.memory)

    @property
    def border(self) -> int:
        """Low pixels on each side of a tile."""
        return self._tiling.border

    @property
    def _margin(self) -> int:
        """Low frames on each side of a window."""
        return self.model.context[0]

    def _around(self, window: Window[Image], base: int, positions: Sequence[SamplePosition]) -> InterpolationWindow:
        """Return the part of a window, whose first frame has number ``base``, that some positions depend on."""
        start = max(positions[0].number - self._margin, base)
        stop = positions[-1].last + 1
        places = [position.number + position.share for position in positions]
        low = window.frames[start - base : stop + self._margin - base]
        return InterpolationWindow(low, positions[0].number - start, stop - positions[0].number, start, places)


def retime_stream(model: Restorer, low_frames: Iterable[Image], positions: Iterable[SamplePosition]) -> Iterator[Image]:
    """Yield the frames at some positions among the high frames of a stream of low frames without cuts."""
    return sample_frames(enumerate(upsample_stream(model, low_frames)), positions)
