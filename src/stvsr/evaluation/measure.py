"""The measurement itself: every method on the same frames, streamed in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from stvsr.engine.downsampling import downsample_stream
from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.methods.contract import LowClip, Method, Stopwatch
from stvsr.evaluation.metrics.psnr_ssim import Frames, Score, score_frames
from stvsr.evaluation.metrics.registry import Meter
from stvsr.evaluation.protocols import FrameSet, Protocol
from stvsr.jobs.degrade import Degrader

Report = Callable[[str, str, int], None]
"""Called with the method, the clip and the number of frames done."""


def silent(method: str, clip: str, frames: int) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class ClipScores:
    """One method on one clip.

    Attributes:
        clip: The clip's name.
        size: Its frames, height and width.
        scores: Of every frame.
        seconds: Time that restoring took, without decoding, downsampling and scoring.
        extra: Further metrics by name (`stvsr.evaluation.metrics.registry`), of every frame; not a number where it has
            none.
    """

    clip: str
    size: tuple[int, int, int]
    scores: Sequence[Score]
    seconds: float
    extra: Mapping[str, Sequence[float]] = field(default_factory=dict)

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

    def extra_mean(self, frames: FrameSet | None = None) -> dict[str, float]:
        """Return the same of further metrics, of frames that have them; without those that no clip has."""
        found: dict[str, list[float]] = {}
        for clip in self.clips:
            for name, value in clip_extra(clip, self.protocol, frames).items():
                found.setdefault(name, []).append(value)
        return {name: sum(values) / len(values) for name, values in found.items()}

    @property
    def seconds_per_megapixel(self) -> float:
        """Time per million output pixels."""
        return sum(c.seconds for c in self.clips) / sum(c.megapixels for c in self.clips)


def clip_extra(clip: ClipScores, protocol: Protocol, frames: FrameSet | None = None) -> dict[str, float]:
    """Return the mean of each further metric over those counted frames of a clip that have it."""
    counted = protocol.counted(len(clip.scores), frames)
    known = {name: [curve[i] for i in counted if math.isfinite(curve[i])] for name, curve in clip.extra.items()}
    return {name: sum(values) / len(values) for name, values in known.items() if values}


def score_clip(
    method: Method,
    clip: TestClip,
    protocol: Protocol,
    meters: Sequence[Meter] = (),
    report: Report = silent,
    *,
    device: str = "cpu",
    ssim: bool = True,
    seed: int = 0,
) -> ClipScores:
    """Measure one method on one clip: shrink, restore, round to 8 bits, compare with the truth.

    Args:
        method: What restores.
        clip: The truth.
        protocol: What counts.
        meters: Of further metrics, new ones.
        report: Told about every frame.
        device: Where the low clip is made and PSNR and SSIM are computed.
        ssim: Whether to compute SSIM.
        seed: Of the noise of a degradation that has some.
    """
    scores: list[Score] = []
    height = width = 0
    low = LowClip(clip, lambda: low_frames(method, clip, protocol, device, seed))
    restored = Stopwatch(method.restore(low))
    for truth in measured_frames(clip, protocol):
        height, width, _ = truth.shape
        frame = next(restored, None)
        if frame is None:
            raise StvsrError(f"{method.name} gave only {len(scores)} frames of {clip.name}")
        if not low.is_read and frame.shape != truth.shape:
            raise StvsrError(
                f"{method.name}: its {clip.name} is {frame.shape[1]}x{frame.shape[0]}; {width}x{height} is due"
            )
        crop = np.ascontiguousarray(frame[:height, :width])
        scores += score_frames(_one(crop), _one(truth), protocol.border, device, ssim=ssim)
        for meter in meters:
            meter.add(crop, truth)
        report(method.name, clip.name, len(scores))
    seconds = restored.seconds - low.seconds
    if not low.is_read:
        seconds = math.nan
        _check_aligned(method, clip, sum(1 for _ in restored), len(scores))
    restored.close()
    low.close()
    extra = {name: curve for meter in meters for name, curve in meter.curves().items()}
    return ClipScores(clip.name, (len(scores), height, width), scores, seconds, extra)


def low_frames(
    method: Method | None, clip: TestClip, protocol: Protocol, device: str = "cpu", seed: int = 0
) -> Iterator[Frames]:
    """Return the low clip's frames: as the data set has it, as the protocol makes it, or else as the method does.

    Raises:
        StvsrError: If neither can make it.
    """
    if protocol.rates:
        return islice(clip.frames(), 0, None, protocol.rates[0])
    if protocol.low == "stored":
        assert clip.low is not None
        assert protocol.degradation is not None
        return islice(clip.low.frames(), clip.limit and clip.limit // protocol.degradation.time)
    frames = measured_frames(clip, protocol)
    if protocol.degradation is None:
        if method is None:
            raise StvsrError(f"{protocol.name}: methods shrink clips themselves; give one")
        return downsample_stream(method.reducer(), frames)
    degrader = Degrader(protocol.degradation, seed).to(device)
    return downsample_stream(degrader, frames, finish=degrader.add_noise)


def measured_frames(clip: TestClip, protocol: Protocol) -> Iterator[Frames]:
    """Yield the frames of a clip that take part: at another rate, each of them between two low ones; else whole blocks.

    Blocks are the high frames of one low frame; the last ones, that fill none, are left out.
    """
    if protocol.rates:
        yield from _resampled(clip.frames(), *protocol.rates)
        return
    unit = 1 if protocol.degradation is None else protocol.degradation.time
    frames = clip.frames()
    while len(group := list(islice(frames, unit))) == unit:
        yield from group


def _resampled(source: Iterator[Frames], low: int, high: int) -> Iterator[Frames]:
    """Yield every ``high``-th frame up to the last of every ``low``-th one."""
    waiting: list[Frames] = []
    for number, frame in enumerate(source):
        if number % high == 0:
            waiting.append(frame)
        if number % low == 0:
            yield from waiting
            waiting.clear()


def _check_aligned(method: Method, clip: TestClip, more: int, measured: int) -> None:
    """Make sure that a stored result has the frames of the whole clip, or of those that take part."""
    total = sum(1 for _ in clip.frames()) if more else measured
    if more and measured + more != total:
        raise StvsrError(
            f"{method.name}: {measured + more} or more frames of {clip.name} lie there, and the truth has {total}: "
            "they cannot be aligned"
        )


def check_clip(clip: TestClip, protocol: Protocol) -> None:
    """Find out what is wrong with a clip before hours go into the others."""
    if protocol.low == "stored" and clip.low is None:
        raise StvsrError(f"{clip.name}: {protocol.name} needs the low clip of the data set, and there is none")
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


def _one(frame: Frames) -> Frames:
    return np.ascontiguousarray(frame)[None]
