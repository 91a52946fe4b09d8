"""Making a small video of a large one: fewer, smaller frames, and a record of the original."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from stvsr.engine.job import Outcome
from stvsr.engine.progress import Watcher
from stvsr.jobs.records import ShrinkRecord, describe_coding, describe_kernel, facts
from stvsr.jobs.reduction import Reduction, reduce_file
from stvsr.models.contract import Restorer
from stvsr.video.cuts import USUAL_THRESHOLD
from stvsr.video.deinterlace import Interlaced
from stvsr.video.encoders import LOSSLESS_RGB, Encoder
from stvsr.video.info import VideoInfo


def shrink_file(
    source: str | Path,
    output: str | Path,
    model: Restorer,
    *,
    weights: str = "",
    encoder: Encoder = LOSSLESS_RGB,
    budget: int | None = None,
    cuts: float | None = USUAL_THRESHOLD,
    drop: Collection[str] = (),
    interlaced: Interlaced = "refuse",
    watcher: Watcher | None = None,
) -> Outcome:
    """Write the small video of ``source``, from which `stvsr.jobs.expand.expand_file` restores it.

    Low frame i of a shot is shown when high frame ``i * scale.time`` of it was. Audio and subtitles are copied.

    Args:
        source: Any video file.
        output: The small video; its container must hold what the encoder makes.
        model: Whose `downsample` is applied.
        weights: SHA-256 of its weights, for the record.
        encoder: How the small video is stored; every value comes back of it unless a lossy one is given.
        budget: Bytes of working memory to aim at; None for what suits the device.
        cuts: From which score on a change is a scene cut, across which no frames are mixed; None for no cuts.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        interlaced: What to do with frames of two fields; see `stvsr.video.deinterlace.Interlaced`.
        watcher: Told of progress and of what gets lost.

    Raises:
        StvsrError: If the source cannot be read or has transparency, or the output cannot be written.
    """

    def record(info: VideoInfo, found: list[int]) -> ShrinkRecord:
        kernel = describe_kernel(model)
        return ShrinkRecord(
            model=model.name,
            weights=weights,
            scale=str(model.scale),
            kernel=kernel,
            cuts=found,
            coding=describe_coding(encoder),
            **facts(info),
        )

    reduction = Reduction(model, record, encoder, drop=drop, cuts=cuts, interlaced=interlaced)
    return reduce_file(Path(source), Path(output), reduction, budget, watcher or Watcher())
