"""A video at any other rate.

source --general model, the fitting factor in time--> finer frames --at the exact instants--> new frames
source --model that makes frames between frames, at the exact instants----------------------> new frames
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from pathlib import Path

from stvsr.engine.cluster import Cluster
from stvsr.engine.job import Outcome
from stvsr.engine.progress import Watcher
from stvsr.engine.retiming import Interpolating, Retiming
from stvsr.errors import StvsrError
from stvsr.jobs.instants import constant_stay, divide_shots, find_instants, fitting_factor, regular_times, source_rate
from stvsr.jobs.rate import Rate
from stvsr.jobs.upscale import Low, Restoration, restore_file, target_at
from stvsr.models.conditional import restorer_for
from stvsr.models.contract import ConditionalModel, Interpolator
from stvsr.physics.degradation import Degradation
from stvsr.video.cuts import USUAL_THRESHOLD
from stvsr.video.deinterlace import Interlaced
from stvsr.video.encoders import Encoder


def retime_file(
    source: str | Path,
    output: str | Path,
    model: ConditionalModel | Interpolator,
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
        factor: Finer frames per source frame; None for what `stvsr.jobs.instants.fitting_factor` finds.
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
        if isinstance(model, Interpolator):
            return between(low, model, times, fps)
        steps = factor or fitting_factor(low.shown, low.end, times)
        instants = find_instants(low.shown, low.end, times, steps, low.cuts)
        target = target_at(low, Path(output), times, fps, degradation.space, encoder)
        restorer = restorer_for(model, degradation.but(time=steps), iterations)
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
