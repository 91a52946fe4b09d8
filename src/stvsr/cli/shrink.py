"""`stvsr shrink`: a small video out of a large one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stvsr.cli.batch import PLAIN, BatchOptions, Sources, process
from stvsr.cli.carried import EVERYTHING, CarriedOptions
from stvsr.cli.parameters import USUAL_CUTS, Cuts, ModelName, Whole

if TYPE_CHECKING:
    from stvsr.cli.batch import Job
    from stvsr.models.zoo import Entry

DEFAULT_TIME, DEFAULT_SPACE = 2, 4


def shrink(
    sources: Sources,
    output: Path,
    /,
    *,
    time: Whole = None,
    space: Whole = None,
    model: ModelName = None,
    device: str = "auto",
    memory: str | None = None,
    cuts: Cuts = USUAL_CUTS,
    batch: BatchOptions = PLAIN,
    carried: CarriedOptions = EVERYTHING,
    quiet: bool = False,
) -> None:
    """Make a small, playable video that `stvsr expand` makes large again.

    The small video has fewer and smaller frames. A filter that was trained together with the network that expands
    them mixes neighbouring instants into the three colours, each at another moment, so motion survives as fringes of
    colour. Usual video formats (4:2:0) store colour at a quarter of the resolution, which would destroy exactly
    that. The output is therefore lossless RGB (H.264 with RGB planes): every 8-bit value comes back. Do not convert
    it. All else in the file is copied; the original's size, frame times and the filter are kept in its metadata.

    Args:
        sources: Any video files, folders of them or patterns such as 'clips/**/*.mp4'.
        output: The small video, .mkv, .mp4 or .mov; without such an ending, a folder for the new ones.
        time: Keep one of so many frames; 2 if not given.
        space: Reduce width and height by this factor; 4 if not given.
        model: A bundled name, a model folder or a hub id, instead of --time and --space.
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
    from stvsr.video.encoders import LOSSLESS_RGB

    files = batch.find(sources, output, LOSSLESS_RGB)
    budget = memory_budget(memory)
    progress = batch.progress("shrink", quiet=quiet)

    def prepare() -> Job:
        entry = choose(model, time, space)
        from stvsr.models.files import load
        from stvsr.restoration.shrink import shrink_file
        from stvsr.restoration.stream import choose_device

        network, weights = load(entry.folder, choose_device(device)), entry.checksum
        return lambda task: shrink_file(
            task.source,
            task.output,
            network,
            weights=weights,
            budget=budget,
            cuts=cuts,
            drop=carried.drop,
            watcher=progress,
        )

    process(files, batch, progress, prepare, quiet=quiet)


def choose(model: str | None, time: int | None, space: int | None) -> Entry:
    """Return the model that was asked for by name or by scale.

    Raises:
        StvsrError: If it was asked for by both, or does not exist; the message lists those that do.
    """
    from stvsr.errors import StvsrError
    from stvsr.models.zoo import find, find_by_scale
    from stvsr.physics.scale import Scale

    if model is None:
        wanted = Scale.of(DEFAULT_TIME if time is None else time, DEFAULT_SPACE if space is None else space)
        return find_by_scale(wanted)
    if time is not None or space is not None:
        raise StvsrError("--model has its own scale: leave out --time and --space, or leave out --model")
    return find(model)
