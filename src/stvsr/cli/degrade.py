"""`stvsr degrade`: the low video that `stvsr upscale` is to restore, out of a high one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stvsr.cli.batch import PLAIN, BatchOptions, Sources, process
from stvsr.cli.carried import EVERYTHING, CarriedOptions
from stvsr.cli.degradation import UNCHOSEN, DegradationOptions
from stvsr.cli.parameters import GivenPath, Interlaced, Whole

if TYPE_CHECKING:
    from stvsr.cli.batch import Job


def degrade(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    how: DegradationOptions = UNCHOSEN,
    seed: Whole = 0,
    encoder: str = "h264",
    quality: Whole = None,
    pixel_format: str | None = None,
    device: str = "auto",
    memory: str | None = None,
    interlaced: Interlaced = "refuse",
    batch: BatchOptions = PLAIN,
    carried: CarriedOptions = EVERYTHING,
    quiet: bool = False,
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
        how: What happens to it.
        seed: Of the noise; the same seed gives the same video.
        encoder: h264, h265, av1, vp9, ffv1 (lossless) or lossless-rgb.
        quality: The encoder's constant rate factor, 0 is best; without it, visually clean.
        pixel_format: How colours are stored, such as yuv444p or yuv420p10le; without it, what plays everywhere.
        device: Where to compute: auto (CUDA where there is one), cpu or cuda.
        memory: Working memory to aim at, however long the video, such as 4GB or 500MB; if not given, a quarter of the
            machine's up to 4 GB, or most of a GPU's.
        interlaced: What to do with a video whose frames are two fields: refuse it, deinterlace it (FFmpeg's bwdif, one
            picture per frame), or keep its frames as they are.
        batch: Which files are made.
        carried: What goes along.
        quiet: Show no progress and no summary.
    """
    from stvsr.text import memory_budget
    from stvsr.video.encoders import encoder as choose_encoder

    chosen = choose_encoder(encoder, quality, pixel_format)
    files = batch.find(sources, output, chosen)
    budget = memory_budget(memory)
    progress = batch.progress("degrade", quiet=quiet)

    def prepare() -> Job:
        from stvsr.device import choose_device
        from stvsr.jobs.degrade import degrade_file
        from stvsr.physics.degradation import DEFAULT

        degradation, where = DEFAULT.but(**how.given()), choose_device(device)
        return lambda task: degrade_file(
            task.source,
            task.output,
            degradation,
            seed=seed or 0,
            encoder=chosen,
            device=where,
            budget=budget,
            drop=carried.drop,
            interlaced=interlaced,
            progress=progress,
        )

    process(files, batch, progress, prepare, quiet=quiet)
