"""`stvsr upscale`: sharper, larger and smoother video."""

from __future__ import annotations

from stvsr.cli.batch import PLAIN, BatchOptions, Sources
from stvsr.cli.carried import EVERYTHING, CarriedOptions
from stvsr.cli.degradation import UNCHOSEN, DegradationOptions
from stvsr.cli.parameters import GivenPath
from stvsr.cli.restoring import USUAL, Command, RestoringOptions, upscale_with


def upscale(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    how: DegradationOptions = UNCHOSEN,
    options: RestoringOptions = USUAL,
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
        options: How it is restored and stored.
        batch: Which files are made.
        carried: What goes along.
        quiet: Show no progress and no summary.
    """
    upscale_with(Command("upscale", sources, output, how, options, batch, carried, quiet), {})
