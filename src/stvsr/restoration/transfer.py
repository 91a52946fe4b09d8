"""From one file through a computation into another: the loop over frames that all jobs share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from stvsr.errors import StvsrError
from stvsr.restoration.contract import Image
from stvsr.restoration.job import Watcher
from stvsr.restoration.pipeline import WriteBehind, read_ahead
from stvsr.restoration.times import MILLISECOND
from stvsr.video.colour import Colour, stores_alpha
from stvsr.video.encoders import Encoder
from stvsr.video.info import VideoInfo
from stvsr.video.output import container_format
from stvsr.video.reader import Frame, VideoReader
from stvsr.video.writer import VideoWriter


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


def transfer(
    source: Path,
    target: Target,
    pictures: Callable[[Iterable[Frame]], Iterable[Image]],
    compute: Callable[[Iterator[Image]], Iterable[Image]],
    step: Callable[[int], None],
) -> None:
    """Decode, compute and encode at the same time; copy audio, subtitles and tags.

    Args:
        source: Where the frames come from.
        target: What to write; the file appears when it is complete.
        pictures: Takes the pictures out of the frames, in the reading thread.
        compute: Makes the target's frames of them, as many as it has times.
        step: Told the number of frames that were handed to the encoder.

    Raises:
        StvsrError: If the source cannot be read or the target cannot be written.
    """
    _check_times(target)
    with (
        VideoReader(source) as reader,
        VideoWriter(
            target.path,
            target.width,
            target.height,
            target.rate,
            encoder=target.encoder,
            time_base=target.tick,
            copy_from=source,
            drop=target.drop,
            metadata=target.metadata,
            colour=target.colour,
            sample_aspect=target.sample_aspect,
        ) as writer,
        WriteBehind[tuple[Image, Fraction, Fraction | None]](lambda item: writer.write(*item)) as sink,
        closing(read_ahead(pictures(reader))) as frames,
    ):
        for done, (image, time) in enumerate(zip(compute(frames), target.times, strict=True), start=1):
            sink.put((image, time, None if target.end is None else target.end - time))
            step(done)


def check_content(info: VideoInfo, watcher: Watcher) -> None:
    """Tell the watcher what of a source gets lost.

    Raises:
        StvsrError: If that would be its transparency.
    """
    if info.has_alpha and not stores_alpha(info.pixel_format):  # kept where the decoder does not look
        raise StvsrError(f"{info.path} is partly transparent, which would be lost; flatten it onto a colour first")
    if info.colour.is_hdr or info.bit_depth > 8:
        kind = "HDR" if info.colour.is_hdr else f"{info.bit_depth}-bit"
        watcher.notice(f"{info.path} is {kind} video: 8 bits of every colour are kept")
    if info.interlaced:
        watcher.notice(f"{info.path} is interlaced: deinterlace it first, or fast motion will show combs")


def counted(frames: Iterable[Frame], expected: int, path: Path) -> Iterator[Image]:
    """Yield opaque pictures, as many as were announced.

    Raises:
        StvsrError: If there are more or fewer, or one is partly transparent.
    """
    count = 0
    for count, frame in enumerate(frames, start=1):
        if count > expected:
            break
        if not frame.opaque:
            raise StvsrError(
                f"{path} is partly transparent in frame {count}, which would be lost; flatten it onto a colour first"
            )
        yield frame.rgb
    if count != expected:
        raise StvsrError(f"{path} announces {expected} frames but {count} can be decoded; convert it to H.264 first")


def _check_times(target: Target) -> None:
    coarse = container_format(target.path) in ("matroska", "webm")
    if coarse and any(later - earlier < MILLISECOND for earlier, later in pairwise(target.times)):
        raise StvsrError(
            f"{target.path}: {target.path.suffix} counts in milliseconds, and frames would be shown less than one "
            "after each other; write .mp4 or .mov"
        )
