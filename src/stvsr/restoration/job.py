"""What `shrink_file` and `expand_file` have in common: what they tell meanwhile, and what in the end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.restoration.pipeline import Waits
from stvsr.text import number_of, readable_size, readable_time
from stvsr.video.info import VideoInfo, probe
from stvsr.video.output import check_output, container_format

if TYPE_CHECKING:
    from stvsr.restoration.transfer import Target, Work


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
