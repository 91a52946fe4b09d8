"""A smaller video with a record of its original: what shrinking and degrading have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stvsr.engine.downsampling import Downsampling
from stvsr.engine.job import Outcome, Stopwatch, Target, Work
from stvsr.engine.progress import Watcher
from stvsr.engine.run import transfer
from stvsr.engine.times import common_tick, on_ticks
from stvsr.engine.windows import find_shots
from stvsr.errors import StvsrError
from stvsr.jobs.records import Original
from stvsr.jobs.source import check_content, check_files, look_through
from stvsr.models.contract import Reducer
from stvsr.video.colour import closest_writable, stores_rgb
from stvsr.video.deinterlace import Interlaced
from stvsr.video.encoders import Encoder
from stvsr.video.encoders import encoder as default_encoder
from stvsr.video.info import VideoInfo

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Reduction:
    """How to make the smaller video.

    Attributes:
        model: Makes low frames of high ones.
        record: Describes the original, but for its times.
        encoder: H.264 if None.
        metadata: More tags for the file; an empty one drops the source's.
        finish: As `stvsr.engine.downsampling.Downsampling` takes it.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        cuts: From which score on a change is a scene cut: the low frames of each shot are made of it alone, and
            the record is told of the cuts. None for a video that is taken as one shot.
        interlaced: What to do with frames of two fields.
    """

    model: Reducer
    record: Callable[[VideoInfo, list[int]], Original]
    encoder: Encoder | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    finish: Callable[[Tensor, int], Tensor] | None = None
    drop: Collection[str] = ()
    cuts: float | None = None
    interlaced: Interlaced = "refuse"


def reduce_file(source: Path, output: Path, reduction: Reduction, budget: int | None, watcher: Watcher) -> Outcome:
    """Write the smaller video.

    Low frame i of a shot is shown when high frame ``i * scale.time`` of it was. Where the time factor does not divide
    a shot, its last low frame stands for fewer high ones: no frame is lost or made up, and the times stay.

    Args:
        source: Any video file.
        output: The smaller one.
        reduction: How it is made.
        budget: Bytes of working memory to aim at; None for what suits the device.
        watcher: Told of progress and of what gets lost.

    Raises:
        StvsrError: If the source cannot be read or has transparency, or the output cannot be written.
    """
    stopwatch = Stopwatch(source, output)
    info = check_files(source, output)
    check_content(info, watcher, interlaced=reduction.interlaced)
    model, step = reduction.model, reduction.model.scale.steps[0]
    seen = look_through(source, reduction.cuts, watcher, reduction.interlaced)
    times, last, cuts = seen.times, seen.stay, seen.cuts
    usual, end = last == 1 / info.rate, times[-1] + last
    _, height, width = model.scale.low_size((len(times), info.height, info.width))
    computation = Downsampling(model, budget, reduction.finish)
    shots = find_shots(len(times), cuts, computation.output)
    rate = (info.rate / step).limit_denominator(1_000_000)
    tick = common_tick(times)
    try:
        low_times = on_ticks([time for shot in shots for time in times[shot.start : shot.stop : step]], tick)
    except StvsrError as error:
        raise StvsrError(f"{source}: {error}") from error
    record = reduction.record(info, cuts).with_times(times, None if usual else last)
    in_rgb = stores_rgb((reduction.encoder or default_encoder()).pixel_format)
    target = Target(
        path=output,
        width=width,
        height=height,
        rate=rate,
        times=low_times,
        tick=tick,
        end=None if usual and end <= low_times[-1] + 1 / rate else end,
        encoder=reduction.encoder,
        metadata=reduction.metadata | {record.tag.lower(): record.to_json()},
        colour=closest_writable(info.colour, height),
        sample_aspect=info.sample_aspect,
        drop=reduction.drop,
        mastering=None if in_rgb else info.mastering,  # which the record keeps all the same
    )
    size, options = (info.height, info.width), {"budget": budget}
    work = Work(source, len(times), size, computation, shots, options, reduction.interlaced)
    watcher.begin(len(times))
    waits = transfer(work, target, watcher, lambda done: min(done * step, len(times)))
    return stopwatch.outcome(len(low_times), width, height, rate, waits)
