"""`stvsr degrade`: the low video that `stvsr upscale` is to restore, out of a high one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stvsr.cli.batch import Sources, find_files, run_batch
from stvsr.cli.options import (
    BatchOptions,
    CarriedOptions,
    ComputeOptions,
    DegradationOptions,
    EncodingOptions,
    SourceOptions,
    job_options,
)
from stvsr.cli.parameters import GivenPath, Whole

if TYPE_CHECKING:
    import torch

    from stvsr.cli.batch import Plan


def degrade(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    degradation: DegradationOptions = DegradationOptions(),
    seed: Whole = 0,
    source: SourceOptions = SourceOptions(),
    encoding: EncodingOptions = EncodingOptions(),
    carried: CarriedOptions = CarriedOptions(),
    compute: ComputeOptions = ComputeOptions(),
    batch: BatchOptions = BatchOptions(),
) -> None:
    """Make the low video of a high one, to try on your own material what 'stvsr upscale' restores.

    The frames are blurred by an open shutter and in space, thinned out to one of --time frames and one of --space
    pixels, made noisy and rounded to 8 bits. A low frame is shown when the first of its high frames was. Sound and
    subtitles are copied. The settings and the original's size and frame times are kept in the metadata, where
    'stvsr upscale' finds them.

    The default encoder is visually clean, but no more: for exactly the values that the settings give, take
    --encoder ffv1 or --encoder lossless-rgb.

    Args:
        sources: Any video files, the sharper the better, folders of them or patterns such as 'clips/**/*.mp4'.
        output: The low video, .mkv, .mp4, .mov or .webm; without such an ending, a folder for the new ones.
        degradation: What happens to it.
        seed: The noise's seed; the same one gives the same video.
        source: How the source is read.
        encoding: How the low video is stored.
        carried: What goes along.
        compute: Where to compute.
        batch: Which files are made.
    """
    options, given = job_options(source, encoding, carried, compute, batch), degradation.given()

    def prepare(device: torch.device) -> Plan:
        from stvsr.jobs.degrade import make_degrader, plan_degrade
        from stvsr.physics.degradation import DEFAULT

        make_degrader(DEFAULT.but(**given), seed or 0, device)
        return partial(plan_degrade, seed=seed or 0, device=device, options=options, **given)

    run_batch("degrade", find_files(sources, output, options.chosen(), batch), prepare, batch, compute)
