"""`stvsr shrink`: a small video out of a large one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stvsr.cli.batch import PLAIN, BatchOptions, Sources, process
from stvsr.cli.carried import EVERYTHING, CarriedOptions
from stvsr.cli.parameters import USUAL_CUTS, Bitrate, Cuts, GivenPath, Interlaced, ModelName, Whole

if TYPE_CHECKING:
    from stvsr.cli.batch import Job
    from stvsr.models.zoo import Entry
    from stvsr.video.encoders import Encoder

DEFAULT, DEFAULT_LOSSY = (2, 4), (1, 2)
LOSSLESS, LOSSY = "lossless-rgb", "h265"


@Parameter(name="*")
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

    @property
    def lossy(self) -> bool:
        """Whether values change; known without a look at the encoder."""
        return (self.encoder or self.usual) not in (LOSSLESS, "ffv1")

    @property
    def usual(self) -> str:
        """The encoder where none is named."""
        return LOSSLESS if self.quality is None and self.bitrate is None else LOSSY

    def choose(self) -> Encoder:
        """Return the encoder.

        Raises:
            StvsrError: If there is none of that name, or it cannot do what was asked for.
        """
        from stvsr.video.encoders import encoder

        return encoder(self.encoder or self.usual, self.quality, self.pixel_format, self.bitrate)


PLAINLY = StorageOptions()


def shrink(
    sources: Sources,
    output: GivenPath,
    /,
    *,
    time: Whole = None,
    space: Whole = None,
    model: ModelName = None,
    storage: StorageOptions = PLAINLY,
    device: str = "auto",
    memory: str | None = None,
    cuts: Cuts = USUAL_CUTS,
    interlaced: Interlaced = "refuse",
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

    With --quality or --bitrate a usual, lossy codec stores the small video, in a small fraction of the bits; for that
    there are models trained with such a codec, whose colours share one instant (docs/storage.md).

    Args:
        sources: Any video files, folders of them or patterns such as 'clips/**/*.mp4'.
        output: The small video, .mkv, .mp4 or .mov; without such an ending, a folder for the new ones.
        time: Keep one of so many frames; 2 if not given, with a lossy codec 1.
        space: Reduce width and height by this factor; 4 if not given, with a lossy codec 2, or 1 where time is given.
        model: A bundled name, a model folder or a hub id, instead of --time and --space.
        storage: How the small video is stored.
        device: Where to compute: auto (CUDA where there is one), cpu or cuda.
        memory: Working memory to aim at, however long the video, such as 4GB or 500MB; if not given, a quarter of the
            machine's up to 4 GB, or most of a GPU's.
        cuts: From which score on, up to 100, a change of the picture is a scene cut, across which nothing is mixed; off
            for no cuts.
        interlaced: What to do with a video whose frames are two fields: refuse it, deinterlace it (FFmpeg's bwdif, one
            picture per frame), or keep its frames as they are.
        batch: Which files are made.
        carried: What goes along.
        quiet: Show no progress and no summary.
    """
    from stvsr.text import memory_budget

    encoder = storage.choose()
    files = batch.find(sources, output, encoder)
    budget = memory_budget(memory)
    progress = batch.progress("shrink", quiet=quiet)

    def prepare() -> Job:
        entry = choose(model, time, space, lossy=storage.lossy)
        if storage.lossy and not entry.coded:
            progress.notice(f"{entry.name} was not trained for lossy codecs: expect much worse than what it can do")
        from stvsr.device import choose_device
        from stvsr.jobs.shrink import shrink_file
        from stvsr.models.checkpoint import load

        network, weights = load(entry.folder, choose_device(device)), entry.checksum
        return lambda task: shrink_file(
            task.source,
            task.output,
            network,
            weights=weights,
            encoder=encoder,
            budget=budget,
            cuts=cuts,
            drop=carried.drop,
            interlaced=interlaced,
            progress=progress,
        )

    process(files, batch, progress, prepare, quiet=quiet)


def choose(model: str | None, time: int | None, space: int | None, *, lossy: bool = False) -> Entry:
    """Return the model that was asked for by name or by scale.

    Args:
        model: A name, or None.
        time: Factor, or None for the usual one.
        space: Factor, or None for the usual one.
        lossy: Whether a lossy codec will store the small video.

    Raises:
        StvsrError: If it was asked for by both, or does not exist; the message lists those that do.
    """
    from stvsr.errors import StvsrError
    from stvsr.models.zoo import find, find_by_scale
    from stvsr.physics.scale import Scale

    if model is None:
        usual_time, usual_space = DEFAULT
        if lossy:
            usual_time, usual_space = DEFAULT_LOSSY if time is None and space is None else (1, 1)
        scale = Scale.of(usual_time if time is None else time, usual_space if space is None else space)
        return find_by_scale(scale, coded=lossy)
    if time is not None or space is not None:
        raise StvsrError("--model has its own scale: leave out --time and --space, or leave out --model")
    return find(model)
