"""The measurement itself: every method on the same frames, streamed in bounded memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar, cast

import numpy as np

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.methods import Method, restored_frames
from stvsr.evaluation.metrics import Frames, Score, check_installed, score_frames
from stvsr.evaluation.protocol import FrameSet, Protocol
from stvsr.restoration.contract import Restorer
from stvsr.restoration.degrade import Degrader
from stvsr.restoration.stream import downsample_stream

T = TypeVar("T")
Report = Callable[[str, str, int], None]
"""Called with the method, the clip and the number of frames done."""


@dataclass(frozen=True)
class ClipScores:
    """One method on one clip.

    Attributes:
        clip: The clip's name.
        size: Its frames, height and width.
        scores: Of every frame.
        seconds: Time that restoring took, without decoding, downsampling and scoring.
    """

    clip: str
    size: tuple[int, int, int]
    scores: Sequence[Score]
    seconds: float

    @property
    def megapixels(self) -> float:
        """Output pixels in millions."""
        frames, height, width = self.size
        return frames * height * width / 1e6


@dataclass
class MethodScores:
    """One method on all clips."""

    method: str
    protocol: Protocol
    clips: list[ClipScores] = field(default_factory=list)

    def mean(self, frames: FrameSet | None = None) -> Score | None:
        """Return the mean over the clips of their means; ``None`` where no frame counts."""
        means = [self.protocol.clip_mean(clip.scores, frames) for clip in self.clips]
        return Score.mean([mean for mean in means if mean is not None])

    @property
    def seconds_per_megapixel(self) -> float:
        """Time per million output pixels."""
        return sum(c.seconds for c in self.clips) / sum(c.megapixels for c in self.clips)


@dataclass(frozen=True)
class Measure:
    """How to measure, apart from what counts.

    Attributes:
        report: Told about every frame.
        device: Where low clips are made and metrics computed; the methods run where they are.
        ssim: Whether to compute SSIM, which takes most of the time of a quick method.
        seed: Of the noise of a degradation that has some; the same noise for every method.
    """

    report: Report = lambda method, clip, frames: None
    device: str = "cpu"
    ssim: bool = True
    seed: int = 0


def evaluate(
    methods: Sequence[Method], clips: Sequence[TestClip], protocol: Protocol, measure: Measure | None = None
) -> list[MethodScores]:
    """Measure methods on clips: shrink, restore, round to 8 bits, compare with the truth.

    Args:
        methods: Models and baselines, all of the protocol's scale.
        clips: The truth.
        protocol: What counts.
        measure: How to measure.

    Raises:
        StvsrError: If a method has another scale or cannot shrink where the protocol wants it to, or a clip is
            unreadable, too small, or too short, or if torchmetrics is missing.
    """
    measure = measure or Measure()
    for method in methods:
        if method.scale != protocol.scale:
            raise StvsrError(
                f"{method.name} is made for {method.scale} and cannot be measured at {protocol.scale}: "
                "evaluate models of one scale at a time"
            )
    check_installed()
    for clip in clips:
        _check(clip, protocol)
    results = [MethodScores(method.name, protocol) for method in methods]
    for clip in clips:
        for method, result in zip(methods, results, strict=True):
            result.clips.append(evaluate_clip(method, clip, protocol, measure))
    return results


def evaluate_clip(method: Method, clip: TestClip, protocol: Protocol, measure: Measure | None = None) -> ClipScores:
    """Measure one method on one clip; see `evaluate`."""
    measure = measure or Measure()
    scores: list[Score] = []
    height = width = 0
    low = Stopwatch(low_frames(method, clip, protocol, measure))
    restored = Stopwatch(restored_frames(method, low))
    for truth in measured_frames(clip, protocol):
        height, width, _ = truth.shape
        frame = next(restored, None)
        if frame is None:
            raise StvsrError(f"{method.name} gave only {len(scores)} frames of {clip.name}")
        crop = _one(frame[:height, :width])
        scores += score_frames(crop, _one(truth), protocol.border, measure.device, ssim=measure.ssim)
        measure.report(method.name, clip.name, len(scores))
    restored.close()
    low.close()
    return ClipScores(clip.name, (len(scores), height, width), scores, restored.seconds - low.seconds)


def low_frames(method: Method | None, clip: TestClip, protocol: Protocol, measure: Measure) -> Iterator[Frames]:
    """Yield the low clip: as the protocol's degradation makes it, or where it has none, as the method does.

    Raises:
        StvsrError: If neither can make it.
    """
    frames = measured_frames(clip, protocol)
    if protocol.degradation is None:
        if not hasattr(method, "downsample"):
            raise StvsrError(f"{getattr(method, 'name', 'nothing')} cannot shrink clips: give a degradation")
        return downsample_stream(cast("Restorer", method), frames)
    degrader = Degrader(protocol.degradation, measure.seed).to(measure.device)
    return downsample_stream(degrader, frames, finish=degrader.add_noise)


def measured_frames(clip: TestClip, protocol: Protocol) -> Iterator[Frames]:
    """Yield the frames of a clip that take part, without the last ones that fill no low frame."""
    unit = 1 if protocol.degradation is None else protocol.degradation.time
    frames = clip.frames()
    while len(group := list(islice(frames, unit))) == unit:
        yield from group


def _check(clip: TestClip, protocol: Protocol) -> None:
    """Find out what is wrong with a clip before hours go into the others."""
    frames = list(islice(clip.frames(), protocol.least))
    if len(frames) < protocol.least:
        raise StvsrError(
            f"{clip.name}: {len(frames)} frames are too few for {protocol.name}; "
            f"give a clip of at least {protocol.least}"
        )
    try:
        score_frames(_one(frames[0]), _one(frames[0]), protocol.border)
    except StvsrError as error:
        raise StvsrError(f"{clip.name}: {error}; take it out") from error


class Stopwatch(Generic[T]):
    """An iterator that counts the seconds spent inside the generator that it wraps."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self.seconds = 0.0

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        start = time.perf_counter()
        try:
            return next(self._items)
        finally:
            self.seconds += time.perf_counter() - start

    def close(self) -> None:
        """Close the generator, so that files which it holds are closed."""
        close = getattr(self._items, "close", None)
        if close is not None:
            close()


def _one(frame: Frames) -> Frames:
    return np.ascontiguousarray(frame)[None]
