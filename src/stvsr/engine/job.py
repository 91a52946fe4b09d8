"""A job in nouns: what is to be done to which frames, what is to be written, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stvsr.engine.pipeline import Waits
from stvsr.engine.windows import Shot
from stvsr.text import number_of, readable_size, readable_time
from stvsr.video.coding import Coding
from stvsr.video.colour import Colour, Depth
from stvsr.video.deinterlace import Interlaced
from stvsr.video.encoders import Encoder
from stvsr.video.mastering import Mastering

if TYPE_CHECKING:  # it needs torch, and commands look at outcomes without
    from stvsr.engine.computation import Computation


@dataclass(frozen=True)
class Target:
    """A file to be written.

    Attributes:
        path: The file.
        width: In pixels.
        height: In pixels.
        rate: Nominal frames per second.
        times: When each frame is shown, in seconds; whole multiples of ``tick``.
        tick: In seconds.
        end: When the last frame stops being shown, in seconds; None for one period of the rate later.
        encoder: H.264 if None.
        metadata: Tags for the file; an empty one drops the source's.
        colour: How to store colours; None for the usual way.
        sample_aspect: Width over height of one pixel.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        depth: Bits of every colour that are carried from the source to the encoder, 8 or 16.
        mastering: What HDR pictures were graded on.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    times: list[Fraction]
    tick: Fraction
    end: Fraction | None = None
    encoder: Encoder | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    colour: Colour | None = None
    sample_aspect: Fraction = Fraction(1)
    drop: Collection[str] = ()
    depth: Depth = 8
    mastering: Mastering | None = None

    @property
    def coding(self) -> Coding:
        """How its frames are encoded.

        Raises:
            StvsrError: If the encoder cannot hold them.
        """
        return Coding.of(
            self.encoder,
            self.width,
            self.height,
            self.rate,
            self.tick,
            self.colour,
            self.sample_aspect,
            self.depth,
            self.mastering,
        )

    @property
    def until(self) -> Fraction:
        """When the last frame stops being shown, in seconds."""
        return self.times[-1] + 1 / self.rate if self.end is None else self.end


@dataclass(frozen=True)
class Work:
    """What is to be done to a source's frames.

    Attributes:
        source: Where they come from.
        length: How many they are.
        size: Their height and width.
        computation: Makes the target's frames of them.
        shots: What they consist of, between cuts.
        options: What else the result depends on.
        interlaced: What to do with frames of two fields.
    """

    source: Path
    length: int
    size: tuple[int, int]
    computation: Computation
    shots: list[Shot]
    options: dict[str, Any] = field(default_factory=dict)
    interlaced: Interlaced = "refuse"


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
