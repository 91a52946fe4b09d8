"""Sharp frames, several for each, from frames that motion blurred."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from stvsr.engine.job import Job
from stvsr.engine.progress import Progress
from stvsr.jobs.degraded import assumed, check_effect
from stvsr.jobs.networks import (
    Device,
    ModelName,
    default_degradation,
    find_deblurrer,
    iterations_notice,
    load_restorer,
)
from stvsr.jobs.options import JobOptions, Settings, separate
from stvsr.jobs.plan import File, at_once
from stvsr.jobs.restoration import plan_restoration
from stvsr.models.contract import ConditionalModel
from stvsr.models.zoo import DEFAULT_RESTORER, find
from stvsr.physics.degradation import Degradation
from stvsr.video.info import probe

DEFAULTS = {"time": 5, "space": 1, "exposure": 1.0}


def plan_deblur(
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
    """Plan a video of sharp frames, five for each that motion blurred unless ``time`` says otherwise.

    Args:
        source: Any video file.
        target: The new video, .mkv, .mp4, .mov or .webm; audio and subtitles are copied.
        model: A bundled name, a model folder, a hub id or a model; if None, the model that ships for these factors and
            nothing but motion blur, else ``davsr-compact``.
        iterations: Rounds of restoration, 1 to 16; what the model was trained for if None.
        device: Where a model of a name computes: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``xpu``.
        options: How the video is read, computed and stored.
        progress: Told what the user should know of the source.
        settings: How the source was degraded (`stvsr.Degradation`), and options by their names (`stvsr.JobOptions`).

    Raises:
        StvsrError: If there is no such model, the source cannot be read or has transparency, a setting is impossible,
            or the target exists or cannot be written.
    """
    given, options = separate(settings, options)
    source, progress = Path(source), progress or Progress()
    defaults = default_degradation(model, DEFAULTS)
    degradation, original = assumed(probe(source), given, progress, defaults)
    check_effect(degradation)
    chosen = choose_deblurrer(model, iterations, degradation)
    if model is None and isinstance(chosen, Path):
        name = find(chosen).name
        progress.notice(f"{name} is made for {degradation.scale}; `model` {DEFAULT_RESTORER} is the general one")
    notice = iterations_notice(model, iterations)
    if notice:
        progress.notice(notice)
    restorer = load_restorer(chosen, degradation, iterations, device)
    return plan_restoration(source, target, restorer, original, options, progress)


deblur = at_once(plan_deblur)


def choose_deblurrer(
    model: ModelName | ConditionalModel | None, iterations: int | None, degradation: Degradation
) -> ModelName | ConditionalModel | None:
    """Return the model to take: where none is named, the one that ships for these factors and nothing but motion blur.

    Args:
        model: What the user chose.
        iterations: Rounds of restoration, if the user chose them, which only a general model has.
        degradation: What is to be undone.
    """
    entry = find_deblurrer(degradation) if model is None and iterations is None else None
    return model if entry is None else entry.folder
