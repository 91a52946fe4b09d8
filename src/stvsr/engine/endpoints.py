"""The two ends of a job: the video that goes in, and the file that comes out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from stvsr.engine.times import MILLISECOND
from stvsr.errors import StvsrError
from stvsr.video.coding import Coding
from stvsr.video.colour import Colour, Depth
from stvsr.video.deinterlace import Interlaced
from stvsr.video.encoders import Encoder
from stvsr.video.mastering import Mastering
from stvsr.video.output import container_format


@dataclass(frozen=True)
class Source:
    """A video whose frames go into a job.

    Attributes:
        path: The file.
        length: Number of frames.
        size: Their height and width, in pixels.
        interlaced: What to do with frames of two fields.
    """

    path: Path
    length: int
    size: tuple[int, int]
    interlaced: Interlaced = "refuse"


@dataclass(frozen=True)
class Target:
    """A file to be written.

    Attributes:
        path: The file.
        width: In pixels.
        height: In pixels.
        rate: Nominal frames per second.
        pts: When each frame is shown, in seconds; whole multiples of ``tick``.
        tick: Of the clock, in seconds.
        end: When the last frame stops being shown, in seconds; None for one period of the rate later.
        encoder: H.264 if None.
        metadata: Tags for the file; an empty one drops the source's.
        colour: How to store colours; None for the default.
        sample_aspect: Width over height of one pixel.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        depth: Bits of every colour that are carried from the source to the encoder, 8 or 16.
        overwrite: Whether the file may exist, and is replaced then.
        mastering: What HDR pictures were graded on.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    pts: list[Fraction]
    tick: Fraction
    end: Fraction | None = None
    encoder: Encoder | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    colour: Colour | None = None
    sample_aspect: Fraction = Fraction(1)
    drop: Collection[str] = ()
    depth: Depth = 8
    overwrite: bool = False
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
        return self.pts[-1] + 1 / self.rate if self.end is None else self.end

    def losses(self) -> Iterator[str]:
        """Yield, a line each, what a picture loses on its way into the file."""
        coding = self.coding
        if self.mastering is not None and coding.mastering is None:
            yield (
                f"{self.path} goes without what its HDR was graded on (mastering display, MaxCLL, MaxFALL), which "
                f"{coding.encoder.codec} in {coding.encoder.pixel_format} cannot carry; `encoder` h265 can"
            )
        in_matroska = container_format(self.path) in ("matroska", "webm")
        if self.sample_aspect != 1 and in_matroska and not coding.tells_aspect:
            yield (
                f"{self.path} goes without the shape of its pixels, {self.sample_aspect}, which {coding.encoder.codec} "
                f"in {self.path.suffix} cannot carry; write .mp4, or use `encoder` h264 or h265"
            )
        if coding.padding:
            width, height = coding.stored
            yield (
                f"{self.path} is {self.width}x{self.height}, which {coding.encoder.pixel_format} cannot hold: stored "
                f"as {width}x{height}, which players crop; `pixel_format` yuv444p holds it, but few players show that"
            )

    def check(self) -> None:
        """Make sure that the file can be written; quick.

        Raises:
            StvsrError: If its folder is missing, it exists, or two frames lie within one tick of its container.
        """
        if not self.path.parent.is_dir():
            raise StvsrError(f"{self.path}: the folder {self.path.parent} does not exist; create it first")
        if self.path.exists() and not self.overwrite:
            raise StvsrError(f"{self.path} exists already; replace it with `overwrite`, or choose another name")
        coarse = container_format(self.path) in ("matroska", "webm")
        if coarse and any(later - earlier < MILLISECOND for earlier, later in pairwise(self.pts)):
            raise StvsrError(
                f"{self.path}: {self.path.suffix} counts in milliseconds, and frames would be shown less than one "
                "after each other; write .mp4 or .mov"
            )
