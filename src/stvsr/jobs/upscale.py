"""Sharper, larger and smoother video: a general model, told how the video came about, applied to any file."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from stvsr.engine.job import Job
from stvsr.engine.progress import Progress
from stvsr.jobs.degraded import assumed, check_effect
from stvsr.jobs.networks import Device, ModelName, default_degradation, iterations_notice, load_restorer
from stvsr.jobs.options import JobOptions, Settings, separate
from stvsr.jobs.plan import File, at_once
from stvsr.jobs.restoration import plan_restoration
from stvsr.models.contract import ConditionalModel
from stvsr.video.info import probe


def plan_upscale(
    source: File,
    target: File,
    *,
    model: ModelName | ConditionalModel | None = None,
    iterations: int | None = None,
    device: Device = "auto",
    options: JobOptions | None = None,
    progress: Progress | None = None,
    **settings: Unpack[Settings],
) -> Job:
    """Plan a sharper, larger and smoother video.

    What a video says of its own degradation, as `stvsr.degrade` writes it, is taken before the defaults; its size and
    times come back then.

    Args:
        source: Any video file.
        target: The new video, .mkv, .mp4, .mov or .webm; audio and subtitles are copied.
        model: A bundled name, a model folder, a hub id or a model; what ships for the degradation if None.
        iterations: Rounds of restoration, 1 to 16; what the model was trained for if None.
        device: Where a model of a name computes: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``xpu``.
        options: How the video is read, computed and stored.
        progress: Told what the user should know of the source.
        settings: How the source was degraded (`stvsr.Degradation`: ``time``, ``space``, ``exposure``, ``shutter``,
            ``blur``, ``noise``), and options by their names (`stvsr.JobOptions`).

    Raises:
        StvsrError: If there is no such model, the source cannot be read or has transparency, a setting is impossible,
            or the target exists or cannot be written.
    """
    given, options = separate(settings, options)
    source, progress = Path(source), progress or Progress()
    defaults = default_degradation(model, {})
    degradation, original = assumed(probe(source), given, progress, defaults)
    check_effect(degradation)
    notice = iterations_notice(model, iterations, degradation)
    if notice:
        progress.notice(notice)
    restorer = load_restorer(model, degradation, iterations, device)
    return plan_restoration(source, target, restorer, original, options, progress)


upscale = at_once(plan_upscale)
