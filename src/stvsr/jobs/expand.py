"""Making a small video large again: its exact size, number of frames, rate and times, as its record tells."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from stvsr.engine.endpoints import Source, Target
from stvsr.engine.job import Job
from stvsr.engine.progress import Progress
from stvsr.engine.times import common_tick
from stvsr.engine.upsampling import Upsampling
from stvsr.errors import StvsrError
from stvsr.jobs.networks import Device, ModelName, load_network
from stvsr.jobs.options import JobOptions, OptionSettings, separate
from stvsr.jobs.plan import File, at_once
from stvsr.jobs.records import SHRINK_TAG, ShrinkRecord, find_record
from stvsr.jobs.source import check_files
from stvsr.models.contract import Restorer
from stvsr.models.zoo import Entry, entries, find
from stvsr.video.colour import stores_rgb
from stvsr.video.info import VideoInfo
from stvsr.video.timing import scan_times


def plan_expand(
    source: File,
    target: File,
    *,
    model: ModelName | Restorer | None = None,
    device: Device = "auto",
    options: JobOptions | None = None,
    progress: Progress | None = None,
    **settings: Unpack[OptionSettings],
) -> Job:
    """Plan the large video again, out of what `stvsr.shrink` made.

    Args:
        source: The small video.
        target: The large one, .mkv, .mp4, .mov or .webm.
        model: A bundled name, a model folder, a hub id or a model, of the scale that is on record; None for the bundled
            one that is.
        device: Where a model of a name computes: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``xpu``.
        options: How the video is read, computed and stored.
        progress: Told what the user should know of the source.
        settings: Options by their names (`stvsr.JobOptions`), but for ``cuts`` and ``interlaced``.

    Raises:
        StvsrError: If the source is no such video or was cropped, resized or cut since, if the model is of another
            scale, or if the target exists or cannot be written.
    """
    _, options = separate(settings, options, degradation=False, without=["cuts", "interlaced"])
    source, progress = Path(source), progress or Progress()
    info = check_files(source, Path(target), overwrite=options.overwrite)
    record = find_record(info)
    if model is None or isinstance(model, ModelName):
        model = load_network(find_expander(record, model, progress), device)
    _check_fit(info, record, model)
    if not record.coding and not stores_rgb(info.pixel_format):
        progress.notice(f"{source} was converted to {info.pixel_format} since: motion kept in its colours is damaged")
    pts, last = record.times_after(source), record.last_duration()
    large = Target(
        path=Path(target),
        width=record.width,
        height=record.height,
        rate=record.rate,
        pts=pts,
        tick=common_tick(pts),
        end=None if last is None else pts[-1] + last,
        encoder=options.chosen(),
        metadata={SHRINK_TAG.lower(): ""},
        colour=record.colour(),
        sample_aspect=record.sample_aspect,
        drop=options.drop,
        overwrite=options.overwrite,
        mastering=record.mastering(),
    )
    shots = record.shots(model.scale.steps[0])
    computation = Upsampling(model, (record.height, record.width), options.budget)
    return Job(Source(source, shots[-1].stop, (info.height, info.width)), large, computation, shots)


expand = at_once(plan_expand)


def find_expander(record: ShrinkRecord, model: ModelName | None, progress: Progress) -> Entry:
    """Return the model to expand with; tells if its weights are not those that shrank the video.

    Raises:
        StvsrError: If there is no such model here, or it is of another scale.
    """
    bundled = [entry.name for entry in entries()]
    if model is None and record.model not in bundled:  # a video must not make us fetch or open anything else
        raise StvsrError(
            f"the video was shrunk by model {record.model!r}, which does not ship with stvsr; "
            "give its folder or hub id with `model`"
        )
    entry = find(model or record.model)
    if str(entry.scale) != record.scale:
        raise StvsrError(
            f"the video was shrunk by {record.scale}, model {entry.name} is for {entry.scale}; take another model"
        )
    if record.weights and entry.checksum != record.weights:
        progress.notice(
            f"{entry.name} has other weights (sha256 {entry.checksum[:12]}) than the model that shrank the video "
            f"({record.model}, {record.weights[:12]}): expect a worse picture, or name the right one with `model`"
        )
    return entry


def _check_fit(info: VideoInfo, record: ShrinkRecord, model: Restorer) -> None:
    if str(model.scale) != record.scale:
        raise StvsrError(
            f"{info.path} was shrunk by {record.scale}, model {model.name} is for {model.scale}; take another model"
        )
    _, height, width = model.scale.low_size((record.frames, record.height, record.width))
    frames = record.shots(model.scale.steps[0])[-1].stop
    if (info.width, info.height) != (width, height):
        raise StvsrError(
            f"{info.path} is {info.width}x{info.height}, but was {width}x{height} when it was shrunk; "
            "use the file as 'stvsr shrink' wrote it"
        )
    held = len(scan_times(info.path))
    if held != frames:
        raise StvsrError(
            f"{info.path} holds {held} frames, but held {frames} when it was shrunk; "
            "use the file as 'stvsr shrink' wrote it"
        )
