"""`stvsr upscale`: sharper, larger and smoother video."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stvsr.cli.batch import Sources, find_files, run_batch
from stvsr.cli.options import (
    BatchOptions,
    CarriedOptions,
    ClusterOptions,
    CutOptions,
    EncodingOptions,
    ModelOptions,
    UpscaledOptions,
    job_options,
)
from stvsr.cli.parameters import GivenPath

if TYPE_CHECKING:
    import torch

    from stvsr.cli.batch import Plan


def upscale(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    degradation: UpscaledOptions = UpscaledOptions(),
    model: ModelOptions = ModelOptions(),
    source: CutOptions = CutOptions(),
    encoding: EncodingOptions = EncodingOptions(),
    carried: CarriedOptions = CarriedOptions(),
    compute: ClusterOptions = ClusterOptions(),
    batch: BatchOptions = BatchOptions(),
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
        degradation: How the source came about.
        model: What restores it.
        source: How it is read.
        encoding: How the new video is stored.
        carried: What goes along.
        compute: Where to compute.
        batch: Which files are made.
    """
    options, given = job_options(source, encoding, carried, compute, batch), degradation.given()

    def prepare(device: torch.device) -> Plan:
        from stvsr.jobs.degraded import without_estimates
        from stvsr.jobs.networks import default_degradation, load_restorer
        from stvsr.jobs.upscale import plan_upscale

        name, rounds = model.model, model.iterations
        load_restorer(name, default_degradation(name, {}).but(**without_estimates(given)), rounds, device)
        return partial(plan_upscale, model=name, iterations=rounds, device=device, options=options, **given)

    run_batch("upscale", find_files(sources, output, options.chosen(), batch), prepare, batch, compute)
