"""`stvsr shrink`: a small video out of a large one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stvsr.cli.batch import Sources, find_files, run_batch
from stvsr.cli.options import ENCODING, BatchOptions, CarriedOptions, ComputeOptions, CutOptions, job_options
from stvsr.cli.parameters import Bitrate, GivenPath, ModelName, Whole

if TYPE_CHECKING:
    import torch

    from stvsr.cli.batch import Plan


@Parameter(name="*", group=ENCODING)
@dataclass(frozen=True, kw_only=True)
class StorageOptions:
    """How the small video is stored.

    Attributes:
        encoder: lossless-rgb, ffv1 (lossless), h264, h265, av1 or vp9; lossless-rgb if not given, with --quality or
            --bitrate h265.
        quality: The encoder's constant rate factor, 0 is best.
        bitrate: Bits per second to keep to on average, such as 500k or 1.5M, instead of --quality.
        pixel_format: How colours are stored, such as yuv444p; without it, the encoder's usual one.
    """

    encoder: Annotated[str | None, Parameter(alias="--codec")] = None
    quality: Annotated[Whole, Parameter(alias="--crf")] = None
    bitrate: Bitrate = None
    pixel_format: str | None = None


def shrink(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    time: Whole = None,
    space: Whole = None,
    model: ModelName = None,
    storage: StorageOptions = StorageOptions(),
    source: CutOptions = CutOptions(),
    carried: CarriedOptions = CarriedOptions(),
    compute: ComputeOptions = ComputeOptions(),
    batch: BatchOptions = BatchOptions(),
) -> None:
    """Make a small, playable video that `stvsr expand` makes large again.

    The small video has fewer and smaller frames. A filter that was trained together with the network that expands
    them mixes neighbouring instants into the three colours, each at another moment, so motion survives as fringes of
    colour. Usual video formats (4:2:0) store colour at a quarter of the resolution, which would destroy exactly
    that. The output is therefore lossless RGB (H.264 with RGB planes): every 8-bit value comes back. Do not convert
    it. All else in the file is copied; the original's size, frame times and the filter are kept in its metadata.

    With --quality or --bitrate a usual, lossy codec stores the small video, in a small fraction of the bits; for that
    there are models trained with such a codec, whose colours share one instant (docs/storage.md).

    Args:
        sources: Any video files, folders of them or patterns such as 'clips/**/*.mp4'.
        output: The small video, .mkv, .mp4 or .mov; without such an ending, a folder for the new ones.
        time: Keep one of so many frames; 2 if not given, with a lossy codec 1.
        space: Reduce width and height by this factor; 4 if not given, with a lossy codec 2, or 1 where time is given.
        model: A bundled name, a model folder or a hub id, instead of --time and --space.
        storage: How the small video is stored.
        source: How the source is read.
        carried: What goes along.
        compute: Where to compute.
        batch: Which files are made.
    """
    options = job_options(storage, source, carried, compute, batch)
    encoder = options.chosen_small()

    def prepare(device: torch.device) -> Plan:
        from stvsr.jobs.records import describe_coding
        from stvsr.jobs.shrink import find_shrinker, plan_shrink

        find_shrinker(model, time, space, lossy=bool(describe_coding(encoder)))
        return partial(plan_shrink, model=model, time=time, space=space, device=device, options=options)

    run_batch("shrink", find_files(sources, output, encoder, batch), prepare, batch, compute)
