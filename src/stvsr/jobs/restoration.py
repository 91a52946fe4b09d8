"""Any video through a model: what sharpening, enlarging and retiming have in common.

    low frame i      |<- t_i .................... t_(i+1) ->|        shown
                     [open shutter, exposure]                        sees these instants
    high frames      | i*r    | i*r + 1 | ...  | i*r + r-1 |        shown, r = time

The r high frames of low frame i share out the time for which it was shown, so a video's rate may vary, no frame is
dropped or repeated, and sound stays in step. The shutter opens when the frame is shown; that is the phase convention
of `stvsr.physics`, where low sample i of a full exposure covers high samples ``r*i .. r*i + r-1``, centred on its span.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from stvsr.engine.endpoints import Target
from stvsr.engine.job import Job
from stvsr.engine.progress import Progress
from stvsr.engine.times import common_tick, on_ticks
from stvsr.engine.upsampling import Upsampling
from stvsr.engine.windows import find_shots
from stvsr.errors import StvsrError
from stvsr.jobs.degraded import DegradeRecord
from stvsr.jobs.options import JobOptions
from stvsr.jobs.plan import File
from stvsr.jobs.records import DEGRADE_TAG, SHRINK_TAG
from stvsr.jobs.source import SourceTimeline, read_timeline
from stvsr.models.contract import Restorer
from stvsr.video.colour import closest_writable

# Numerators and denominators of a header's rate must fit into 31 bits.
_LARGEST_DENOMINATOR = 100_000
_NO_RECORDS = {DEGRADE_TAG.lower(): "", SHRINK_TAG.lower(): ""}


def plan_restoration(
    source: File,
    target: File,
    model: Restorer,
    original: DegradeRecord | None = None,
    options: JobOptions | None = None,
    progress: Progress | None = None,
) -> Job:
    """Plan the high video of any video.

    Args:
        source: Any video file; what is deeper than 8 bits stays so if the encoder's pixel format is.
        target: The high video; audio and subtitles are copied.
        model: The restorer for what happened to it, whose `upsample` is applied.
        original: What the source is known to have been made from, for the size, number and times of the frames;
            None for ``scale`` times those of the source.
        options: How the video is read, computed and stored.
        progress: Told what gets lost.

    Raises:
        StvsrError: If the source cannot be read or has transparency, or the target cannot be written.
    """
    options = options or JobOptions()
    timeline = read_timeline(Path(source), Path(target), options, progress or Progress())
    if original is None:
        factor = model.scale.steps[0]
        pts, rate = spread(timeline.pts, timeline.end, factor), timeline.info.rate * factor
        high = target_at(timeline, Path(target), pts, rate, model.scale.height, options)
    else:
        high = _target_again(timeline, Path(target), original, options)
    computation = Upsampling(model, (high.height, high.width), options.budget)
    shots = find_shots(len(timeline.pts), timeline.cuts, computation.output, len(high.pts))
    return Job(timeline.source, high, computation, shots)


def spread(pts: list[Fraction], end: Fraction, factor: int) -> list[Fraction]:
    """Return when the high frames are shown: ``factor`` for each low frame, evenly over the time that it was shown.

    Args:
        pts: When the low frames are shown, in seconds, increasing.
        end: When the last one stops being shown.
        factor: High frames per low frame.
    """
    spans = pairwise([*pts, end])
    return [start + (stop - start) * j / factor for start, stop in spans for j in range(factor)]


def target_at(
    timeline: SourceTimeline, path: Path, pts: list[Fraction], rate: Fraction, space: int, options: JobOptions
) -> Target:
    """Return the target with frames at ``pts``, ``space`` times as wide and high, that ends when the source ends.

    Raises:
        StvsrError: If no container can hold these times.
    """
    info, tick = timeline.info, common_tick([*pts, timeline.end])
    try:
        pts = on_ticks(pts, tick)
    except StvsrError as error:
        raise StvsrError(f"{info.path}: {error}") from error
    return Target(
        path=path,
        width=info.width * space,
        height=info.height * space,
        rate=rate.limit_denominator(_LARGEST_DENOMINATOR),
        pts=pts,
        tick=tick,
        end=timeline.end,
        encoder=options.chosen(),
        metadata=_NO_RECORDS,
        colour=closest_writable(info.colour, info.height * space),
        mastering=info.mastering,
        sample_aspect=info.sample_aspect,
        drop=options.drop,
        depth=timeline.depth,
        overwrite=options.overwrite,
    )


def _target_again(timeline: SourceTimeline, path: Path, original: DegradeRecord, options: JobOptions) -> Target:
    """Return the target that has the original's size and times."""
    pts, last = original.times_after(timeline.info.path), original.last_duration()
    return Target(
        path=path,
        width=original.width,
        height=original.height,
        rate=original.rate,
        pts=pts,
        tick=common_tick(pts),
        end=None if last is None else pts[-1] + last,
        encoder=options.chosen(),
        metadata=_NO_RECORDS,
        colour=original.colour(),
        mastering=original.mastering() or timeline.info.mastering,
        sample_aspect=original.sample_aspect,
        drop=options.drop,
        depth=timeline.depth,
        overwrite=options.overwrite,
    )
