"""Making a small video large again: its exact size, number of frames, rate and times, as its record tells."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from stvsr.engine.cluster import Cluster
from stvsr.engine.job import Outcome, Stopwatch, Target, Work
from stvsr.engine.progress import Watcher
from stvsr.engine.run import transfer
from stvsr.engine.times import common_tick
from stvsr.engine.upsampling import Upsampling
from stvsr.errors import StvsrError
from stvsr.jobs.records import SHRINK_TAG, ShrinkRecord, find_record
from stvsr.jobs.source import check_files
from stvsr.models.contract import Restorer
from stvsr.video.colour import stores_rgb
from stvsr.video.encoders import Encoder
from stvsr.video.info import VideoInfo
from stvsr.video.timing import scan_times


def expand_file(
    source: str | Path,
    output: str | Path,
    model: Restorer,
    *,
    encoder: Encoder | None = None,
    budget: int | None = None,
    drop: Collection[str] = (),
    watcher: Watcher | None = None,
    cluster: Cluster | None = None,
) -> Outcome:
    """Restore the large video from ``source``, which `stvsr.jobs.shrink.shrink_file` made.

    Args:
        source: The small video.
        output: The large one.
        model: Whose `upsample` is applied; of the scale that is on record.
        encoder: From `stvsr.video.encoders.encoder`; H.264 if None.
        budget: Bytes of working memory to aim at; None for what suits the device.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        watcher: Told of progress.
        cluster: Where to compute; this process if None.

    Raises:
        StvsrError: If the source is no such video or was cropped, resized or cut since, if the model is of
            another scale, or if the output cannot be written.
    """
    source, output, watcher = Path(source), Path(output), watcher or Watcher()
    stopwatch = Stopwatch(source, output)
    info = check_files(source, output)
    record = find_record(info)
    _check_fit(info, record, model)
    if not record.coding and not stores_rgb(info.pixel_format):
        watcher.notice(f"{source} was converted to {info.pixel_format} since: motion kept in its colours is damaged")
    times, last = record.times_after(source), record.last_stay()
    target = Target(
        path=output,
        width=record.width,
        height=record.height,
        rate=record.rate,
        times=times,
        tick=common_tick(times),
        end=None if last is None else times[-1] + last,
        encoder=encoder,
        metadata={SHRINK_TAG.lower(): ""},
        colour=record.colour(),
        sample_aspect=record.sample_aspect,
        drop=drop,
        mastering=record.mastering(),
    )
    shots = record.shots(model.scale.steps[0])
    computation = Upsampling(model, (record.height, record.width), budget)
    work = Work(source, shots[-1].stop, (info.height, info.width), computation, shots, {"budget": budget})
    watcher.begin(record.frames)
    waits = transfer(work, target, watcher, cluster=cluster)
    return stopwatch.outcome(record.frames, record.width, record.height, record.rate, waits)


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
