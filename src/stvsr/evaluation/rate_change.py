"""A change of the frame rate by a ratio such as 6/5: without training, and as `stvsr retime` does it.

Low frame i is frame ``low * i`` of a source, result j is due for its frame ``high * j``: 6 and 5 turn 20 frames a
second into 24.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, islice
from typing import Literal, get_args

import torch
from torch import Tensor

from stvsr.engine.retiming import Instant, retime_stream
from stvsr.evaluation.cascade import warp_between
from stvsr.evaluation.flow import NetworkFlow, SearchFlow
from stvsr.jobs.instants import fitting_factor
from stvsr.models.conditional import finer
from stvsr.models.contract import GeneralModel
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale
from stvsr.video.images import Image
from stvsr.video.minterpolate import minterpolate

How = Literal["nearest frame", "linear blend", "minterpolate", "DIS warping", "SPyNet warping"]


class NoFlow:
    """The flow of a scene at rest: along it, warping is blending."""

    name = "none"

    def __call__(self, first: Image, second: Image) -> Tensor:
        """Return zeros ``(2, height, width)``."""
        return torch.zeros(2, *first.shape[:2])


@dataclass(frozen=True)
class RateChange:
    """Frames at another rate; a `stvsr.evaluation.methods.FrameRestorer`.

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
            between = warp_between(low, given, Fraction(0), SearchFlow())
        else:
            between = warp_between(low, given, Fraction(0), NoFlow() if self.how == "linear blend" else NetworkFlow())
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
class Retimed:
    """What `stvsr retime` does, told that low frames are sharp; a `stvsr.evaluation.methods.FrameRestorer`.

    Attributes:
        rates: Every how many source frames one is given, and every how many one is due.
        model: Makes finer frames.
        name: What tables call it.
        iterations: K, where it is not the model's own.
    """

    rates: tuple[int, int]
    model: GeneralModel
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
        instants = (Instant(*divmod(Fraction(due * k * factor, given), 1)) for k in count())
        return retime_stream(finer(self.model, degradation, self.iterations), low, instants)


def rate_changes(rates: tuple[int, int]) -> list[RateChange]:
    """Return all of them."""
    return [RateChange(rates, how) for how in get_args(How)]
