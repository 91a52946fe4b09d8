"""What the commands share that restore videos by a general model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from cyclopts import Parameter

from stvsr.cli.batch import BatchOptions, connection, place, process
from stvsr.cli.carried import CarriedOptions
from stvsr.cli.degradation import DegradationOptions
from stvsr.cli.parameters import USUAL_CUTS, Cuts, Interlaced, ModelName, Whole

if TYPE_CHECKING:
    import torch

    from stvsr.cli.batch import Job
    from stvsr.cli.progress import TextProgress
    from stvsr.engine.cluster import Cluster
    from stvsr.engine.job import Outcome
    from stvsr.jobs.batch import Task
    from stvsr.models.contract import GeneralModel, Restorer
    from stvsr.models.zoo import Entry
    from stvsr.physics.degradation import Degradation

DEFAULT_MODEL, FAMILY = "davsr-compact", "davsr"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RestoringOptions:
    """How videos are restored and stored.

    Attributes:
        iterations: Rounds of restoration, 1 to 16; more take longer. What the model was trained for if not given.
        model: A bundled name, a model folder or a hub id, of the davsr family or with -blurred in its name;
            davsr-compact if not given.
        encoder: h264, h265, av1, vp9, ffv1 (lossless) or lossless-rgb.
        quality: The encoder's constant rate factor, 0 is best; without it, visually clean.
        pixel_format: How colours are stored, such as yuv444p or yuv420p10le; without it, what plays everywhere.
        device: Where to compute: auto (CUDA where there is one), cpu or cuda.
        memory: Working memory to aim at, however long the video, such as 4GB or 500MB; if not given, a quarter of the
            machine's up to 4 GB, or most of a GPU's.
        cuts: From which score on, up to 100, a change of the picture is a scene cut, across which nothing is mixed; off
            for no cuts.
        interlaced: What to do with a video whose frames are two fields: refuse it, deinterlace it (FFmpeg's bwdif, one
            picture per frame), or keep its frames as they are.
        cluster: Compute on the machines of a Ray cluster: auto for the one that this machine belongs to, ray://host:port,
            or local. See docs/cluster.md.
    """

    iterations: Whole = None
    model: ModelName = None
    encoder: str = "h264"
    quality: Whole = None
    pixel_format: str | None = None
    device: str = "auto"
    memory: str | None = None
    cuts: Cuts = USUAL_CUTS
    interlaced: Interlaced = "refuse"
    cluster: str | None = None


USUAL = RestoringOptions()


@dataclass(frozen=True)
class Command:
    """What was typed.

    Attributes:
        name: Of the command.
        sources: Files, folders and patterns.
        output: A file or folder.
        how: How the sources came about.
        options: How they are restored and stored.
        batch: Which files are made.
        carried: What goes along.
        quiet: Whether to say nothing of what goes well.
    """

    name: str
    sources: Sequence[Path]
    output: Path
    how: DegradationOptions
    options: RestoringOptions
    batch: BatchOptions
    carried: CarriedOptions
    quiet: bool


@dataclass(frozen=True)
class Tools:
    """What a job is done with.

    Attributes:
        network: The model.
        usual: How a video came about that says nothing.
        progress: Told of what happens.
        common: Arguments that every job takes.
        device: Where the model lies.
    """

    network: GeneralModel
    usual: Degradation
    progress: TextProgress
    common: Mapping[str, Any]
    device: torch.device


Make: TypeAlias = "Callable[[Task, Tools], Outcome]"
"""Makes one file of another."""
MadeFor: TypeAlias = "Callable[[Tools, Degradation], Restorer | None]"
"""Returns the model that ships for a degradation alone, if one does."""
Choose: TypeAlias = "Callable[[str | None], Entry]"
"""Returns the model of a name, the command's own if None."""


def restore(command: Command, make: Make, usual: Mapping[str, Any], choose: Choose | None = None) -> None:
    """Do a command's job for every file.

    Args:
        command: What was typed.
        make: The job.
        usual: Settings of `stvsr.physics.degradation.Degradation` that are the command's own defaults.
        choose: Finds the model; `choose_general` if None.

    Raises:
        StvsrError: If nothing can be done, or the only file fails.
    """
    from stvsr.text import memory_budget
    from stvsr.video.encoders import encoder as choose_encoder

    options = command.options
    chosen = choose_encoder(options.encoder, options.quality, options.pixel_format)
    files = command.batch.find(command.sources, command.output, chosen)
    budget = memory_budget(options.memory)
    progress = command.batch.progress(command.name, quiet=command.quiet)
    common = {
        "encoder": chosen,
        "budget": budget,
        "cuts": options.cuts,
        "drop": command.carried.drop,
        "interlaced": options.interlaced,
        "progress": progress,
    }

    def prepare(cluster: Cluster | None) -> Job:
        from stvsr.physics.degradation import DEFAULT

        entry = (choose or choose_general)(options.model)
        assumed = DEFAULT.but(**{**usual, **(entry.degradation if entry.deblurs else {})})
        given = assumed.but(**command.how.given())
        from stvsr.models.checkpoint import load

        where = place(cluster, options.device, dry=command.batch.dry_run)
        network = cast("GeneralModel", load(entry.folder, where))
        if entry.told:
            network.bind(given, options.iterations)
        if entry.family == FAMILY:
            warn_of_iterations(entry, options.iterations, progress)
        tools = Tools(network, assumed, progress, common | {"cluster": cluster}, where)
        return lambda task: make(task, tools)

    with connection(options.cluster, options.device) as cluster:
        process(files, command.batch, progress, lambda: prepare(cluster), quiet=command.quiet)


def warn_of_iterations(entry: Entry, iterations: int | None, progress: TextProgress) -> None:
    """Say so if more rounds were asked for than the model was trained with."""
    trained = int(entry.model["iterations"])
    if iterations is not None and iterations > trained:
        rounds = "iteration" if trained == 1 else "iterations"
        progress.notice(f"{entry.name} was trained for {trained} {rounds}: more take longer and can be worse")


def upscale_with(command: Command, usual: Mapping[str, Any], made_for: MadeFor | None = None) -> None:
    """Restore every file as it says, or as the user says, that it came about.

    Args:
        command: What was typed.
        usual: As of `restore`.
        made_for: Returns a model for a degradation alone, to use instead of the general one, if there is one.
    """

    def make(task: Task, tools: Tools) -> Outcome:
        from stvsr.jobs.degraded import assumed, check_effect
        from stvsr.jobs.upscale import upscale_file
        from stvsr.video.info import probe

        info, given = probe(task.source), command.how.given()
        degradation, original = assumed(info, given, tools.progress, tools.usual)
        check_effect(degradation)
        model = made_for(tools, degradation) if made_for else None
        model = model or tools.network.bind(degradation, command.options.iterations)
        return upscale_file(task.source, task.output, model, original=original, **tools.common)

    restore(command, make, usual)


def choose_general(model: str | None) -> Entry:
    """Return the model that was asked for.

    Raises:
        StvsrError: If there is none, or it cannot undo a degradation that it is told of.
    """
    from stvsr.errors import StvsrError
    from stvsr.models.zoo import find

    entry = find(model or DEFAULT_MODEL)
    if not entry.told:
        raise StvsrError(
            f"model {entry.name} is of the family {entry.family}, which only expands what it shrank; "
            f"take one of the family {FAMILY}, such as {DEFAULT_MODEL}"
        )
    return entry
