"""A video at any other rate: a general model makes finer frames in time, of which each new one is taken.

source --general model, the fitting factor in time--> finer frames --at the exact instants--> new frames
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale
from stvsr.restoration.cluster import Cluster
from stvsr.restoration.contract import GeneralModel, Image, Restorer
from stvsr.restoration.degraded import has_effect
from stvsr.restoration.instants import (
    Instant,
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
from stvsr.video.encoders import Encoder


def retime_file(
    source: str | Path,
    output: str | Path,
    model: GeneralModel,
    rate: Rate,
    degradation: Degradation,
    *,
    factor: int | None = None,
    iterations: int | None = None,
    encoder: Encoder | None = None,
    budget: int | None = None,
    cuts: float | None = USUAL_THRESHOLD,
    drop: Collection[str] = (),
    watcher: Watcher | None = None,
    cluster: Cluster | None = None,
) -> Outcome:
    """Write ``source`` at another, constant rate; it begins and ends when the source does.

    Args:
        source: Any video file, also of variable rate.
        output: The new video; audio and subtitles are copied.
        model: Makes finer frames, such as ``stvsr.load("davsr-compact")``.
        rate: The new rate.
        degradation: How the source came about, apart from its factor in time.
        factor: Finer frames per source frame; None for what `stvsr.restoration.instants.fitting_factor` finds.
        iterations: Rounds of restoration; the model's own if None.
        encoder: From `stvsr.video.encoders.encoder`; H.264 if None.
        budget: Bytes of working memory to aim at; None for what suits the device.
        cuts: From which score on a change is a scene cut, which nothing reaches across; None for no cuts.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        watcher: Told of progress and of what gets lost.
        cluster: Where to compute; this process if None.

    Raises:
        StvsrError: If the rate is impossible, the source cannot be read or has transparency, or the output cannot be
            written.
    """

    def prepare(low: Low) -> Restoration:
        fps = rate.of(source_rate(low.shown, low.info.rate))
        times = regular_times(low.shown[0], low.end, fps)
        steps = factor or fitting_factor(low.shown, low.end, times)
        instants = find_instants(low.shown, low.end, times, steps, low.cuts)
        target = target_at(low, Path(output), times, fps, degradation.space, encoder)
        restorer = finer(model, degradation.but(time=steps), iterations)
        computation = Retiming(restorer, (target.height, target.width), budget, instants)
        return Restoration(target, computation, divide_shots(len(low.shown), low.cuts, instants, steps))

    return restore_file(
        source, output, prepare, encoder=encoder, cuts=cuts, drop=drop, watcher=watcher, cluster=cluster
    )


def finer(model: GeneralModel, degradation: Degradation, iterations: int | None = None) -> Restorer:
    """Return what undoes a degradation: the model, or nothing at all where there is nothing to undo."""
    return model.bind(degradation, iterations) if has_effect(degradation) else Unchanged()


class Unchanged:
    """Frames as they are; a `stvsr.restoration.contract.Restorer`."""

    name = "unchanged"
    scale = Scale()
    operator = Degradation().operator()
    context = (0, 0)
    down_context = 0
    bytes_per_low_pixel = 96

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the clip."""
        return clip

    def upsample(self, low: Tensor) -> Tensor:
        """Return the clip."""
        return low


@dataclass
class Retiming(Upsampling):
    """Low frames into those at some instants among the high ones.

    Attributes:
        instants: Of all frames that come out, in high frames of the whole video.
    """

    instants: Sequence[Instant] = ()

    def divide(self, shots: Iterable[Shot], layout: Plan) -> list[Part]:
        """Return the windows of a whole job: low frames without the next one's first high frame are no window's end."""
        factor, parts, due = self.model.scale.steps[0], [], 0
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
        factor = self.model.scale.steps[0]
        base = self.instants[first].number // factor * factor
        due = (self.instants[number] for number in range(first, len(self.instants)))
        return take(enumerate(super().frames(window, layout), base), due)


def retime_stream(model: Restorer, low_frames: Iterable[Image], instants: Iterable[Instant]) -> Iterator[Image]:
    """Yield the frames at some instants among the high frames of a stream of low frames without cuts."""
    return take(enumerate(upsample_stream(model, low_frames)), instants)
