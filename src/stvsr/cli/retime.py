"""`stvsr retime`: any video at any other rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stvsr.cli.batch import PLAIN, BatchOptions, Sources
from stvsr.cli.carried import EVERYTHING, CarriedOptions
from stvsr.cli.degradation import DegradationOptions
from stvsr.cli.parameters import GivenPath, Whole
from stvsr.cli.restoring import USUAL, Command, RestoringOptions, Tools, choose_general, restore
from stvsr.errors import StvsrError
from stvsr.models.zoo import DEFAULT_RESTORER, Entry, choose, find

if TYPE_CHECKING:
    from stvsr.engine.job import Outcome
    from stvsr.jobs.batch import Task

DEFAULTS = {"space": 1}
BLURRED = f"for frames that motion blurred, say --exposure, or --model {DEFAULT_RESTORER}"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RetimedOptions(DegradationOptions):
    """How the source came about, and how finely it is divided.

    Attributes:
        time: Finer frames to make of each frame, 1 to 16, from which the new ones are taken. If not given, as few as
            have all new frames among them, or 8 if that would take more than 8.
        space: Also find so many pixels in width and height for each one, 1 to 16. 1 if not given.
    """

    time: Whole = None
    space: Whole = None


def retime(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    fps: str | None = None,
    ratio: Annotated[str | None, Parameter(name="--rate")] = None,
    how: RetimedOptions = RetimedOptions(),
    options: RestoringOptions = USUAL,
    batch: BatchOptions = PLAIN,
    carried: CarriedOptions = EVERYTHING,
    quiet: bool = False,
) -> None:
    """Change the frame rate of any video to any other.

    Every new frame is made for its exact time, of the two frames around it; one at the time of a source's frame is that
    frame. Frames that motion blurred, or that should also be larger or cleaner, are restored first: with --exposure,
    --time, --space, --blur or --noise, a general model divides them into finer ones, and the new ones are those at the
    right instants, or mixed of the two around one where none lies there. No frame is dropped or repeated. The source's
    rate may vary; the new one is constant. Begin and end stay, sound, subtitles and chapters are copied, and nothing is
    mixed across a scene cut.

    A lower rate takes the frames at its times; no motion blur is added.

    Args:
        sources: Any video files, folders of them or patterns such as 'clips/**/*.mp4'.
        output: The new video, .mkv, .mp4, .mov or .webm; without such an ending, a folder for the new ones.
        fps: The new rate in frames a second: 24, 24000/1001 or, meaning the same, 23.976.
        ratio: Instead, what to multiply the source's rate by: 6/5 turns 20 frames a second into 24.
        how: How the source came about.
        options: How it is restored and stored.
        batch: Which files are made.
        carried: What goes along.
        quiet: Show no progress and no summary.
    """
    from stvsr.jobs.rate import Rate

    rate = Rate.parse(fps, ratio)
    plain = not (how.given() or options.model or options.iterations)

    def make(task: Task, tools: Tools) -> Outcome:
        from stvsr.jobs.degraded import notice_shrunk
        from stvsr.jobs.retime import retime_file
        from stvsr.models.contract import Interpolator
        from stvsr.video.info import probe

        notice_shrunk(probe(task.source), tools.progress)
        if plain and isinstance(tools.network, Interpolator):
            tools.progress.notice(f"{tools.network.name} makes what is between frames; {BLURRED}")
        return retime_file(
            task.source,
            task.output,
            tools.network,
            rate,
            tools.usual.but(**how.given()),
            factor=how.time,
            iterations=options.iterations,
            **tools.common,
        )

    def chosen(model: str | None) -> Entry:
        entry = find(model) if model else (_between_frames() if plain else None)
        if entry is None or entry.task != "interpolate":
            return choose_general(model)
        for name in [*how.given(), *(["iterations"] if options.iterations else [])]:
            raise StvsrError(f"--{name}: {entry.name} only makes frames between frames; leave out one of the two")
        return entry

    restore(Command("retime", sources, output, how, options, batch, carried, quiet), make, DEFAULTS, chosen)


def _between_frames() -> Entry | None:
    """Return the bundled model that makes frames between frames for any rate, if one is installed."""
    try:
        return choose("interpolate")
    except StvsrError:
        return None
