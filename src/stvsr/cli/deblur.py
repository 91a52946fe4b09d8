"""`stvsr deblur`: sharp frames from blurred ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

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


@Parameter(name="*", group=MODEL)
@dataclass(frozen=True, kw_only=True)
class DeblurrerOptions(ModelOptions):
    """The model that makes sharp frames.

    Attributes:
        model: A bundled name, a model folder or a hub id, of the davsr family or with -blurred in its name; if not
            given, the one that ships for --time and --space and nothing but motion blur, else davsr-compact.
    """

    model: ModelName = None


def deblur(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    degradation: BlurredOptions = BlurredOptions(),
    model: DeblurrerOptions = DeblurrerOptions(),
    source: CutOptions = CutOptions(),
    encoding: EncodingOptions = EncodingOptions(),
    carried: CarriedOptions = CarriedOptions(),
    compute: ClusterOptions = ClusterOptions(),
    batch: BatchOptions = BatchOptions(),
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
        from stvsr.jobs.deblur import DEFAULTS, choose_deblurrer, plan_deblur
        from stvsr.jobs.networks import default_degradation, load_restorer

        name, rounds = model.model, model.iterations
        blurred = default_degradation(name, DEFAULTS).but(**given)
        load_restorer(choose_deblurrer(name, rounds, blurred), blurred, rounds, device)
        return partial(plan_deblur, model=name, iterations=rounds, device=device, options=options, **given)

    run_batch("deblur", find_files(sources, output, options.chosen(), batch), prepare, batch, compute)
