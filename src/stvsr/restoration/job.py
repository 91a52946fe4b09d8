"""What `shrink_file` and `expand_file` have in common: what they tell meanwhile, and what in the end."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.restoration.pipeline import Waits
from stvsr.video.info import VideoInfo, probe
from stvsr.video.output import check_output, container_format

if TYPE_CHECKING:
    from stvsr.restoration.transfer import Target, Work

_UNITS = "_kmgt"


class Watcher:
    """Told of a job's progress; this one keeps it to itself."""

    def plan(self, work: Work, target: Target) -> None:
        """Something is going to be done and written; whoever only wants to know may raise an exception."""

    def begin(self, frames: int) -> None:
        """The job starts, and has ``frames`` frames of the large video to go through."""

    def resume(self, done: int) -> None:
        """So many of them were done before, by an earlier call."""

    def step(self, done: int) -> None:
        """So many of them are done."""

    def notice(self, line: str) -> None:
        """Something that the user should know, in one line."""


@dataclass(frozen=True)
class Outcome:
    """A finished job.

    Attributes:
        path: The new file.
        frames: Its frames.
        width: In pixels.
        height: In pixels.
        rate: Its nominal frames per second.
        bytes: Its size.
        source_bytes: The size of the file it was made from.
        seconds: What it took.
        waits: For how long decoding, computing and encoding waited for each other.
    """

    path: Path
    frames: int
    width: int
    height: int
    rate: Fraction
    bytes: int
    source_bytes: int
    seconds: float
    waits: Waits = field(default_factory=Waits, compare=False)

    def __str__(self) -> str:
        share = self.bytes / self.source_bytes
        frames = f"{number_of(self.frames, 'frame')} of {self.width}x{self.height} at {float(self.rate):.4g} fps"
        size = f"{readable_size(self.bytes)} ({share:.0%} of the input)"
        return f"{self.path}: {frames}, {size}, in {readable_time(self.seconds)}"


class Stopwatch:
    """Gathers an `Outcome` from when the job starts."""

    def __init__(self, source: Path, output: Path) -> None:
        self._began = time.monotonic()
        self._source, self._output = source, output

    def outcome(self, frames: int, width: int, height: int, rate: Fraction, waits: Waits) -> Outcome:
        """Return the outcome, now that the output is complete."""
        return Outcome(
            self._output,
            frames,
            width,
            height,
            rate,
            self._output.stat().st_size,
            self._source.stat().st_size,
            time.monotonic() - self._began,
            waits,
        )


def check_files(source: Path, output: Path, *, in_folder: bool = True) -> VideoInfo:
    """Return what the source is, after making sure that the job can begin; quick, and writes nothing.

    Args:
        source: A video.
        output: To be made of it.
        in_folder: Whether the folder of the output must be there.

    Raises:
        StvsrError: If the source cannot be read or the output cannot be written.
    """
    info = probe(source)
    check_output(source, output)
    container_format(output)
    if in_folder and not output.parent.is_dir():
        raise StvsrError(f"{output}: the folder {output.parent} does not exist; create it first")
    return info


def memory_budget(text: str | None) -> int | None:
    """Return a budget of working memory in bytes; None stays None, which leaves it to the device.

    Args:
        text: A number of gigabytes, or with a unit: ``4GB``, ``500 MB``, ``8GiB``.

    Raises:
        StvsrError: If it is nothing of the kind, or not positive and finite.
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*([0-9.]+)\s*([kmgt]?)(i?)b?\s*", text, re.IGNORECASE)
    try:
        number = float(found[1]) if found else math.nan
    except ValueError:
        number = math.nan
    size = math.nan
    if found:
        size = number * (1024 if found[3] else 1000) ** _UNITS.index(found[2].lower() or "g")
    if not (math.isfinite(size) and size >= 1):
        raise StvsrError(f"--memory {text}: give a positive number of gigabytes, or a size such as 4GB or 500MB")
    return int(size)


def number_of(count: int, noun: str) -> str:
    """Return so many of something, such as ``1 file`` or ``2 files``."""
    return f"{count} {noun}{'s' * (count != 1)}"


def readable_size(count: int) -> str:
    """Return a number of bytes as people write it, such as ``3.1 MB``."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def readable_time(seconds: float) -> str:
    """Return a duration as people write it, such as ``1 h 02 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{round(seconds) // 60} min {round(seconds) % 60:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
