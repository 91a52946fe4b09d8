"""Sharp frames at a low rate: restored one by one in space, and frames between them made along their motion.

    low ──> restorer, time 1 ──> sharp frames ──> interpolator ──> high
                                     └── kept as they are ──────────┘

Where the shutter was open for no longer than one high frame lasts, nothing of the motion is mixed into a low frame, so
that both halves of the task come apart. A model made for each is ahead of one for both: work in space is done once for
every recorded frame, and motion is found on frames of full size.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from torch import Tensor

from stvsr.models.conditional import BoundModel
from stvsr.models.contract import ConditionalModel, Interpolator
from stvsr.physics.degradation import Degradation, has_effect


def is_sharp_in_time(degradation: Degradation) -> bool:
    """Whether low frames show one instant each, the first of their high frames."""
    return degradation.shutter == "box" and degradation.exposure * degradation.time <= 1 + 1e-6


def in_space(degradation: Degradation) -> Degradation:
    """Return what is left of a degradation where time is left alone."""
    return degradation.but(time=1, exposure=1.0, shutter="box")


class Cascade(BoundModel):
    """Undoes a degradation that is sharp in time, by a model in space and one between frames.

    Args:
        degradation: With a factor in time.
        restorer: What undoes the rest; None where there is nothing else to undo.
        interpolator: Makes frames at any instants between given ones.
        iterations: Of the restorer; its own if None.
    """

    exact_context = False

    def __init__(
        self,
        degradation: Degradation,
        restorer: ConditionalModel | None,
        interpolator: Interpolator,
        iterations: int | None = None,
    ) -> None:
        super().__init__(degradation)
        rest = in_space(degradation)
        self.restorer = restorer.bind(rest, iterations) if restorer and has_effect(rest) else None
        self.interpolator = interpolator

    @property
    def identity(self) -> Any:
        """What results depend on beside weights."""
        return self.degradation, self.restorer.identity if self.restorer else None

    @property
    def name(self) -> str:
        """The names of both models."""
        names = ([self.restorer.name] if self.restorer else []) + [self.interpolator.name]
        return " + ".join(names)

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an exact answer needs, one after the other."""
        space = self.degradation.space
        frames, pixels = self.interpolator.context
        first = self.restorer.context if self.restorer else (0, 0)
        return (first[0] + frames, first[1] - (-pixels // space))

    @property
    def bytes_per_low_pixel(self) -> int:
        """Working memory of `upsample` for each pixel of a low frame."""
        between = self.interpolator.bytes_per_low_pixel * self.degradation.space**2 * self.degradation.time
        return max(between, self.restorer.bytes_per_low_pixel if self.restorer else 0)

    def upsample(self, low: Tensor) -> Tensor:
        """Undo the degradation, clipped to [0, 1]; after the last low frame the picture stands still."""
        sharp = self.restorer.upsample(low) if self.restorer else low
        time = self.degradation.time
        return self.interpolator.frames_at(sharp, [Fraction(j, time) for j in range(low.shape[2] * time)])
