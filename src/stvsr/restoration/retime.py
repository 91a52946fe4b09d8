"""A video at any other rate.

source --general model, the fitting factor in time--> finer frames --at the exact instants--> new frames
source --model that makes frames between frames, at the exact instants----------------------> new frames
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, takewhile
from pathlib import Path
from typing import cast

from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.models.conditional import finer
from stvsr.models.contract import GeneralModel, Interpolator, Restorer, is_interpolator
from stvsr.physics.degradation import Degradation
from stvsr.restoration.cluster import Cluster
from stvsr.restoration.instants import (
    Instant,
    constant_stay,
    divide_shots,
    find_instants,
    fitting_factor,
    regular_times,
    source_rate,
    take,
)
from stvsr.restoration.job import Outcome, Watcher
from stvsr.restoration.plan import Part, Plan, Shot, Span, Window, cover
from stvsr.restoration.rate import Rate
from stvsr.restoration.stream import Upsampling, upsample_stream
from stvsr.restoration.upscale import Low, Restoration, restore_file, target_at
from stvsr.video.cuts import USUAL_THRESHOLD
from stvsr.video.deinterlace import Interlaced
from stvsr.video.encoders import Encoder
from stvsr.video.images import Image


def retime_file(
    source: str | Path,
    output: str | Path,
    model: GeneralModel | Interpolator,
    rate: Rate,
    degradation: Degradation,
    *,
    factor: int | None = None,
    iterations: int | None = None,
    encoder: Encoder | None = None,
    budget: int | None = None,
    cuts: float | None = USUAL_THRESHOLD,
    drop: Collection[str] = (),
    interlaced: Interlaced = "refuse",
    watcher: Watcher | None = None,
    cluster: Cluster | None = None,
) -> Outcome:
    """Write ``source`` at another, constant rate; it begins and ends when the source does.

    Args:
        source: Any video file, also of variable rate.
        output: The new video; audio and subtitles are copied.
        model: Makes finer frames, such as ``stvsr.load("davsr-compact")``, or those that are due at once, such as
            ``stvsr.load("staa-6over5t1s-compact")``.
        rate: The new rate.
        degradation: How the source came about, apart from its factor in time. Not for a model of the second kind.
        factor: Finer frames per source frame; None for what `stvsr.restoration.instants.fitting_factor` finds.
        iterations: Rounds of restoration; the model's own if None.
        encoder: From `stvsr.video.encoders.encoder`; H.264 if None.
        budget: Bytes of working memory to aim at; None for what suits the device.
        cuts: From which score on a change is a scene cut, which nothing reaches across; None for no cuts.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        interlaced: What to do with frames of two fields; see `stvsr.video.deinterlace.Interlaced`.
        watcher: Told of progress and of what gets lost.
        cluster: Where to compute; this process if None.

    Raises:
        StvsrError: If the rate is impossible or none of the model's, the source cannot be read or has transparency, or
            the output cannot be written.
    """

    def prepare(low: Low) -> Restoration:
        fps = rate.of(source_rate(low.shown, low.info.rate))
        times = regular_times(low.shown[0], low.end, fps)
        if is_interpolator(model):
            return between(low, model, times, fps)
        steps = factor or fitting_factor(low.shown, low.end, times)
        instants = find_instants(low.shown, low.end, times, steps, low.cuts)
        target = target_at(low, Path(output), times, fps, degradation.space, encoder)
        restorer = finer(cast("GeneralModel", model), degradation.but(time=steps), iterations)
        computation = Retiming(restorer, (target.height, target.width), budget, instants)
        return Restoration(target, computation, divide_shots(len(low.shown), low.cuts, instants, steps))

    def between(low: Low, chosen: Interpolator, times: list[Fraction], fps: Fraction) -> Restoration:
        stay = constant_stay(low.shown)
        if not chosen.any_rate and (stay is None or fps * stay != chosen.scale.time):
            raise StvsrError(
                f"{chosen.name} changes a constant rate by {chosen.scale.time} alone; leave --model out for any other"
            )
        instants = find_instants(low.shown, low.end, times, 1, low.cuts)
        target = target_at(low, Path(output), times, fps, chosen.scale.width, encoder)
        computation = Interpolating(chosen, (target.height, target.width), budget, instants)
        return Restoration(target, computation, divide_shots(len(low.shown), low.cuts, instants, 1))

    return restore_file(
        source,
        output,
        prepare,
        encoder=encoder,
        cuts=cuts,
        drop=drop,
        interlaced=interlaced,
        watcher=watcher,
        cluster=cluster,
    )


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
        assert is_interpolator(model)
        return model.frames_at(clip, window.places, window.start)


def retime_stream(model: Restorer, low_frames: Iterable[Image], instants: Iterable[Instant]) -> Iterator[Image]:
    """Yield the frames at some instants among the high frames of a stream of low frames without cuts."""
    return take(enumerate(upsample_stream(model, low_frames)), instants)
