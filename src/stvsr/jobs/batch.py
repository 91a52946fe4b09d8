"""Many files by one command: which ones they are, where each result goes, and what became of them."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.text import number_of, readable_size, readable_time, reason
from stvsr.video.misread import PICTURES, of_pictures
from stvsr.video.output import CONTAINERS

if TYPE_CHECKING:
    from stvsr.engine.job import Outcome
    from stvsr.engine.preview import Preview

SUFFIXES = {
    ".264", ".265", ".3g2", ".3gp", ".asf", ".av1", ".avi", ".divx", ".dv", ".f4v", ".flv", ".h264", ".h265", ".hevc",
    ".ivf", ".m1v", ".m2t", ".m2ts", ".m2v", ".m4v", ".mj2", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts",
    ".mxf", ".ogm", ".ogv", ".qt", ".ts", ".vob", ".webm", ".wmv", ".y4m",
}  # fmt: skip
"""The files of a folder that are taken for videos."""
USUAL_SUFFIX = ".mkv"
_SAME_CONTAINER = {".m4v": ".mp4", ".qt": ".mov"}


@dataclass(frozen=True)
class Task:
    """One file to be made of another."""

    source: Path
    output: Path

    def make_folder(self) -> None:
        """Make the folder of the output.

        Raises:
            StvsrError: If it cannot be made.
        """
        try:
            self.output.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StvsrError(f"{self.output.parent} cannot be made ({reason(error)}); choose another folder") from error


@dataclass(frozen=True)
class Batch:
    """The files of one command.

    Attributes:
        tasks: What is to be made of what; no output twice, and none that is an input.
        many: Whether the user named a folder for the outputs, rather than the output itself.
    """

    tasks: list[Task]
    many: bool


@dataclass
class BatchReport:
    """The fate of the files so far.

    Attributes:
        dry: Whether nothing is to be made, but planned.
        done: The results.
        planned: What would be done.
        skipped: Because their output exists.
        failed: Why, each in one line.
        mistakes: Those of the failures that nobody foresaw.
        left: How many are not finished.
    """

    dry: bool = False
    planned: list[Preview] = field(default_factory=list)
    done: list[Outcome] = field(default_factory=list)
    skipped: list[Task] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    mistakes: list[Exception] = field(default_factory=list)
    left: int = 0

    def __str__(self) -> str:
        counts = {"planned" if self.dry else "done": len(self.planned) + len(self.done)}
        counts |= {"skipped": len(self.skipped), "failed": len(self.failed), "not finished": self.left}
        parts = [f"{count} {name}" for name, count in counts.items() if count or name != "not finished"]
        line = f"{number_of(sum(counts.values()), 'file')}: {', '.join(parts)}"
        if self.dry:
            seconds = sum(preview.seconds for preview in self.planned)
            return f"{line}; about {readable_time(seconds)} of computing; nothing was written"
        size, seconds = sum(each.bytes for each in self.done), sum(each.seconds for each in self.done)
        return f"{line}; {readable_size(size)} written in {readable_time(seconds)}"


def find_tasks(
    inputs: Sequence[Path], output: Path, able: Collection[str] = tuple(CONTAINERS), container: str | None = None
) -> Batch:
    """Return what is to be made of what.

    One file becomes the file ``output``, unless that is a folder or has no suffix. Several files, the videos of a
    folder and of those inside it, and what a pattern such as ``clips/**/*.mp4`` matches, go into the folder ``output``
    under their own names, in folders as they lay in below the one that was given.

    Args:
        inputs: Files, folders and patterns.
        output: A file or folder, which need not exist.
        able: The suffixes that can be written; an input's own is kept if it is one of them, else it becomes .mkv.
        container: A suffix without its dot, for all outputs in a folder.

    Raises:
        StvsrError: If there is no input, or two would become one, or an output is an input.
    """
    suffix = None if container is None else f".{container.lower()}"
    if suffix is not None and suffix not in able:
        raise StvsrError(f"`container` {container}: use one of {', '.join(name[1:] for name in able)}")
    first = inputs[0]
    if len(inputs) == 1 and output.suffix and not (output.is_dir() or first.is_dir() or _is_pattern(first)):
        if suffix is not None and suffix != output.suffix.lower():
            raise StvsrError(f"`container` {container} contradicts the output's own name, {output.name}; leave it out")
        return Batch([Task(first, output)], many=False)
    found = list(_found(inputs, output.resolve()))
    if not found:
        raise _nothing_in(inputs)
    if output.is_file() or (output.suffix.lower() in CONTAINERS and not output.is_dir()):
        raise StvsrError(f"{output} is a file's name; what is made of several files goes into a folder")
    tasks: dict[Path, Task] = {}
    for source, name in found:
        own = _SAME_CONTAINER.get(source.suffix.lower(), source.suffix.lower())
        kept = own if own in able else USUAL_SUFFIX
        tasks.setdefault(source.resolve(), Task(source, output / name.with_suffix(suffix or kept)))
    _check_apart(tasks)
    return Batch(list(tasks.values()), many=True)


def _found(inputs: Iterable[Path], output: Path) -> Iterator[tuple[Path, Path]]:
    """Yield every input file, and its place below what was given."""
    for given in inputs:
        if given.is_dir():
            if given.resolve() == output:
                raise StvsrError(f"{given}: the outputs would lie among the inputs; choose another folder for them")
            yield from ((path, path.relative_to(given)) for path in _videos(given, output))
        elif _is_pattern(given):
            yield from _matches(given, output)
        else:
            yield given, Path(given.name)


def _videos(folder: Path, output: Path) -> Iterator[Path]:
    """Yield the videos in a folder and in those inside it, but for hidden ones and those among the outputs."""

    def refuse(error: OSError) -> None:
        raise StvsrError(f"{error.filename or folder} cannot be read ({reason(error)})") from error

    for here, folders, files in os.walk(folder, onerror=refuse):
        paths = {name: Path(here) / name for name in (*folders, *files) if not name.startswith(".")}
        folders[:] = sorted(name for name in folders if name in paths and paths[name].resolve() != output)
        yield from (paths[name] for name in sorted(files) if name in paths and paths[name].suffix.lower() in SUFFIXES)


def _matches(pattern: Path, output: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the files that match, and their places below the part without wildcards; of folders, their videos."""
    fixed = next(i for i, part in enumerate(pattern.parts) if glob.has_magic(part))
    root = Path(*pattern.parts[:fixed])
    matches = [Path(name) for name in sorted(glob.glob(str(pattern), recursive=True))]  # noqa: PTH207, keeps names
    if not matches:
        raise StvsrError(f"{pattern}: nothing matches that")
    wanted = {pattern.suffix.lower(), *SUFFIXES} - PICTURES  # which would become a video of one frame each
    for path in matches:
        if output in (path.resolve(), *path.resolve().parents):
            continue
        if path.is_dir():
            yield from ((each, each.relative_to(root)) for each in _videos(path, output))
        elif path.suffix.lower() in wanted:
            yield path, path.relative_to(root)


def _nothing_in(inputs: Iterable[Path]) -> StvsrError:
    """Return what to say of folders and patterns without a video."""
    for given in inputs:
        names = glob.iglob(str(given), recursive=True) if _is_pattern(given) else given.rglob("*")  # noqa: PTH207
        if any(Path(name).suffix.lower() in PICTURES for name in names):
            return of_pictures(given)
    return StvsrError(f"{', '.join(map(str, inputs))}: no video in there; give files, or a folder that holds some")


def _is_pattern(path: Path) -> bool:
    return glob.has_magic(str(path)) and not path.exists()


def _check_apart(tasks: dict[Path, Task]) -> None:
    """Make sure that no output is another task's, or an input."""
    taken: dict[str, Path] = {}
    for task in tasks.values():
        other = taken.setdefault(os.path.normcase(task.output), task.source)
        if other is not task.source:
            raise StvsrError(
                f"{other} and {task.source} would both become {task.output}; rename one, or give them to two commands"
            )
        if task.output.resolve() in tasks:
            raise StvsrError(f"{task.output} is one of the inputs; choose another folder for the outputs")
