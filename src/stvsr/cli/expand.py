"""`stvsr expand`: the large video again, out of what `stvsr shrink` made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stvsr.cli.batch import PLAIN, BatchOptions, Sources, connection, place, process
from stvsr.cli.carried import EVERYTHING, CarriedOptions
from stvsr.cli.parameters import GivenPath, ModelName, Whole

if TYPE_CHECKING:
    from stvsr.engine.cluster import Cluster
    from stvsr.engine.job import Outcome
    from stvsr.engine.progress import Progress
    from stvsr.jobs.batch import Task
    from stvsr.jobs.records import ShrinkRecord
    from stvsr.models.contract import Restorer
    from stvsr.models.zoo import Entry


def expand(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    encoder: str = "h264",
    quality: Whole = None,
    pixel_format: str | None = None,
    model: ModelName = None,
    device: str = "auto",
    memory: str | None = None,
    cluster: str | None = None,
    batch: BatchOptions = PLAIN,
    carried: CarriedOptions = EVERYTHING,
    quiet: bool = False,
) -> None:
    """Make a video that `stvsr shrink` made large again: its size, frames, rate, times and sound.

    The model is the one that shrank it, found by its name in the file's metadata.

    Args:
        sources: Videos made by `stvsr shrink`, folders of them or patterns such as 'small/**/*.mkv'.
        output: The large video, .mkv, .mp4, .mov or .webm; without such an ending, a folder for the new ones.
        encoder: h264, h265, av1, vp9, ffv1 (lossless) or lossless-rgb.
        quality: The encoder's constant rate factor, 0 is best; without it, visually clean.
        pixel_format: How colours are stored, such as yuv444p or yuv420p10le; without it, what plays everywhere.
        model: A bundled name, a model folder or a hub id, instead of the recorded one.
        device: Where to compute: auto (CUDA where there is one), cpu or cuda.
        memory: Working memory to aim at, however long the video, such as 4GB or 500MB; if not given, a quarter of the
            machine's up to 4 GB, or most of a GPU's.
        cluster: Compute on the machines of a Ray cluster: auto for the one that this machine belongs to, ray://host:port,
            or local. See docs/cluster.md.
        batch: Which files are made.
        carried: What goes along.
        quiet: Show no progress and no summary.
    """
    from stvsr.jobs.records import find_record
    from stvsr.text import memory_budget
    from stvsr.video.encoders import encoder as choose_encoder
    from stvsr.video.info import probe

    chosen = choose_encoder(encoder, quality, pixel_format)
    files = batch.find(sources, output, chosen)
    budget = memory_budget(memory)
    progress = batch.progress("expand", quiet=quiet)
    networks: dict[Path, Restorer] = {}

    def job(task: Task, team: Cluster | None) -> Outcome:
        entry = recorded(find_record(probe(task.source)), model, progress)
        from stvsr.jobs.expand import expand_file
        from stvsr.models.checkpoint import load

        if entry.folder not in networks:
            networks[entry.folder] = load(entry.folder, place(team, device, dry=batch.dry_run))
        network, drop = networks[entry.folder], carried.drop
        return expand_file(
            task.source, task.output, network, encoder=chosen, budget=budget, drop=drop, progress=progress, cluster=team
        )

    with connection(cluster, device) as team:
        process(files, batch, progress, lambda: lambda task: job(task, team), quiet=quiet)


def recorded(record: ShrinkRecord, model: str | None, progress: Progress) -> Entry:
    """Return the model to expand with; tells the progress if its weights are not those that shrank the video.

    Raises:
        StvsrError: If there is no such model here, or it is of another scale.
    """
    from stvsr.errors import StvsrError
    from stvsr.models.zoo import entries, find

    bundled = [entry.name for entry in entries()]
    if model is None and record.model not in bundled:  # a video must not make us fetch or open anything else
        raise StvsrError(
            f"the video was shrunk by model {record.model!r}, which does not ship with stvsr; "
            "give its folder or hub id with --model"
        )
    entry = find(model or record.model)
    if str(entry.scale) != record.scale:
        raise StvsrError(
            f"the video was shrunk by {record.scale}, model {entry.name} is for {entry.scale}; take another model"
        )
    if record.weights and entry.checksum != record.weights:
        progress.notice(
            f"{entry.name} has other weights (sha256 {entry.checksum[:12]}) than the model that shrank the video "
            f"({record.model}, {record.weights[:12]}): expect a worse picture, or name the right one with --model"
        )
    return entry
