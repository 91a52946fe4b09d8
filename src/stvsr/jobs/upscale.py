"""Making a video sharper, larger and smoother: a general model applied to any file.

    low frame i      |<- t_i .................... t_(i+1) ->|        shown
                     [open shutter, exposure]                        sees these instants
    high frames      | i*r    | i*r + 1 | ...  | i*r + r-1 |        shown, r = time

The r high frames of low frame i share out the time for which it was shown, so a video's rate may vary, no frame is
dropped or repeated, and sound stays in step. The shutter opens when the frame is shown; that is the phase convention
of `stvsr.physics`, where low sample i of a full exposure covers high samples ``r*i .. r*i + r-1``, centred on its span.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median

from stvsr.engine.cluster import Cluster
from stvsr.engine.job import Outcome, Stopwatch, Target, Work
from stvsr.engine.progress import Watcher
from stvsr.engine.run import transfer
from stvsr.engine.times import common_tick, on_ticks
from stvsr.engine.upsampling import Upsampling
from stvsr.engine.windows import Shot, find_shots
from stvsr.errors import StvsrError
from stvsr.jobs.degraded import DegradeRecord
from stvsr.jobs.records import DEGRADE_TAG, SHRINK_TAG
from stvsr.jobs.source import check_content, check_files, look_through
from stvsr.models.contract import Restorer
from stvsr.video.colour import closest_writable, depth_of
from stvsr.video.cuts import USUAL_THRESHOLD
from stvsr.video.deinterlace import Interlaced
from stvsr.video.encoders import Encoder
from stvsr.video.encoders import encoder as default_encoder
from stvsr.video.info import VideoInfo

# Numerators and denominators of a header's rate must fit into 31 bits.
_LARGEST_DENOMINATOR = 100_000
# Of the shortest of the other frames'. Some files say a millisecond or less for the last one, which nobody meant.
_SHORTEST_STAY = Fraction(1, 2)
_DEEPER = "; add --pixel-format yuv420p10le to keep 10"


def upscale_file(
    source: str | Path,
    output: str | Path,
    model: Restorer,
    *,
    original: DegradeRecord | None = None,
    encoder: Encoder | None = None,
    budget: int | None = None,
    cuts: float | None = USUAL_THRESHOLD,
    drop: Collection[str] = (),
    interlaced: Interlaced = "refuse",
    watcher: Watcher | None = None,
    cluster: Cluster | None = None,
) -> Outcome:
    """Write the high video of ``source``.

    Args:
        source: Any video file; what is deeper than 8 bits stays so if the encoder's pixel format is.
        output: The high video; audio and subtitles are copied.
        model: Whose `upsample` is applied, such as ``stvsr.load("davsr-compact").bind(degradation)``.
        original: What the source is known to have been made from, for the size, number and times of the frames;
            None for ``scale`` times those of the source.
        encoder: From `stvsr.video.encoders.encoder`; H.264 if None.
        budget: Bytes of working memory to aim at; None for what suits the device.
        cuts: From which score on a change is a scene cut, which nothing reaches across; None for no cuts.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        interlaced: What to do with frames of two fields; see `stvsr.video.deinterlace.Interlaced`.
        watcher: Told of progress and of what gets lost.
        cluster: Where to compute; this process if None.

    Raises:
        StvsrError: If the source cannot be read or has transparency, or the output cannot be written.
    """

    def prepare(low: Low) -> Restoration:
        if original is None:
            factor = model.scale.steps[0]
            times = spread(low.shown, low.end, factor)
            target = target_at(low, Path(output), times, low.info.rate * factor, model.scale.height, encoder)
        else:
            target = _again(Path(source), Path(output), original, encoder)
        computation = Upsampling(model, (target.height, target.width), budget)
        shots = find_shots(len(low.shown), low.cuts, computation.output, len(target.times))
        return Restoration(target, computation, shots)

    return restore_file(
        source,
        output,
        prepare,
        encoder=encoder,
        cuts=cuts,
        drop=drop,
        interlaced=interlaced,
        watcher=watcher,
        cluster=cluster,
    )


@dataclass(frozen=True)
class Low:
    """A video to be restored.

    Attributes:
        info: What it is.
        shown: When its frames are shown, in seconds.
        end: When the last one stops being shown.
        cuts: Numbers of the frames that begin a new shot.
    """

    info: VideoInfo
    shown: list[Fraction]
    end: Fraction
    cuts: list[int]


@dataclass(frozen=True)
class Restoration:
    """What is to become of a video, and how."""

    target: Target
    computation: Upsampling
    shots: list[Shot]


def restore_file(
    source: str | Path,
    output: str | Path,
    prepare: Callable[[Low], Restoration],
    *,
    encoder: Encoder | None = None,
    cuts: float | None = USUAL_THRESHOLD,
    drop: Collection[str] = (),
    interlaced: Interlaced = "refuse",
    watcher: Watcher | None = None,
    cluster: Cluster | None = None,
) -> Outcome:
    """Write what is made of ``source``: the job of `upscale_file`, for any frames that are due.

    Args:
        source: Any video file.
        output: The new one; audio and subtitles are copied.
        prepare: Says what is to be made; called once.
        encoder: As of `upscale_file`.
        cuts: As of `upscale_file`.
        drop: As of `upscale_file`.
        interlaced: As of `upscale_file`.
        watcher: Told of progress and of what gets lost.
        cluster: Where to compute; this process if None.
    """
    source, output, watcher = Path(source), Path(output), watcher or Watcher()
    stopwatch = Stopwatch(source, output)
    info = check_files(source, output)
    depth = min(depth_of(info.pixel_format), depth_of((encoder or default_encoder()).pixel_format))
    check_content(info, watcher, depth, interlaced, _DEEPER)
    seen = look_through(source, cuts, watcher, interlaced)
    shown = seen.times
    low = Low(info, shown, _end(info, shown, seen.stay), seen.cuts)
    made = prepare(low)
    mastering = made.target.mastering or info.mastering
    target = replace(made.target, drop=drop, depth=depth, mastering=mastering)
    frames = len(target.times)
    options = {"budget": made.computation.budget}
    size = info.height, info.width
    work = Work(source, len(shown), size, made.computation, made.shots, options, interlaced)
    watcher.begin(frames)
    waits = transfer(work, target, watcher, cluster=cluster)
    return stopwatch.outcome(frames, target.width, target.height, target.rate, waits)


def spread(times: list[Fraction], end: Fraction, factor: int) -> list[Fraction]:
    """Return when the high frames are shown: ``factor`` for each low frame, evenly over the time that it was shown.

    Args:
        times: When the low frames are shown, in seconds, increasing.
        end: When the last one stops being shown.
        factor: High frames per low frame.
    """
    spans = pairwise([*times, end])
    return [start + (stop - start) * j / factor for start, stop in spans for j in range(factor)]


def target_at(
    low: Low, output: Path, times: list[Fraction], rate: Fraction, space: int, encoder: Encoder | None
) -> Target:
    """Return the target with frames at ``times``, ``space`` times as wide and high, that ends when ``low`` ends.

    Raises:
        StvsrError: If no container can hold these times.
    """
    tick = common_tick([*times, low.end])
    try:
        times = on_ticks(times, tick)
    except StvsrError as error:
        raise StvsrError(f"{low.info.path}: {error}") from error
    height = low.info.height * space
    return Target(
        path=output,
        width=low.info.width * space,
        height=height,
        rate=rate.limit_denominator(_LARGEST_DENOMINATOR),
        times=times,
        tick=tick,
        end=low.end,
        encoder=encoder,
        metadata=_NO_RECORDS,
        colour=closest_writable(low.info.colour, height),
        sample_aspect=low.info.sample_aspect,
    )


def _end(info: VideoInfo, shown: list[Fraction], stay: Fraction) -> Fraction:
    """Return when the last frame stops being shown."""
    stays = [later - earlier for earlier, later in pairwise(shown)] or [1 / info.rate]
    return shown[-1] + (stay if stay >= _SHORTEST_STAY * min(stays) else median(stays))


def _again(source: Path, output: Path, original: DegradeRecord, encoder: Encoder | None) -> Target:
    """The target that has the original's size and times."""
    times, last = original.times_after(source), original.last_stay()
    return Target(
        path=output,
        width=original.width,
        height=original.height,
        rate=original.rate,
        times=times,
        tick=common_tick(times),
        end=None if last is None else times[-1] + last,
        encoder=encoder,
        metadata=_NO_RECORDS,
        colour=original.colour(),
        mastering=original.mastering(),
        sample_aspect=original.sample_aspect,
    )


_NO_RECORDS = {DEGRADE_TAG.lower(): "", SHRINK_TAG.lower(): ""}
