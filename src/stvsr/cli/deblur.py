"""`stvsr deblur`: sharp frames from blurred ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cyclopts import Parameter

from stvsr.cli.batch import PLAIN, BatchOptions, Sources
from stvsr.cli.carried import EVERYTHING, CarriedOptions
from stvsr.cli.degradation import DegradationOptions
from stvsr.cli.parameters import GivenPath, Whole
from stvsr.cli.restoring import USUAL, Command, RestoringOptions, Tools, upscale_with
from stvsr.errors import StvsrError

if TYPE_CHECKING:
    import torch

    from stvsr.models.contract import ConditionalModel, Restorer
    from stvsr.physics.degradation import Degradation

DEFAULTS = {"time": 5, "space": 1, "exposure": 1.0}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class BlurredOptions(DegradationOptions):
    """How the blurred video came about.

    Attributes:
        time: Sharp frames to find for each blurred one, 2 to 16. 5 if not given.
        space: Also find so many pixels in width and height for each one, 1 to 16. 1 if not given.
        exposure: The share of a frame's duration for which the shutter is open, above 0 and at most 1: exposure time x
            frame rate. To guess it, stop at fast motion: it is the length of the smear over the way to the next frame.
            1 if not given, open throughout.
    """

    time: Whole = None
    space: Whole = None
    exposure: float | None = None


def deblur(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    how: BlurredOptions = BlurredOptions(),
    options: RestoringOptions = USUAL,
    batch: BatchOptions = PLAIN,
    carried: CarriedOptions = EVERYTHING,
    quiet: bool = False,
) -> None:
    """Make sharp frames from frames that motion blurred, several for each.

    What 'stvsr upscale' does, for a camera whose shutter is open for most of the time: a blurred frame is the mean of
    the sharp ones that are to be found, --time of them, at the same size. Tell --exposure if the shutter is not open
    throughout. To have the old number of frames again, take 'stvsr retime --rate 1 --time 5'.

    Where a model ships that does nothing else, as staa-5t1s-blurred-compact for five frames of the same size, that is
    taken, unless --model, --iterations, --blur or --noise ask for more.

    Args:
        sources: Any video files, folders of them or patterns such as 'clips/**/*.mp4'.
        output: The new video, .mkv, .mp4, .mov or .webm; without such an ending, a folder for the new ones.
        how: How the source came about.
        options: How it is restored and stored.
        batch: Which files are made.
        carried: What goes along.
        quiet: Show no progress and no summary.
    """
    plain = options.model is None and options.iterations is None
    command = Command("deblur", sources, output, how, options, batch, carried, quiet)
    upscale_with(command, DEFAULTS, _made_for if plain else None)


def _made_for(tools: Tools, degradation: Degradation) -> Restorer | None:
    """Return the model that ships for sharp frames at these factors, if one does and there is nothing else to undo."""
    from stvsr.models.zoo import DEFAULT_RESTORER, choose

    try:
        entry = choose("deblur", degradation.scale, degradation.to_dict())
    except StvsrError:
        return None
    if entry.task != "deblur":
        return None
    tools.progress.notice(f"{entry.name} is made for {entry.scale}; --model {DEFAULT_RESTORER} is the general one")
    return _loaded(entry.folder, tools.device).bind(degradation)


@cache
def _loaded(folder: Path, device: torch.device) -> ConditionalModel:
    """Return the model of a folder, the same for all files of a job."""
    from stvsr.models.checkpoint import load

    return cast("ConditionalModel", load(folder, device))
