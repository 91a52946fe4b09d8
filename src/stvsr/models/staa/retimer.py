"""STAA's upsampler as a change of the frame rate by p/q (section 5.3, Fig. 7): there is no downsampler.

    low frame     0       1       2       3       4       5      q of them in the time of
    new frame     0      1      2      3      4      5      6    p new ones: j stands at j q/p

For training a finer clip is needed, of p q frames in that time: every p-th is given, every q-th is due.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.models.contract import Interpolator
from stvsr.models.staa.config import InterpolatorConfig
from stvsr.models.staa.networks import Expanding, make_upsampler
from stvsr.models.staa.warping import WarpingUpsampler
from stvsr.physics.clip import check_clip


class Retimer(Expanding, Interpolator):
    """Makes the frames of another rate.

    Args:
        config: What the model is made of; its time factor is p/q, not whole.
        name: The model's name, ``<family>-<p>over<q>t<space>s[-compact]``.
    """

    config: InterpolatorConfig

    def __init__(self, config: InterpolatorConfig, name: str = "staa") -> None:
        super().__init__()
        self.config, self.name, self.scale = config, name, config.scale
        self.upsampler = make_upsampler(config)

    @property
    def any_rate(self) -> bool:
        """Whether it makes frames at any places, not at those of its own ratio alone."""
        return isinstance(self.upsampler, WarpingUpsampler)

    def upsample(self, low: Tensor) -> Tensor:
        """Return the frames ``(B, 3, floor(t p/q), h, w)`` of ``low`` ``(B, 3, t, h, w)`` in [0, 1]."""
        return self.frames_at(low, self._places(self.scale.high_size((check_clip(low, self)[0], 1, 1))[0]))

    def frames_at(self, low: Tensor, positions: Sequence[Fraction], start: int = 0) -> Tensor:
        """Return the frames at some positions of a longer clip, each for its exact place.

        Args:
            low: Some consecutive frames of it, ``(B, 3, t, h, w)`` in [0, 1].
            positions: In frames of the whole clip, increasing, none before ``start``.
            start: The number of the first frame of ``low`` in the whole clip.

        Returns:
            ``(B, 3, len(positions), h * s, w * s)`` in [0, 1].

        Raises:
            StvsrError: If a place between two frames is none of the model's ratio, and it knows no others.
        """
        check_clip(low, self)
        return self._frames_at(low, positions, start).clamp(0, 1)

    def forward(self, fine: Tensor) -> tuple[Tensor, Tensor]:
        """Return the frames that are given of a p q times finer clip, and the model's of those that are due."""
        low = self.inputs(fine)
        return low, self._frames_at(low, self._places(self.targets(fine).shape[2]), 0)

    def inputs(self, clip: Tensor) -> Tensor:
        """Return the frames of a p q times finer clip that are given."""
        return clip[:, :, :: self.scale.time.numerator]

    def targets(self, clip: Tensor) -> Tensor:
        """Return the frames of a p q times finer clip that are due, up to the last one that is given."""
        given, due = self.scale.time.numerator, self.scale.time.denominator
        return clip[:, :, : (clip.shape[2] - 1) // given * given + 1 : due]

    def _frames_at(self, low: Tensor, positions: Sequence[Fraction], start: int) -> Tensor:
        if isinstance(self.upsampler, WarpingUpsampler):
            made: Tensor = self.upsampler(low, [place - start for place in positions])
            return made
        # Frames are folded in groups that begin with a multiple of q.
        lead = start % self.scale.time.denominator
        numbers = [(place - (start - lead)) * self.scale.time for place in positions]
        if any(
            place.denominator > 1 and number.denominator > 1 for place, number in zip(positions, numbers, strict=True)
        ):
            raise StvsrError(f"{self.name} changes the rate by {self.scale.time} alone; take another model")
        low = torch.cat([low[:, :, :1]] * lead + [low], dim=2)
        high: Tensor = self.upsampler(low, low.new_zeros(1, 3))
        last = math.floor(low.shape[2] * self.scale.time) - 1
        return high[:, :, [min(math.ceil(number), last) for number in numbers]]
