"""`stvsr retime`: any video at any other rate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stvsr.cli.batch import Sources, find_files, run_batch
from stvsr.cli.options import (
    DEGRADATION,
    MODEL,
    BatchOptions,
    CarriedOptions,
    ClusterOptions,
    CutOptions,
    DegradationOptions,
    EncodingOptions,
    ModelOptions,
    job_options,
)
from stvsr.cli.parameters import GivenPath, ModelName, Whole

if TYPE_CHECKING:
    import torch

    from stvsr.cli.batch import Plan


@Parameter(name="*", group=DEGRADATION)
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


@Parameter(name="*", group=MODEL)
@dataclass(frozen=True, kw_only=True)
class RetimerOptions(ModelOptions):
    """The model that makes new frames.

    Attributes:
        model: A bundled name, a model folder or a hub id; if not given, the one that makes frames between frames for
            any rate (staa-6over5t1s-compact), or davsr-compact where an option asks for restoration.
    """

    model: ModelName = None


def retime(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    fps: str | None = None,
    ratio: Annotated[str | None, Parameter(name="--rate")] = None,
    degradation: RetimedOptions = RetimedOptions(),
    model: RetimerOptions = RetimerOptions(),
    source: CutOptions = CutOptions(),
    encoding: EncodingOptions = EncodingOptions(),
    carried: CarriedOptions = CarriedOptions(),
    compute: ClusterOptions = ClusterOptions(),
    batch: BatchOptions = BatchOptions(),
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
        degradation: How the source came about.
        model: What makes the new frames.
        source: How it is read.
        encoding: How the new video is stored.
        carried: What goes along.
        compute: Where to compute.
        batch: Which files are made.
    """
    from stvsr.jobs.rate import Rate

    Rate.parse(fps, ratio)  # before anything else, where mistakes show
    options, given = job_options(source, encoding, carried, compute, batch), degradation.given()

    def prepare(device: torch.device) -> Plan:
        from stvsr.jobs.retime import load_retimer, plan_retime

        name, rounds = model.model, model.iterations
        load_retimer(name, given, rounds, device)
        plan = partial(plan_retime, fps=fps, rate=ratio, options=options, **given)
        return partial(plan, model=name, iterations=rounds, device=device)

    run_batch("retime", find_files(sources, output, options.chosen(), batch), prepare, batch, compute)
