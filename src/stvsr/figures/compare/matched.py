"""Several videos of one scene, frame beside frame: matched by the time on the screen, at one size.

Of each video the frame is taken that is shown at the reference's instant, counted from the first frame of each. So a
video of half the rate shows each of its frames twice, as a player would, and no video slides against another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.psnr_ssim import Frames
from stvsr.figures.picture import hold
from stvsr.video.info import VideoInfo, probe
from stvsr.video.reader import Frame, VideoReader

Size = tuple[int, int]
# Containers round times; a frame that is this share of a period late is still the one that is meant.
TOLERATED = Fraction(1, 4)
# By how much the shapes of two pictures of one scene may differ.
ASPECT_TOLERANCE = 0.02


@dataclass(frozen=True)
class Moment:
    """What all videos show at one instant.

    Attributes:
        number: Of the reference's frame, from 0.
        time: In seconds after the reference's first frame.
        frames: One for each video, ``(H, W, 3)`` uint8, all of the common size.
    """

    number: int
    time: Fraction
    frames: Sequence[Frames]


class Lineup:
    """Videos to be compared.

    Args:
        paths: The videos.
        truth: What they should look like, put before them; its frames and its size are the reference. Without one
            the frames are those of the video with the highest rate, the size that of the largest.
        names: What to call the videos without the truth; by default their files' names.

    Attributes:
        names: Of all videos, the truth first.
        facts: Size and rate of each, such as ``120x80, 12.5 fps``.
        native: Whether each has the common size by itself.
        size: The common height and width.
        has_truth: Whether the first one is the truth.
        reference: The number of the video whose frames are counted.
        rate: Its frames per second.

    Raises:
        StvsrError: If there are fewer than two videos, one cannot be read, or they cannot show the same.
    """

    def __init__(self, paths: Sequence[Path], truth: Path | None = None, names: Sequence[str] | None = None) -> None:
        self.paths = [*([truth] if truth else []), *paths]
        if len(self.paths) < 2:
            raise StvsrError("a comparison needs two videos: give another one, or --truth")
        if names and len(names) != len(paths):
            raise StvsrError(
                f"{len(names)} names for {len(paths)} videos: give one --name for each, none for the truth"
            )
        self.has_truth = truth is not None
        self.names = [*(["truth"] if truth else []), *(names or [path.stem for path in paths])]
        infos = [probe(path) for path in self.paths]
        largest = infos[0] if truth else max(infos, key=lambda info: info.width * info.height)
        self.size: Size = (largest.height, largest.width)
        self._fits = [fit(info, self.size) for info in infos]
        self.native = [(info.height, info.width) == self.size for info in infos]
        self.facts = [f"{info.width}x{info.height}, {float(info.rate):.4g} fps" for info in infos]
        rates = [info.rate for info in infos]
        self.reference = 0 if truth else rates.index(max(rates))
        self.rate = rates[self.reference]

    def moments(self, first: int = 0, count: int | None = None) -> Iterator[Moment]:
        """Yield what all show at the reference's frames ``first`` and the ``count - 1`` after it, or all after it."""
        with ExitStack() as stack:
            readers = [stack.enter_context(VideoReader(path)) for path in self.paths]
            shown = [_Shown(reader) for reader in readers]
            reference = shown[self.reference]
            numbered = enumerate(reference.times())
            for number, time in islice(numbered, first, None if count is None else first + count):
                late = time + TOLERATED / self.rate
                frames = [
                    fitted(one.current if one is reference else one.at(late))
                    for one, fitted in zip(shown, self._fits, strict=True)
                ]
                yield Moment(number, time, frames)

    def reference_frames(self, first: int = 0, count: int | None = None) -> Iterator[Frames]:
        """Yield the reference's frames alone, of the common size, as `moments` counts them."""
        fitted = self._fits[self.reference]
        with VideoReader(self.paths[self.reference]) as reader:
            yield from (fitted(frame.rgb) for frame in islice(reader, first, None if count is None else first + count))


class _Shown:
    """What a video shows, as time goes on."""

    def __init__(self, reader: VideoReader) -> None:
        self._frames = iter(reader)
        self._frame = next(self._frames)
        self._start = self._frame.time
        self._next: Frame | None = None

    @property
    def current(self) -> Frames:
        return self._frame.rgb

    def at(self, time: Fraction) -> Frames:
        """Return what is shown at a time after the first frame; the last frame stays."""
        while True:
            self._next = self._next or next(self._frames, None)
            if self._next is None or self._next.time - self._start > time:
                return self.current
            self._frame, self._next = self._next, None

    def times(self) -> Iterator[Fraction]:
        """Go through all frames, telling their times."""
        yield Fraction(0)
        for frame in self._frames:
            self._frame = frame
            yield frame.time - self._start


def fit(info: VideoInfo, size: Size) -> Callable[[Frames], Frames]:
    """Return what brings the frames of a video to a size.

    A whole factor, sizes rounded up as by ``stvsr shrink``, makes every pixel a block, so that nothing is made up;
    any other one is bicubic.

    Args:
        info: The video.
        size: Height and width.

    Raises:
        StvsrError: If the frames are larger, or of another shape.
    """
    (high, wide), (height, width) = size, (info.height, info.width)
    if (height, width) == size:
        return lambda frame: frame
    if height > high or width > wide:
        raise StvsrError(
            f"{info.path} is {width}x{height}, larger than the reference, {wide}x{high}: make it as small first"
        )
    factor = -(-high // height)
    if (-(-high // factor), -(-wide // factor)) == (height, width):
        return lambda frame: hold(frame[None], 1, factor, factor, (1, high, wide))[0]
    if abs(width * high / (height * wide) - 1) > ASPECT_TOLERANCE:
        raise StvsrError(
            f"{info.path} is {width}x{height}, another shape than {wide}x{high}: crop it to that shape first"
        )
    return lambda frame: _resized(frame, size)


def _resized(frame: Frames, size: Size) -> Frames:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(frame))
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BICUBIC))
