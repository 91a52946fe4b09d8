"""A smaller video with a record of its original: what shrinking and degrading have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stvsr.engine.downsampling import Downsampling
from stvsr.engine.endpoints import Source, Target
from stvsr.engine.job import Job
from stvsr.engine.progress import Progress
from stvsr.engine.times import common_tick, on_ticks
from stvsr.engine.windows import find_shots
from stvsr.errors import StvsrError
from stvsr.jobs.options import JobOptions
from stvsr.jobs.records import Original
from stvsr.jobs.source import check_content, check_files, look_through
from stvsr.models.contract import Reducer
from stvsr.video.colour import closest_writable, stores_rgb
from stvsr.video.encoders import Encoder
from stvsr.video.info import VideoInfo

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Reduction:
    """How to make the smaller video.

    Attributes:
        model: Makes low frames of high ones.
        record: Describes the original, of which it is told the scene cuts, but for its times.
        encoder: How the smaller video is stored.
        metadata: More tags for the file; an empty one drops the source's.
        finish: Applied to each piece of the low clip; see `stvsr.engine.downsampling.Downsampling`.
    """

    model: Reducer
    record: Callable[[VideoInfo, list[int]], Original]
    encoder: Encoder
    metadata: dict[str, str] = field(default_factory=dict)
    finish: Callable[[Tensor, int], Tensor] | None = None


def plan_reduction(source: Path, target: Path, reduction: Reduction, options: JobOptions, progress: Progress) -> Job:
    """Plan the smaller video.

    Low frame i of a shot is shown when high frame ``i * scale.time`` of it was. Where the time factor does not divide
    a shot, its last low frame stands for fewer high ones: no frame is lost or made up, and the times stay.

    Args:
        source: Any video file.
        target: The smaller one.
        reduction: How it is made.
        options: How it is read, computed and stored.
        progress: Told what gets lost.

    Raises:
        StvsrError: If the source cannot be read or has transparency, or the target cannot be written.
    """
    info = check_files(source, target, overwrite=options.overwrite)
    check_content(info, progress, interlaced=options.interlaced)
    model, step = reduction.model, reduction.model.scale.steps[0]
    seen = look_through(source, options, progress)
    pts, last, cuts = seen.times, seen.stay, seen.cuts
    regular, end = last == 1 / info.rate, pts[-1] + last
    computation = Downsampling(model, options.budget, reduction.finish)
    shots = find_shots(len(pts), cuts, computation.output)
    rate = (info.rate / step).limit_denominator(1_000_000)
    tick = common_tick(pts)
    try:
        low_pts = on_ticks([time for shot in shots for time in pts[shot.start : shot.stop : step]], tick)
    except StvsrError as error:
        raise StvsrError(f"{source}: {error}") from error
    record = reduction.record(info, cuts).with_times(pts, None if regular else last)
    _, height, width = model.scale.low_size((len(pts), info.height, info.width))
    low = Target(
        path=target,
        width=width,
        height=height,
        rate=rate,
        pts=low_pts,
        tick=tick,
        end=None if regular and end <= low_pts[-1] + 1 / rate else end,
        encoder=reduction.encoder,
        metadata=reduction.metadata | {record.tag.lower(): record.to_json()},
        colour=closest_writable(info.colour, height),
        sample_aspect=info.sample_aspect,
        drop=options.drop,
        overwrite=options.overwrite,
        mastering=None if stores_rgb(reduction.encoder.pixel_format) else info.mastering,  # which the record keeps
    )
    return Job(Source(source, len(pts), (info.height, info.width), options.interlaced), low, computation, shots)
