"""The files of one command: which are made, what is said of them, and what becomes of those that fail."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol, TypeAlias

from cyclopts import Parameter

from stvsr.cli.options import BatchOptions, ComputeOptions
from stvsr.cli.parameters import GivenPath

if TYPE_CHECKING:
    import torch

    from stvsr.cli.progress import TextProgress
    from stvsr.engine.cluster import Cluster
    from stvsr.engine.job import Job
    from stvsr.engine.progress import Progress
    from stvsr.jobs.batch import Batch, BatchReport, Task
    from stvsr.video.encoders import Encoder
    from stvsr.video.info import VideoInfo

INPUT = "INPUT"
_AT_A_GLANCE = 5
Sources: TypeAlias = Annotated[list[GivenPath], Parameter(name=INPUT, negative="")]
"""Files, folders and patterns."""


class Plan(Protocol):
    """Plans the job of one file."""

    def __call__(self, source: Path, target: Path, /, *, progress: Progress) -> Job:
        """Return the job; tells what the user should know of the source."""


Prepare: TypeAlias = "Callable[[torch.device], Plan]"
"""Loads what all jobs need, given where it is to lie, and returns how each is planned; options' mistakes show here."""


def find_files(sources: Sequence[Path], output: Path, encoder: Encoder, batch: BatchOptions) -> Batch:
    """Return what is to be made of what with an encoder.

    Args:
        sources: Files, folders and patterns.
        output: A file or folder.
        encoder: Decides the containers that can be.
        batch: May name one.

    Raises:
        StvsrError: If there is no input, or two would become one, or an output is an input.
    """
    from stvsr.jobs.batch import find_tasks
    from stvsr.video.encoders import suffixes_for

    return find_tasks(sources, output, suffixes_for(encoder), batch.container)


def open_cluster(address: str | None, device: str) -> AbstractContextManager[Cluster | None]:
    """Return a context with the cluster at an address, which is left in the end; with None for no address."""
    if address is None:
        return nullcontext()
    from stvsr.engine.cluster import Cluster

    return Cluster(address, device)


def resolve_device(cluster: Cluster | None, device: str, *, dry: bool) -> torch.device:
    """Return where the model is to lie, once it is sure that there is such a place.

    Args:
        cluster: Moves the model to where it is needed.
        device: What was typed.
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


def run_batch(
    name: str,
    files: Batch,
    prepare: Prepare,
    options: BatchOptions,
    compute: ComputeOptions,
    check: Callable[[VideoInfo], object] = lambda info: None,
) -> None:
    """Do a job for every file; of several, list those that fail, and do the others.

    Args:
        name: The command's name.
        files: What is to be made of what.
        prepare: Called once, and only if a file can be worked on.
        options: What to do about outputs that exist, and what to say.
        compute: Where to compute.
        check: Raises what is wrong with a source that a look at its header tells.

    Raises:
        StvsrError: If nothing can be done, or the only file fails.
        SystemExit: With code 2, if one of several fails.
        Exception: In the end, the first one that nobody foresaw.
    """
    from stvsr.cli.progress import TextProgress
    from stvsr.jobs.batch import BatchReport

    report, progress = BatchReport(dry=options.dry_run), TextProgress(name, quiet=options.quiet)
    tasks = [task for task in files.tasks if _can_be_made(task, files, options, report, check)]
    report.left = len(tasks)
    try:
        if tasks:
            with open_cluster(compute.address, compute.device) as cluster:
                plan = prepare(resolve_device(cluster, compute.device, dry=options.dry_run))
                for number, task in enumerate(tasks, start=1):
                    if len(files.tasks) > 1:
                        progress.title = f"{number}/{len(tasks)} {task.source.name}"
                    _make(task, plan, progress, cluster, files, options, report)
                    report.left -= 1
    finally:
        if files.many and (options.dry_run or not options.quiet) and (report.left < len(tasks) or not tasks):
            print(report, flush=True)
            for line in report.failed if len(files.tasks) > _AT_A_GLANCE else ():
                print(f"failed: {line}", file=sys.stderr)
    if report.mistakes:
        raise report.mistakes[0]
    if report.failed:
        sys.exit(2)


def _can_be_made(
    task: Task, files: Batch, options: BatchOptions, report: BatchReport, check: Callable[[VideoInfo], object]
) -> bool:
    """Return whether a file is to be made and can be, as far as a quick look tells."""
    from stvsr.errors import StvsrError
    from stvsr.files import check_name
    from stvsr.jobs.source import check_files

    check_name(task.output)
    if options.skip_existing and task.output.exists():
        report.skipped.append(task)
        if not options.quiet:
            print(f"{task.output}: exists already, skipped")
        return False
    try:
        check(check_files(task.source, task.output, overwrite=options.overwrite, in_folder=not files.many))
    except StvsrError as error:
        _fail(task, error, files, report)
        return False
    return True


def _make(
    task: Task,
    plan: Plan,
    progress: TextProgress,
    cluster: Cluster | None,
    files: Batch,
    options: BatchOptions,
    report: BatchReport,
) -> None:
    """Make a file, or preview that, and say what came of it."""
    try:
        job = plan(task.source, task.output, progress=progress)
        if options.dry_run:
            report.planned.append(job.preview(progress))
            print(f"{task.source} -> {task.output}: {report.planned[-1]}", flush=True)
            return
        if files.many:
            task.make_folder()
        try:
            report.done.append(job.run(progress, cluster))
        finally:
            progress.end()
    except Exception as error:  # a mistake of ours with one file must not cost a night's work on the others
        _fail(task, error, files, report)
        return
    if not options.quiet:
        print(report.done[-1], flush=True)
    if options.profile:
        print(report.done[-1].stages, flush=True)


def _fail(task: Task, error: Exception, files: Batch, report: BatchReport) -> None:
    """Take a failure down in one line; the only file's is the command's own."""
    from stvsr.cli.messages import as_typed
    from stvsr.errors import StvsrError

    if not files.many:
        raise error
    line = as_typed(str(error))
    if not isinstance(error, StvsrError):
        line = " ".join(f"{type(error).__name__}: {line}".split())
        report.mistakes.append(error)
    report.failed.append(line if str(task.source) in line else f"{task.source}: {line}")
    print(f"stvsr: {report.failed[-1]}", file=sys.stderr)
