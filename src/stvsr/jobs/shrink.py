"""Making a small video of a large one: fewer, smaller frames, and a record of the original."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from stvsr.engine.job import Job
from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.jobs.networks import Device, ModelName, load_network
from stvsr.jobs.options import JobOptions, OptionSettings, separate
from stvsr.jobs.plan import File, at_once
from stvsr.jobs.records import ShrinkRecord, describe_coding, describe_kernel, facts
from stvsr.jobs.reduction import Reduction, plan_reduction
from stvsr.models.contract import Restorer
from stvsr.models.zoo import Entry, choose, find
from stvsr.physics.scale import Scale
from stvsr.video.info import VideoInfo

_DEFAULT, _DEFAULT_LOSSY = (2, 4), (1, 2)


def plan_shrink(
    source: File,
    target: File,
    *,
    model: ModelName | Restorer | None = None,
    time: int | None = None,
    space: int | None = None,
    weights: str = "",
    device: Device = "auto",
    options: JobOptions | None = None,
    progress: Progress | None = None,
    **settings: Unpack[OptionSettings],
) -> Job:
    """Plan a small, playable video, which `stvsr.expand` makes large again.

    Low frame i of a shot is shown when high frame ``i * scale.time`` of it was. Audio and subtitles are copied.

    Args:
        source: Any video file.
        target: The small video; its container must hold what the encoder makes.
        model: A bundled name, a model folder, a hub id or a model, instead of factors.
        time: Frames of the source for each of the small video; 2 if None, 1 for a lossy encoder.
        space: Pixels in width and height for each one; 4 if None, 2 for a lossy encoder.
        weights: SHA-256 of the weights, for the record, of a model that is given itself.
        device: Where a model of a name computes: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``xpu``.
        options: How the video is read, computed and stored.
        progress: Told what gets lost.
        settings: Options by their names (`stvsr.JobOptions`).

    Raises:
        StvsrError: If there is no such model, the source cannot be read or has transparency, or the target exists or
            cannot be written.
    """
    _, options = separate(settings, options, degradation=False)
    progress = progress or Progress()
    encoder = options.chosen_small()
    lossy = bool(describe_coding(encoder))
    if model is None or isinstance(model, ModelName):
        entry = find_shrinker(model, time, space, lossy=lossy)
        if lossy and not entry.codec_trained:
            progress.notice(f"{entry.name} was not trained for lossy codecs: expect much worse than what it can do")
        model, weights = load_network(entry, device), entry.checksum
    network = model

    def record(info: VideoInfo, cuts: list[int]) -> ShrinkRecord:
        return ShrinkRecord(
            model=network.name,
            weights=weights,
            scale=str(network.scale),
            kernel=describe_kernel(network),
            cuts=cuts,
            coding=describe_coding(encoder),
            **facts(info),
        )

    return plan_reduction(Path(source), Path(target), Reduction(network, record, encoder), options, progress)


shrink = at_once(plan_shrink)


def find_shrinker(model: ModelName | None, time: int | None, space: int | None, *, lossy: bool = False) -> Entry:
    """Return the model that was asked for by name or by scale.

    Args:
        model: A name, or None.
        time: The factor, or None for the default.
        space: The factor, or None for the default.
        lossy: Whether a lossy codec will store the small video.

    Raises:
        StvsrError: If it was asked for by both, or does not exist; the message lists those that do.
    """
    if model is not None:
        if time is not None or space is not None:
            raise StvsrError("`model` has its own scale: leave out `time` and `space`, or leave out `model`")
        return find(model)
    default_time, default_space = _DEFAULT
    if lossy:
        default_time, default_space = _DEFAULT_LOSSY if time is None and space is None else (1, 1)
    scale = Scale.of(default_time if time is None else time, default_space if space is None else space)
    return choose("rescale", scale, codec=lossy)
