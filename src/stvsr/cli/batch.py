"""What the commands that make one video of another share: their files, and the way through them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import Parameter

from stvsr.cli.parameters import GivenPath

if TYPE_CHECKING:
    import torch

    from stvsr.cli.progress import TextProgress
    from stvsr.engine.cluster import Cluster
    from stvsr.engine.job import Outcome
    from stvsr.jobs.batch import Batch, Tally, Task
    from stvsr.video.encoders import Encoder

INPUT = "INPUT"
_AT_A_GLANCE = 5
Sources: TypeAlias = Annotated[list[GivenPath], Parameter(name=INPUT, negative="")]
"""Files, folders and patterns."""
Job: TypeAlias = "Callable[[Task], Outcome]"
"""Makes one file of another."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Which files are made.

    Attributes:
        skip_existing: Leave out inputs whose output exists already.
        overwrite: Replace outputs that exist already; with --no-overwrite those are errors.
        dry_run: Only tell what would be made of each file, and in about what time; write nothing. Reads each
            file once, for its scene cuts.
        container: Of the outputs in a folder: mkv, mp4, mov or webm; if not given, the input's own if that can be
            written, else mkv.
        profile: Tell for which share of the time decoding, computing and encoding had to wait for each other.
    """

    skip_existing: Annotated[bool, Parameter(negative="")] = False
    overwrite: bool = True
    dry_run: Annotated[bool, Parameter(negative="")] = False
    container: str | None = None
    profile: Annotated[bool, Parameter(negative="")] = False

    def progress(self, what: str, *, quiet: bool) -> TextProgress:
        """Return what shows how far a job is; for a dry run, what stops it before it begins."""
        from stvsr.cli.progress import Rehearsal, TextProgress

        return (Rehearsal if self.dry_run else TextProgress)(what, quiet=quiet)

    def find(self, sources: Sequence[Path], output: Path, encoder: Encoder) -> Batch:
        """Return what is to be made of what with an encoder.

        Raises:
            StvsrError: If there is no input, or two would become one, or an output is an input.
        """
        from stvsr.jobs.batch import find_tasks
        from stvsr.video.encoders import suffixes_for

        return find_tasks(sources, output, suffixes_for(encoder), self.container)


PLAIN = BatchOptions()


def connection(address: str | None, device: str) -> AbstractContextManager[Cluster | None]:
    """Return a context with the cluster at an address, which is left in the end; with None for no address.

    Args:
        address: As `stvsr.engine.cluster.Cluster` takes it.
        device: As that takes it.
    """
    if address is None:
        return nullcontext()
    from stvsr.engine.cluster import Cluster

    return Cluster(address, device)


def place(cluster: Cluster | None, device: str, *, dry: bool) -> torch.device:
    """Return where the model is to lie, once it is sure that there is such a place.

    Args:
        cluster: Moves the model to where it is needed.
        device: As it was typed.
        dry: Whether nothing is going to be computed.

    Raises:
        StvsrError: If there is no such device or cluster.
    """
    from stvsr.device import choose_device

    if cluster is None:
        return choose_device(device)
    if not dry:
        cluster.connect()
    return choose_device("cpu")


def process(
    batch: Batch,
    options: BatchOptions,
    progress: TextProgress,
    prepare: Callable[[], Job],
    *,
    quiet: bool,
) -> None:
    """Do a job for every file; of several, list those that fail, and do the others.

    Args:
        batch: The files.
        options: What to do about outputs that exist.
        progress: Shows how far it is.
        prepare: Loads what the job needs, and returns the job; called once, and only if a file can be worked on.
        quiet: Say nothing of what went well.

    Raises:
        StvsrError: If nothing can be done, or the only file fails.
        SystemExit: With code 2, if one of several fails.
        Exception: In the end, the first one that nobody foresaw.
    """
    from stvsr.errors import StvsrError
    from stvsr.jobs.batch import Tally
    from stvsr.jobs.source import check_files

    tally = Tally(dry=options.dry_run)
    tasks = []
    for task in batch.tasks:
        try:
            if _wanted(task, options, tally, quiet=quiet):
                check_files(task.source, task.output, in_folder=not batch.many)
                tasks.append(task)
        except StvsrError as error:
            _fail(task, error, batch, tally)
    tally.left = len(tasks)
    try:
        if tasks:
            _work(tasks, prepare(), progress, tally, batch, options, quiet=quiet and not options.dry_run)
    finally:
        if batch.many and (options.dry_run or not quiet) and (tally.left < len(tasks) or not tasks):
            print(tally, flush=True)
            for line in tally.failed if len(batch.tasks) > _AT_A_GLANCE else ():
                print(f"failed: {line}", file=sys.stderr)
    if tally.mistakes:
        raise tally.mistakes[0]
    if tally.failed:
        sys.exit(2)


def _wanted(task: Task, options: BatchOptions, tally: Tally, *, quiet: bool) -> bool:
    """Whether a file is to be made, by what lies there already."""
    from stvsr.errors import StvsrError

    if not task.output.exists():
        return True
    if options.skip_existing:
        tally.skipped.append(task)
        if not quiet:
            print(f"{task.output}: exists already, skipped")
        return False
    if not options.overwrite:
        raise StvsrError(f"{task.output} exists already; allow overwriting, or leave it out with --skip-existing")
    return True


def _work(
    tasks: list[Task],
    job: Job,
    progress: TextProgress,
    tally: Tally,
    batch: Batch,
    options: BatchOptions,
    *,
    quiet: bool,
) -> None:
    for number, task in enumerate(tasks, start=1):
        if len(batch.tasks) > 1:
            progress.title = f"{number}/{len(tasks)} {task.source.name}"
        try:
            if batch.many and not tally.dry:
                task.make_folder()
            try:
                result = _result(task, job, tally)
            finally:
                progress.end()
        except Exception as error:  # a mistake of ours with one file must not cost a night's work on the others
            _fail(task, error, batch, tally)
        else:
            if not quiet:
                print(result, flush=True)
            if options.profile and not tally.dry:
                print(tally.done[-1].stages, flush=True)
        tally.left -= 1


def _result(task: Task, job: Job, tally: Tally) -> str:
    """Do the job, or plan it; return what to say of it."""
    if not tally.dry:
        tally.done.append(job(task))
        return str(tally.done[-1])
    from stvsr.engine.preview import Planned

    try:
        job(task.rehearsed())
    except Planned as planned:
        tally.planned.append(planned.preview)
    return f"{task.source} -> {task.output}: {tally.planned[-1]}"


def _fail(task: Task, error: Exception, batch: Batch, tally: Tally) -> None:
    """Take a failure down in one line; the only file's is the command's own."""
    from stvsr.errors import StvsrError

    if not batch.many:
        raise error
    line = str(error)
    if not isinstance(error, StvsrError):
        line = " ".join(f"{type(error).__name__}: {line}".split())
        tally.mistakes.append(error)
    tally.failed.append(line if str(task.source) in line else f"{task.source}: {line}")
    print(f"stvsr: {tally.failed[-1]}", file=sys.stderr)
