"""Frames between frames along the motion: in front of an enlargement, or at another frame rate.

Two steps one after the other, as people do it today:

    low --motion, to every instant of the high frames--> fast --bicubic or Lanczos--> high

The instants are those that the degradation says: low frame i is the middle of its exposure.

A change of the frame rate by a ratio such as 6/5, without training, and as `stvsr retime` does it: low frame i is frame
``low * i`` of a source, result j is due for its frame ``high * j``. 6 and 5 turn 20 frames a second into 24.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count, islice
from typing import Literal, Protocol, get_args

import torch
from torch import Tensor

from stvsr.engine.retiming import SamplePosition, retime_stream
from stvsr.evaluation.flow import Flow, network_flow, search_flow, to_image, to_tensor
from stvsr.evaluation.methods.contract import Method
from stvsr.evaluation.methods.interpolation import Interpolation
from stvsr.evaluation.methods.interpolation import Method as Enlargement
from stvsr.jobs.instants import fitting_factor
from stvsr.layers.between import frame_between
from stvsr.models.conditional import restorer_for
from stvsr.models.contract import ConditionalModel, Reducer
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale
from stvsr.video.images import Image
from stvsr.video.minterpolate import minterpolate

Motion = Literal["minterpolate", "DIS warping", "SPyNet warping"]
How = Literal["nearest frame", "linear blend", "minterpolate", "DIS warping", "SPyNet warping"]


@dataclass(frozen=True)
class Cascade(Method):
    """Motion-compensated frames, then enlargement.

    Attributes:
        degradation: What made the low clip.
        motion: ``minterpolate``, FFmpeg's block matching; ``DIS warping``, along OpenCV's dense inverse search; or
            ``SPyNet warping``, along the flow network that ships with this package.
        space: How frames are enlarged.
    """

    degradation: Degradation
    motion: Motion = "minterpolate"
    space: Enlargement = "cubic"

    @property
    def name(self) -> str:
        """The steps that do something at this scale."""
        enlargement = Interpolation(self.degradation.but(time=1), self.space).name
        return self.motion + (f" + {enlargement}" if self.degradation.space > 1 else "")

    @property
    def scale(self) -> Scale:
        """Ratio of high to low samples."""
        return self.degradation.scale

    def reducer(self) -> Reducer:
        """Return the degradation without its noise, in 8-bit values."""
        return Interpolation(self.degradation)

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield the high frames of a stream of low frames."""
        space = Interpolation(self.degradation, self.space)
        centre = Fraction(space.centres[0]).limit_denominator(1000)
        for frame in self._between(low, self.degradation.time, centre):
            clip = to_tensor(frame)[None, :, None] / 255
            yield to_image(space.enlarge(clip)[0, :, 0] * 255)

    def _between(self, low: Iterable[Image], step: int, centre: Fraction) -> Iterator[Image]:
        if self.motion == "minterpolate":
            return minterpolate(low, step, centre)
        return warp_between(low, step, centre, search_flow() if self.motion == "DIS warping" else network_flow())


def cascades(degradation: Degradation) -> list[Cascade]:
    """Return the cascades that serve a degradation."""
    if degradation.time == 1:
        return []
    block = Cascade(degradation)
    lanczos = [replace(block, space="lanczos")] if degradation.space > 1 else []
    return [block, *lanczos, Cascade(degradation, "DIS warping"), Cascade(degradation, "SPyNet warping")]


class Between(Protocol):
    """The frames between two frames."""

    def at(self, share: float) -> Image:
        """Return the frame at ``share`` of the way from the first to the second, the first itself at 0."""


def frames_between(
    frames: Iterable[Image], step: int, centre: Fraction, between: Callable[[Image, Image], Between]
) -> Iterator[Image]:
    """Yield the frames at the instants 0, 1, 2, ... of a clip whose frame i is the instant ``step * i + centre``.

    Beyond its ends the clip stands still.

    Args:
        frames: RGB uint8 ``(height, width, 3)``, all of one size.
        step: Instants from one frame to the next.
        centre: The first frame's instant, from 0 to ``step``.
        between: Given two frames in a row, makes those between them.

    Yields:
        ``step`` frames for each one that came.
    """
    earlier, number, done = None, -1, 0
    for number, image in enumerate(frames):
        last = step * number + centre  # this frame's instant
        if earlier is None:
            while done < last:
                yield image
                done += 1
        else:
            pair = between(earlier, image)
            while done < last:
                yield pair.at(float(1 - (last - done) / step))
                done += 1
        earlier = image
    while earlier is not None and done < step * (number + 1):
        yield earlier
        done += 1


def warp_between(frames: Iterable[Image], step: int, centre: Fraction, flow: Flow) -> Iterator[Image]:
    """Yield what `frames_between` does, both frames around an instant warped to it and blended.

    The flow from an instant to a frame is put together from the flows between the frames (`stvsr.layers.between`).

    Args:
        frames: As of `frames_between`, with ``step`` and ``centre``.
        step: Instants from one frame to the next.
        centre: The first frame's instant.
        flow: How motion is found.
    """
    return frames_between(frames, step, centre, lambda first, second: Pair(first, second, flow))


class Pair:
    """Two frames and the flow between them, both ways."""

    @torch.inference_mode()
    def __init__(self, first: Image, second: Image, flow: Flow) -> None:
        self._first, self._second = first, second
        self._forward, self._backward = flow(first, second), flow(second, first)

    @torch.inference_mode()
    def at(self, share: float) -> Image:
        """Return the frame at ``share`` of the way from the first to the second, the first itself at 0."""
        if share == 0:
            return self._first
        first, second = (to_tensor(image, self._forward.device)[None] for image in (self._first, self._second))
        return to_image(frame_between(first, second, self._forward[None], self._backward[None], share)[0])


class NoFlow:
    """The flow of a scene at rest: along it, warping is blending."""

    name = "none"

    def __call__(self, first: Image, second: Image) -> Tensor:
        """Return zeros ``(2, height, width)``."""
        return torch.zeros(2, *first.shape[:2])


@dataclass(frozen=True)
class RateChange(Method):
    """Frames at another rate.

    Attributes:
        rates: Every how many source frames one is given, and every how many one is due.
        how: ``nearest frame`` drops and repeats; the others make frames up from the two around an instant.
    """

    rates: tuple[int, int]
    how: How

    @property
    def name(self) -> str:
        """What it does."""
        return self.how

    @property
    def scale(self) -> Scale:
        """Ratio of the rates."""
        return Scale(Fraction(*self.rates))

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield the frames at the new rate, until one is due after the last low frame."""
        given, due = self.rates
        if self.how == "nearest frame":
            return self._nearest(low)
        if self.how == "minterpolate":
            between = minterpolate(low, given, Fraction(0))
        elif self.how == "DIS warping":
            between = warp_between(low, given, Fraction(0), search_flow())
        else:
            between = warp_between(low, given, Fraction(0), NoFlow() if self.how == "linear blend" else network_flow())
        return islice(between, 0, None, due)

    def _nearest(self, low: Iterable[Image]) -> Iterator[Image]:
        """At equal distance take the earlier frame."""
        given, due = self.rates
        instant, earlier = 0, None
        for number, frame in enumerate(low):
            while earlier is not None and 2 * instant <= given * (2 * number - 1):
                yield earlier
                instant += due
            earlier = frame
        if earlier is not None:
            yield earlier


@dataclass(frozen=True)
class Retimed(Method):
    """What `stvsr retime` does, told that low frames are sharp.

    Attributes:
        rates: Every how many source frames one is given, and every how many one is due.
        model: Makes finer frames.
        name: What tables call it.
        iterations: K, where it is not the model's own.
    """

    rates: tuple[int, int]
    model: ConditionalModel
    name: str
    iterations: int | None = None

    @property
    def scale(self) -> Scale:
        """Ratio of the rates."""
        return Scale(Fraction(*self.rates))

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield the frames at the new rate, as long as finer ones reach."""
        given, due = self.rates
        shown, times = ([Fraction(step * i) for i in range(other)] for step, other in ((given, due), (due, given)))
        factor = fitting_factor(shown, Fraction(given * due), times)
        degradation = Degradation(time=factor, exposure=1 / given)
        instants = (SamplePosition(*divmod(Fraction(due * k * factor, given), 1)) for k in count())
        return retime_stream(restorer_for(self.model, degradation, self.iterations), low, instants)


def rate_changes(rates: tuple[int, int]) -> list[RateChange]:
    """Return all of them."""
    return [RateChange(rates, how) for how in get_args(How)]
