"""`stvsr degrade`: the low video that `stvsr upscale` is to restore, out of a high one."""

from __future__ import annotations

from pathlib import Path

from stvsr.cli.degradation import UNCHOSEN, DegradationOptions
from stvsr.cli.parameters import Whole


def degrade(
    source: Path,
    output: Path,
    /,
    *,
    how: DegradationOptions = UNCHOSEN,
    seed: Whole = 0,
    encoder: str = "h264",
    quality: Whole = None,
    pixel_format: str | None = None,
    device: str = "auto",
    memory: float | None = None,
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
        source: Any video file, the sharper the better.
        output: The low video, .mkv, .mp4, .mov or .webm.
        how: What happens to it.
        seed: Of the noise; the same seed gives the same video.
        encoder: h264, h265, av1, vp9, ffv1 (lossless) or lossless-rgb.
        quality: The encoder's constant rate factor, 0 is best; without it, visually clean.
        pixel_format: How colours are stored, such as yuv444p or yuv420p10le; without it, what plays everywhere.
        device: Where to compute: auto (CUDA where there is one), cpu or cuda.
        memory: Gigabytes of working memory to aim at, however long the video; if not given, a quarter of the
            machine's up to 4, or most of a GPU's.
        quiet: Show no progress and no summary.
    """
    from stvsr.cli.progress import ShownProgress
    from stvsr.restoration.job import check_files, memory_budget
    from stvsr.video.encoders import encoder as choose_encoder

    chosen = choose_encoder(encoder, quality, pixel_format)
    check_files(source, output)
    budget = memory_budget(memory)
    with ShownProgress("degrade", quiet=quiet) as progress:
        from stvsr.restoration.degrade import degrade_file
        from stvsr.restoration.degraded import DEFAULT
        from stvsr.restoration.stream import choose_device

        outcome = degrade_file(
            source,
            output,
            DEFAULT.but(**how.given()),
            seed=seed or 0,
            encoder=chosen,
            device=choose_device(device),
            budget=budget,
            watcher=progress,
        )
    if not quiet:
        print(outcome)
