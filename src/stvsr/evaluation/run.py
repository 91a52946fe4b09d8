"""The measurement itself: every method on the same frames, streamed in bounded memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

import numpy as np

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.metrics import Frames, Score, check_installed, score_frames
from stvsr.evaluation.protocol import FrameSet, Protocol
from stvsr.restoration.contract import Restorer
from stvsr.restoration.stream import downsample_stream, upsample_stream

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
        seconds: Time that `upsample` took, without decoding, downsampling and scoring.
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


def evaluate(
    methods: Sequence[Restorer],
    clips: Sequence[TestClip],
    protocol: Protocol,
    report: Report = lambda method, clip, frames: None,
    device: str = "cpu",
) -> list[MethodScores]:
    """Measure methods on clips: shrink, restore, round to 8 bits, compare with the truth.

    Args:
        methods: Models and baselines, all of the protocol's scale.
        clips: The truth.
        protocol: What counts.
        report: Told about every frame.
        device: Where the metrics are computed; the methods run where they are.

    Raises:
        StvsrError: If a method has another scale, or a clip is unreadable, too small, or empty, or if
            torchmetrics is missing.
    """
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
            result.clips.append(evaluate_clip(method, clip, protocol, report, device))
    return results


def evaluate_clip(
    method: Restorer,
    clip: TestClip,
    protocol: Protocol,
    report: Report = lambda method, clip, frames: None,
    device: str = "cpu",
) -> ClipScores:
    """Measure one method on one clip; see `evaluate`."""
    scores: list[Score] = []
    height = width = 0
    low = Stopwatch(downsample_stream(method, clip.frames()))
    restored = Stopwatch(upsample_stream(method, low))
    for truth in clip.frames():
        height, width, _ = truth.shape
        frame = next(restored, None)
        if frame is None:
            raise StvsrError(f"{method.name} gave only {len(scores)} frames of {clip.name}")
        scores += score_frames(_one(frame[:height, :width]), _one(truth), protocol.border, device)
        report(method.name, clip.name, len(scores))
    restored.close()
    return ClipScores(clip.name, (len(scores), height, width), scores, restored.seconds - low.seconds)


def _check(clip: TestClip, protocol: Protocol) -> None:
    """Find out what is wrong with a clip before hours go into the others."""
    least = 2 * protocol.skip + 1
    frames = list(islice(clip.frames(), least))
    if len(frames) < least:
        raise StvsrError(f"{clip.name}: {len(frames)} frames are too few for {protocol.name}; give a longer clip")
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
