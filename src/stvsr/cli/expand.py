"""`stvsr expand`: the large video again, out of what `stvsr shrink` made."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stvsr.cli.batch import Sources, find_files, run_batch
from stvsr.cli.options import BatchOptions, CarriedOptions, ClusterOptions, EncodingOptions, job_options
from stvsr.cli.parameters import GivenPath, ModelName

if TYPE_CHECKING:
    import torch

    from stvsr.cli.batch import Plan


def expand(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    model: ModelName = None,
    encoding: EncodingOptions = EncodingOptions(),
    carried: CarriedOptions = CarriedOptions(),
    compute: ClusterOptions = ClusterOptions(),
    batch: BatchOptions = BatchOptions(),
) -> None:
    """Make a video that `stvsr shrink` made large again: its size, frames, rate, times and sound.

    The model is the one that shrank it, found by its name in the file's metadata.

    Args:
        sources: Videos made by `stvsr shrink`, folders of them or patterns such as 'small/**/*.mkv'.
        output: The large video, .mkv, .mp4, .mov or .webm; without such an ending, a folder for the new ones.
        model: A bundled name, a model folder or a hub id, instead of the recorded one.
        encoding: How the large video is stored.
        carried: What goes along.
        compute: Where to compute.
        batch: Which files are made.
    """
    from stvsr.jobs.records import find_record

    options = job_options(encoding, carried, compute, batch)

    def prepare(device: torch.device) -> Plan:
        from stvsr.jobs.expand import plan_expand

        return partial(plan_expand, model=model, device=device, options=options)

    run_batch("expand", find_files(sources, output, options.chosen(), batch), prepare, batch, compute, find_record)
