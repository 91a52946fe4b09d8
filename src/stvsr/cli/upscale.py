"""`stvsr upscale`: sharper, larger and smoother video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from stvsr.cli.batch import PLAIN, BatchOptions, Sources, process
from stvsr.cli.carried import EVERYTHING, CarriedOptions
from stvsr.cli.degradation import UNCHOSEN, DegradationOptions
from stvsr.cli.parameters import USUAL_CUTS, Cuts, ModelName, Whole

if TYPE_CHECKING:
    from stvsr.cli.batch import Job
    from stvsr.models.zoo import Entry
    from stvsr.restoration.batch import Task
    from stvsr.restoration.contract import GeneralModel
    from stvsr.restoration.job import Outcome

DEFAULT_MODEL, FAMILY = "davsr-compact", "davsr"


def upscale(
    sources: Sources,
    output: Path,
    /,
    *,
    how: DegradationOptions = UNCHOSEN,
    iterations: Whole = None,
    model: ModelName = None,
    encoder: str = "h264",
    quality: Whole = None,
    pixel_format: str | None = None,
    device: str = "auto",
    memory: str | None = None,
    cuts: Cuts = USUAL_CUTS,
    batch: BatchOptions = PLAIN,
    carried: CarriedOptions = EVERYTHING,
    quiet: bool = False,
) -> None:
    """Make any video sharper, larger and smoother.

    Say how the video came about: how many frames and pixels to find for each of its own (--time, --space), how long
    its shutter was open (--exposure), how soft (--blur) and noisy (--noise) it is. What fits that is restored, so a
    guess that is far off makes the picture worse. The defaults, 2x in time and space with a half-open shutter, suit a
    clip of a phone or camera. --time 1 or --space 1 switch that axis off; both together with a blur only sharpen,
    with noise only clean.

    Each frame's time on the screen is shared out evenly among the new ones, so the rate may vary, no frame is dropped
    or repeated, and the duration stays. Sound and subtitles are copied. Of a video made by 'stvsr degrade' the
    settings are known: options given here replace them, and with its own --time and --space the original's size,
    number and times of frames come back.

    Args:
        sources: Any video files, folders of them or patterns such as 'clips/**/*.mp4'.
        output: The new video, .mkv, .mp4, .mov or .webm; without such an ending, a folder for the new ones.
        how: How the source came about.
        iterations: Rounds of restoration, 1 to 16; more take longer. What the model was trained for if not given.
        model: A bundled name, a model folder or a hub id of the davsr family; davsr-compact if not given.
        encoder: h264, h265, av1, vp9, ffv1 (lossless) or lossless-rgb.
        quality: The encoder's constant rate factor, 0 is best; without it, visually clean.
        pixel_format: How colours are stored, such as yuv444p or yuv420p10le; without it, what plays everywhere.
        device: Where to compute: auto (CUDA where there is one), cpu or cuda.
        memory: Working memory to aim at, however long the video, such as 4GB or 500MB; if not given, a quarter of the
            machine's up to 4 GB, or most of a GPU's.
        cuts: From which score on, up to 100, a change of the picture is a scene cut, across which nothing is mixed; off
            for no cuts.
        batch: Which files are made.
        carried: What goes along.
        quiet: Show no progress and no summary.
    """
    from stvsr.restoration.job import memory_budget
    from stvsr.video.encoders import encoder as choose_encoder
    from stvsr.video.info import probe

    chosen = choose_encoder(encoder, quality, pixel_format)
    files = batch.find(sources, output, chosen)
    budget = memory_budget(memory)
    progress = batch.progress("upscale", quiet=quiet)

    def prepare() -> Job:
        from stvsr.restoration.degraded import DEFAULT, assumed, check_effect

        given = DEFAULT.but(**how.given())
        entry = choose(model)
        from stvsr.models.files import load
        from stvsr.restoration.stream import choose_device
        from stvsr.restoration.upscale import upscale_file

        network = cast("GeneralModel", load(entry.folder, choose_device(device)))
        network.bind(given, iterations)

        def job(task: Task) -> Outcome:
            degradation, original = assumed(probe(task.source), how.given(), progress)
            check_effect(degradation)
            return upscale_file(
                task.source,
                task.output,
                network.bind(degradation, iterations),
                original=original,
                encoder=chosen,
                budget=budget,
                cuts=cuts,
                drop=carried.drop,
                watcher=progress,
            )

        return job

    process(files, batch, progress, prepare, quiet=quiet)


def choose(model: str | None) -> Entry:
    """Return the model that was asked for.

    Raises:
        StvsrError: If there is none, or it cannot undo a degradation that it is told of.
    """
    from stvsr.errors import StvsrError
    from stvsr.models.zoo import find

    entry = find(model or DEFAULT_MODEL)
    if entry.family != FAMILY:
        raise StvsrError(
            f"model {entry.name} is of the family {entry.family}, which only expands what it shrank; "
            f"take one of the family {FAMILY}, such as {DEFAULT_MODEL}"
        )
    return entry
