"""Low frames into those at any instants among the high ones, or among themselves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, takewhile

import numpy as np
from torch import Tensor

from stvsr.engine.upsampling import Upsampling, upsample_stream
from stvsr.engine.windows import Part, Plan, Shot, Span, Window, cover
from stvsr.models.contract import Interpolator, Restorer
from stvsr.video.images import Image


@dataclass(frozen=True)
class Instant:
    """An instant between two finer frames.

    Attributes:
        number: Of the finer frame at or before it.
        share: How far from that to the next, at least 0 and below 1.
    """

    number: int
    share: Fraction

    @property
    def last(self) -> int:
        """The number of the last finer frame that takes part."""
        return self.number + bool(self.share)


def take(made: Iterable[tuple[int, Image]], instants: Iterable[Instant]) -> Iterator[Image]:
    """Yield the frames at some instants until finer frames run out: as they are, or two of them mixed.

    Args:
        made: Consecutive finer frames and their numbers, from the first instant's on.
        instants: Increasing.
    """
    source = iter(made)
    number, before, now = -1, None, None
    for instant in instants:
        while number < instant.last:
            before = now
            number, now = next(source, (-1, None))
            if now is None:
                return
        assert now is not None
        if not instant.share:
            yield now
            continue
        assert before is not None
        share = np.float32(instant.share)
        yield np.rint((1 - share) * before + share * now).astype(now.dtype)


@dataclass
class Retiming(Upsampling):
    """Low frames into those at some instants among the high ones.

    Attributes:
        instants: Of all frames that come out, in high frames of the whole video.
    """

    instants: Sequence[Instant] = ()

    @property
    def factor(self) -> int:
        """Between how many numbers of instants a low frame lies."""
        return self.model.scale.steps[0]

    def divide(self, shots: Iterable[Shot], layout: Plan) -> list[Part]:
        """Return the windows of a whole job: low frames without the next one's first high frame are no window's end."""
        factor, parts, due = self.factor, [], 0
        mixed = any(instant.share for instant in self.instants)
        core = max(self.core(layout) - mixed, 1)
        for shot in shots:
            for span in cover(shot.stop - shot.start, core, 0):
                begin, end = due, (shot.start + span.stop) * factor
                due = bisect_left(self.instants, end, key=lambda instant: instant.number)
                if begin == due:
                    continue
                start, stop = self.instants[begin].number // factor, self.instants[due - 1].last // factor + 1
                first, last = max(start - self.margin, shot.start), min(stop + self.margin, shot.stop)
                parts.append(Part(Span(first, start, stop, last), begin, due - begin))
        return parts

    def frames(self, window: Window[Image], layout: Plan, first: int = 0) -> Iterator[Image]:
        """Yield the frames at the instants in the core of a window, from number ``first`` on."""
        base = self.instants[first].number // self.factor * self.factor
        due = (self.instants[number] for number in range(first, len(self.instants)))
        return take(enumerate(super().frames(window, layout), base), due)


@dataclass(frozen=True)
class Placed(Window[Image]):
    """Consecutive low frames, the first of which has number ``start``, and the places of those to be made of them."""

    start: int
    places: list[Fraction]


@dataclass
class Interpolating(Retiming):
    """Low frames into those at some instants among them, by a `stvsr.models.contract.Interpolator`."""

    @property
    def factor(self) -> int:
        """1: instants are counted in low frames."""
        return 1

    @property
    def margin(self) -> int:
        """Low frames on each side of a window."""
        return self.model.context[0]

    def frames(self, window: Window[Image], layout: Plan, first: int = 0) -> Iterator[Image]:
        """Yield the frames at the instants in the core of a window, from number ``first`` on."""
        base = self.instants[first].number - window.lead
        stop = base + window.lead + window.core
        due = list(takewhile(lambda instant: instant.last < stop, islice(self.instants, first, None)))
        while due:
            chosen = self._least or layout
            until = due[0].number + max(chosen.frames, 2)
            some = list(takewhile(lambda instant: instant.last < until, due))  # noqa: B023
            made = self._try(self._placed(window, base, some), chosen)
            if made is None:
                self._least = self._smaller(chosen, window)
                continue
            yield from made
            due = due[len(some) :]

    def _placed(self, window: Window[Image], base: int, due: Sequence[Instant]) -> Placed:
        """Return the part of a window, whose first frame has number ``base``, that some instants depend on."""
        start = max(due[0].number - self.margin, base)
        stop = due[-1].last + 1
        places = [instant.number + instant.share for instant in due]
        low = window.frames[start - base : stop + self.margin - base]
        return Placed(low, due[0].number - start, stop - due[0].number, start, places)

    def _made(self, window: Window[Image]) -> range:
        assert isinstance(window, Placed)
        return range(len(window.places))

    def _high(self, clip: Tensor, window: Window[Image]) -> Tensor:
        assert isinstance(window, Placed)
        model = self.model
        assert isinstance(model, Interpolator)
        return model.frames_at(clip, window.places, window.start)


def retime_stream(model: Restorer, low_frames: Iterable[Image], instants: Iterable[Instant]) -> Iterator[Image]:
    """Yield the frames at some instants among the high frames of a stream of low frames without cuts."""
    return take(enumerate(upsample_stream(model, low_frames)), instants)
