"""A video at any other rate.

source --general model, the fitting factor in time--> finer frames --at the exact instants--> new frames
source --model that makes frames between frames, at the exact instants----------------------> new frames
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Unpack, cast

from stvsr.engine.job import Job
from stvsr.engine.progress import Progress
from stvsr.engine.retiming import Interpolation, Retiming
from stvsr.engine.upsampling import Upsampling
from stvsr.errors import StvsrError
from stvsr.jobs.degraded import notice_shrunk
from stvsr.jobs.instants import (
    constant_duration,
    divide_shots,
    find_positions,
    fitting_factor,
    regular_times,
    source_rate,
)
from stvsr.jobs.networks import (
    Device,
    ModelName,
    default_degradation,
    find_general,
    find_interpolator,
    iterations_notice,
    load_network,
)
from stvsr.jobs.options import JobOptions, Settings, separate
from stvsr.jobs.plan import File, at_once
from stvsr.jobs.rate import Rate
from stvsr.jobs.restoration import target_at
from stvsr.jobs.source import SourceTimeline, read_timeline
from stvsr.models.conditional import restorer_for
from stvsr.models.contract import ConditionalModel, Interpolator
from stvsr.models.zoo import DEFAULT_RESTORER, find
from stvsr.physics.degradation import Degradation

DEFAULTS = {"space": 1}
_BLURRED = f"for frames that motion blurred, say `exposure`, or `model` {DEFAULT_RESTORER}"


def plan_retime(
    source: File,
    target: File,
    *,
    fps: str | float | Fraction | None = None,
    rate: str | float | Fraction | None = None,
    model: ModelName | ConditionalModel | Interpolator | None = None,
    iterations: int | None = None,
    device: Device = "auto",
    options: JobOptions | None = None,
    progress: Progress | None = None,
    **settings: Unpack[Settings],
) -> Job:
    """Plan a video at another, constant rate; it begins and ends when the source does.

    Args:
        source: Any video file, also of variable rate.
        target: The new video, .mkv, .mp4, .mov or .webm; audio and subtitles are copied.
        fps: The new rate in frames a second: 24, "24000/1001" or, meaning the same, "23.976".
        rate: Instead, what to multiply the source's rate by, such as "6/5".
        model: A bundled name, a model folder, a hub id or a model; if None, the model that makes frames between frames,
            or ``davsr-compact`` where a setting or ``iterations`` ask for restoration.
        iterations: Rounds of restoration, 1 to 16; what the model was trained for if None.
        device: Where a model of a name computes: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``xpu``.
        options: How the video is read, computed and stored.
        progress: Told what the user should know of the source.
        settings: How the source was degraded (`stvsr.Degradation`; ``time``: finer frames to make of each frame, as
            many as fit if left out), and options by their names (`stvsr.JobOptions`).

    Raises:
        StvsrError: If the rate is impossible or none of the model's, the source cannot be read or has transparency, or
            the target exists or cannot be written.
    """
    given, options = separate(settings, options)
    wanted, progress = Rate.parse(fps, rate), progress or Progress()
    network = load_retimer(model, given, iterations, device)
    timeline = read_timeline(Path(source), Path(target), options, progress)
    notice_shrunk(timeline.info, progress)
    new = wanted.of(source_rate(timeline.pts, timeline.info.rate))
    if isinstance(network, Interpolator):
        if model is None:
            progress.notice(f"{network.name} makes what is between frames; {_BLURRED}")
        return _between(timeline, Path(target), network, new, options)
    name = cast("ModelName | ConditionalModel | None", model)
    notice = iterations_notice(name, iterations)
    if notice:
        progress.notice(notice)
    degradation = default_degradation(name, DEFAULTS).but(**given)
    return _restored(timeline, Path(target), network, new, degradation, given.get("time"), iterations, options)


retime = at_once(plan_retime)


def load_retimer(
    model: ModelName | ConditionalModel | Interpolator | None,
    given: Mapping[str, Any],
    iterations: int | None = None,
    device: Device = "auto",
) -> ConditionalModel | Interpolator:
    """Return the model to change a rate with.

    Args:
        model: A name or a model; None for one that makes frames between frames, or a general one if more is asked for.
        given: Settings of the degradation that the user chose.
        iterations: Rounds of restoration, if the user chose them.
        device: Where a model of a name is to lie.

    Raises:
        StvsrError: If there is no such model, or it cannot do what is asked for.
    """
    if not (model is None or isinstance(model, ModelName)):
        _check_between(model, given, iterations)
        return model
    plain = not (given or iterations)
    entry = find(model) if model else (find_interpolator() if plain else None)
    if entry is None or entry.task != "interpolate":
        network = cast("ConditionalModel", load_network(find_general(model), device))
        network.bind(default_degradation(model, DEFAULTS).but(**given), iterations)  # where mistakes show
        return network
    _refuse_restoring(entry.name, given, iterations)
    return cast("Interpolator", load_network(entry, device))


def _check_between(model: ConditionalModel | Interpolator, given: Mapping[str, Any], iterations: int | None) -> None:
    if isinstance(model, Interpolator):
        _refuse_restoring(model.name, given, iterations)


def _refuse_restoring(name: str, given: Mapping[str, Any], iterations: int | None) -> None:
    asked = [*given, *(["iterations"] if iterations else [])]
    if asked:
        raise StvsrError(f"`{asked[0]}`: {name} only makes frames between frames; leave out one of the two")


def _restored(
    timeline: SourceTimeline,
    path: Path,
    model: ConditionalModel,
    fps: Fraction,
    degradation: Degradation,
    factor: int | None,
    iterations: int | None,
    options: JobOptions,
) -> Job:
    """Plan the frames at the right instants among the finer ones of a general model."""
    pts = regular_times(timeline.pts[0], timeline.end, fps)
    factor = factor or fitting_factor(timeline.pts, timeline.end, pts)
    positions = find_positions(timeline.pts, timeline.end, pts, factor, timeline.cuts)
    target = target_at(timeline, path, pts, fps, degradation.space, options)
    restorer = restorer_for(model, degradation.but(time=factor), iterations)
    upsampling = Upsampling(restorer, (target.height, target.width), options.budget)
    shots = divide_shots(len(timeline.pts), timeline.cuts, positions, factor)
    return Job(timeline.source, target, Retiming(upsampling, positions), shots)


def _between(timeline: SourceTimeline, path: Path, model: Interpolator, fps: Fraction, options: JobOptions) -> Job:
    """Plan the frames that a model makes between frames."""
    duration = constant_duration(timeline.pts)
    if not model.any_rate and (duration is None or fps * duration != model.scale.time):
        raise StvsrError(
            f"{model.name} changes a constant rate by {model.scale.time} alone; leave `model` out for any other"
        )
    pts = regular_times(timeline.pts[0], timeline.end, fps)
    positions = find_positions(timeline.pts, timeline.end, pts, 1, timeline.cuts)
    target = target_at(timeline, path, pts, fps, model.scale.width, options)
    computation = Interpolation(model, positions, (target.height, target.width), options.budget)
    return Job(timeline.source, target, computation, divide_shots(len(timeline.pts), timeline.cuts, positions, 1))
