"""STAA's upsampler (section 4.2), and what it has in common with another one.

low --conv--> [deformable ConvLSTM, both ways] --> residual dense blocks --conv--> space-time pixel shuffle --+--> high
 └──────────────────────── trilinear, at the phase of each colour's filter ─────────────────────────────────────┘
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.convolution import Conv3d
from stvsr.layers.residual_dense import RRDB3d
from stvsr.layers.shuffle import space_time_shuffle, space_time_unshuffle
from stvsr.layers.temporal import DeformableTemporalModule
from stvsr.models.staa.config import UpsamplerConfig
from stvsr.physics.interpolation import trilinear
from stvsr.physics.scale import Scale

COLOURS = 3
# A recurrent module sees every frame. This many on each side are what its answer was found to depend on.
RECURRENT_CONTEXT = 8


class Upsampler(nn.Module, ABC):
    """What every network from the low clip to the high clip does: fold, `predict`, shuffle, add the interpolation.

    With a time factor p/q it folds q frames and makes p of them, of which the first is that of the first frame and
    the j-th at the place ``j q/p`` of the low clip (section 5.3, Fig. 7).

    Args:
        config: Sizes of the parts.
        scale: Factors from low to high.
        num_conditions: Facts about how the low clip was degraded, each a channel of its own.
    """

    def __init__(self, config: UpsamplerConfig, scale: Scale, num_conditions: int = 0) -> None:
        super().__init__()
        self.config, self.scale, self.num_conditions = config, scale, num_conditions

    @property
    def channels(self) -> tuple[int, int]:
        """Channels that `predict` takes and gives: colours of folded samples and conditions; all samples to be made."""
        folded = COLOURS * self.config.fold**2
        made = self.scale.time.numerator * self.scale.height * self.scale.width
        return (folded * self.scale.time.denominator + self.num_conditions, folded * made)

    def _frames(self, reach: int) -> int:
        """Return how many low frames a reach in groups of folded frames comes to, from the far end of a group."""
        folded = self.scale.time.denominator
        return reach * folded + folded - 1

    @abstractmethod
    def predict(self, x: Tensor) -> Tensor:
        """Return what is added to the interpolation, sample by sample in channels, ``(B, C', t, h, w)``."""

    def forward(self, low: Tensor, centroid: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the high clip.

        Args:
            low: ``(B, 3, t, h, w)`` in [0, 1].
            centroid: Where each colour's low samples sit on the high grid, ``(3, 3)`` (`Kernel.centroid`).
            condition: ``(num_conditions,)``; None without any.

        Returns:
            ``(B, 3, floor(t * r), h * s, w * s)``, not clipped.
        """
        given, due = self.scale.time.denominator, self.scale.time.numerator
        height, width, fold = self.scale.height, self.scale.width, self.config.fold
        right, bottom, after = -low.shape[4] % fold, -low.shape[3] % fold, -low.shape[2] % given
        x = F.pad(low, (0, right, 0, bottom, 0, after), mode="replicate") if right or bottom or after else low
        x = space_time_unshuffle(x, given, fold, fold)
        if condition is not None:
            x = torch.cat((x, condition.to(x)[:, None, None, None].expand(len(x), -1, *x.shape[2:])), dim=1)
        x = self.predict(x)
        x = space_time_shuffle(x, due, height * fold, width * fold)
        frames = math.floor(low.shape[2] * self.scale.time)
        x = x[:, :, :frames, : low.shape[3] * height, : low.shape[4] * width]
        return x + trilinear(low, self.scale, centroid)


class DenseUpsampler(Upsampler):
    """The paper's network: 3-D residual dense blocks, behind a deformable ConvLSTM where the configuration asks for it.

    Args:
        config: Sizes of the parts.
        scale: Factors from low to high.
        num_conditions: As of `Upsampler`.
    """

    def __init__(self, config: UpsamplerConfig, scale: Scale, num_conditions: int = 0) -> None:
        super().__init__(config, scale, num_conditions)
        features = config.features
        taken, given = self.channels
        self.conv_first = Conv3d(taken, features, 3, padding=1)
        self.temporal = (
            DeformableTemporalModule(features, groups=config.groups)
            if config.temporal == "deformable"
            else nn.Identity()
        )
        kernels = ((3, 3, 3),) * config.dense
        self.body = nn.Sequential(
            *(RRDB3d(features, config.growth, config.layers, kernels, config.residual) for _ in range(config.blocks))
        )
        self.conv_last = Conv3d(features, given, 3, padding=1)
        start_at_zero(self.conv_last)

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an output depends on, or on which its codes were seen to."""
        if self.config.context is not None:
            return self.config.context
        reach = 2 + self.config.blocks * self.config.dense * self.config.layers
        recurrent = RECURRENT_CONTEXT if self.config.temporal == "deformable" else 0
        return (self._frames(reach + recurrent), reach * self.config.fold)

    @property
    def bytes_per_low_pixel(self) -> int:
        """Working memory of inference for each low pixel, a little above the peak resident size that was measured."""
        c = self.config
        dense = 2 * (c.features + c.growth * (c.layers - 1)) + 2 * c.features
        sampled = 40 * c.features if c.temporal == "deformable" else 0
        folded = c.fold**2 * self.scale.time.denominator
        return int(1.2 * 4 * ((dense + sampled) / folded + 6 * COLOURS * math.ceil(self.scale.samples)))

    def predict(self, x: Tensor) -> Tensor:
        """Map ``(B, C, t, h, w)`` to ``(B, C', t, h, w)``, see `channels`."""
        result: Tensor = self.conv_last(self.body(self.temporal(self.conv_first(x))))
        return result


def start_at_zero(last: nn.Conv2d | nn.Conv3d) -> None:
    """Let a network start as its skip connection, so that the first steps already improve on interpolation."""
    nn.init.zeros_(last.weight)
    if last.bias is not None:
        nn.init.zeros_(last.bias)
