"""The finished segments of a job that takes long, in a hidden folder beside its output.

    .NAME.stvsr/plan.json       the key, and how the work was divided
    .NAME.stvsr/00000.part      one segment, encoded: written aside, synced, renamed
    .NAME.stvsr/00001.part

So whatever is there under its name is whole, whenever the process was killed. The folder is as large as the output
would be so far, and is removed when that is complete.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.files import hidden_name
from stvsr.text import reason
from stvsr.video.pieces import CodedReader, CodedWriter, is_whole

try:
    import fcntl
except ImportError:  # not on Windows, where nothing keeps two jobs apart
    fcntl = None  # type: ignore[assignment]

_PLAN, _LOCK, _PART, _ASIDE = "plan.json", "lock", ".part", ".writing"


def folder_of(output: Path) -> Path:
    """Return where the segments of an output are kept meanwhile."""
    return output.parent / hidden_name(output.name, ".stvsr")


class SegmentStore:
    """The segments of one job; as a context, nobody else's for as long as it lasts.

    When the context is left without an exception, the folder is removed; otherwise it stays if a segment is in it.

    Args:
        output: What the job makes.
        key: The checksum of everything that its frames depend on; what another one left is removed.
        progress: Told of what was found, and on the way out of what stays.

    Raises:
        StvsrError: On entering, if the folder cannot be written or another process is at work in it.
    """

    def __init__(self, output: Path, key: str, progress: Progress) -> None:
        self._output, self._key, self._progress = output, key, progress
        self.folder = folder_of(output)
        self._lock: IO[str] | None = None
        self._known: dict[int, bool] = {}
        self._total = 0

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock = _locked(self.folder, self._output)
        except OSError as error:
            raise self._failure(error) from error
        if self._read().get("key") != self._key:
            if any(self.folder.glob(f"*{_PART}")):
                self._progress.notice(
                    f"{self.folder} is of another input, other options or another version: beginning anew"
                )
            _clear(self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        done = len(list(self.folder.glob(f"*{_PART}")))
        if error is None or not done:
            self.remove()
        elif self._total:
            self._progress.notice(
                f"{done} of {self._total} parts are done and lie in {self.folder}; the same command goes on from there"
            )
        if self._lock is not None:
            self._lock.close()

    def settle(self, plan: dict[str, Any]) -> dict[str, Any]:
        """Return the plan that earlier segments were made by, or else keep this one, which JSON can hold."""
        kept = self._read()
        if kept:
            return dict(kept["plan"])
        text = json.dumps({"key": self._key, "plan": plan})
        with self._written(self.folder / _PLAN) as aside:
            aside.write_text(text, encoding="utf-8")
        return plan

    def expect(self, total: int) -> int:
        """Note the number of segments; return how many are there."""
        self._total = total
        for aside in self.folder.glob(f"*{_ASIDE}"):
            aside.unlink()
        return sum(self.holds(number) for number in range(total))

    def holds(self, number: int) -> bool:
        """Whether a segment is there and whole; one that a failing disk spoilt does not count."""
        if number not in self._known:
            self._known[number] = is_whole(self._path(number))
        return self._known[number]

    @contextmanager
    def writing(self, number: int, header: bytes) -> Iterator[CodedWriter]:
        """A context in which a segment is written; it is there, durably, once the context is left without error.

        Raises:
            StvsrError: If the disk fails or is full.
        """
        with self._written(self._path(number)) as aside, CodedWriter(aside, header) as writer:
            yield writer
            writer.finish()
        self._known[number] = True

    def reading(self, number: int) -> CodedReader:
        """Open a segment."""
        return CodedReader(self._path(number))

    def remove(self) -> None:
        """Remove the folder and what is in it."""
        _clear(self.folder)
        try:
            (self.folder / _LOCK).unlink(missing_ok=True)
            self.folder.rmdir()
        except OSError:  # what somebody else put there
            pass

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05d}{_PART}"

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads((self.folder / _PLAN).read_text(encoding="utf-8"))
            return kept if isinstance(kept.get("plan"), dict) else {}
        except (OSError, ValueError, AttributeError):
            return {}

    @contextmanager
    def _written(self, path: Path) -> Iterator[Path]:
        aside = path.with_name(path.name + _ASIDE)
        try:
            yield aside
            _sync(aside)
            aside.replace(path)
            _sync(self.folder)
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> StvsrError:
        return StvsrError(f"{self.folder} cannot be written ({reason(error)}); check the disk or take another one")


def discard(output: Path, progress: Progress) -> None:
    """Remove what an earlier job left beside an output that needs no segments."""
    folder = folder_of(output)
    if not (folder / _PLAN).exists():
        return
    with SegmentStore(output, "", progress):
        pass


def _locked(folder: Path, output: Path) -> IO[str]:
    """Take the folder's lock, which ends with the process at the latest."""
    file = (folder / _LOCK).open("a")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise StvsrError(f"another stvsr is making {output}: wait for it, or choose another name") from error
    return file


def _clear(folder: Path) -> None:
    """Remove what jobs write, and nothing else."""
    for pattern in (_PLAN, f"*{_PART}", f"*{_ASIDE}"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    if path.is_dir() and os.name == "nt":  # where folders cannot be opened
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
