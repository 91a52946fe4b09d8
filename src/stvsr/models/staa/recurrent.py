"""Another upsampler behind the same contract: 2-D convolutions that carry features from frame to frame.

    frames i - 1, i, i + 1 ──┬── conv ── residual blocks ──┬──> hidden i ──┐
    hidden i - 1 ────────────┘                             └──> next frame ├── conv ── conv ── samples of frame i
    the same from the last frame to the first ─────────────────────────────┘

That the training of filter and network together does not hang on one architecture is shown by exchanging it (STAA,
Tables 5 and 6).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.residual_dense import NEGATIVE_SLOPE, initialise_small
from stvsr.models.staa.config import UpsamplerConfig
from stvsr.models.staa.upsampler import COLOURS, RECURRENT_CONTEXT, Upsampler, start_at_zero
from stvsr.physics.scale import Scale

NEIGHBOURS = 3
# Frames over which the memory for the work on one frame is spread: clips this short are of no use.
FEWEST_FRAMES = 8


class ResidualBlock(nn.Module):
    """``x + conv(leaky_relu(conv(x)))``; starts close to the identity, so that what is carried neither grows nor fades.

    Args:
        features: Channels in and out.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(features, features, 3, padding=1)
        self.second = nn.Conv2d(features, features, 3, padding=1)
        initialise_small(self.second)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, features, H, W)`` to the same shape."""
        made: Tensor = self.second(F.leaky_relu(self.first(x), NEGATIVE_SLOPE, inplace=True))
        return x + made


class RecurrentUpsampler(Upsampler):
    """Frame-recurrent 2-D convolutions, through the clip in both directions with the same weights.

    Of the configuration it uses ``features``, ``blocks`` and ``fold``.

    Args:
        config: Sizes of the parts.
        scale: Factors from low to high.
        num_conditions: As of `Upsampler`.
    """

    def __init__(self, config: UpsamplerConfig, scale: Scale, num_conditions: int = 0) -> None:
        super().__init__(config, scale, num_conditions)
        features = config.features
        taken, given = self.channels
        self.enter = nn.Conv2d(NEIGHBOURS * taken + features, features, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(features) for _ in range(config.blocks)))
        self.join = nn.Conv2d(2 * features, features, 3, padding=1)
        self.conv_last = nn.Conv2d(features, given, 3, padding=1)
        start_at_zero(self.conv_last)

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an output is taken to depend on.

        In truth it depends on the whole clip. The pixels are those that the convolutions of one frame reach.
        """
        if self.config.context is not None:
            return self.config.context
        reach = 3 + 2 * self.config.blocks
        return (self._frames(RECURRENT_CONTEXT + NEIGHBOURS // 2), reach * self.config.fold)

    @property
    def bytes_per_low_pixel(self) -> int:
        """Working memory of inference for each low pixel, a little above the peak resident size that was measured."""
        c = self.config
        folded = c.fold**2 * self.scale.time.denominator
        carried = 4 * c.features + 4 * NEIGHBOURS * COLOURS * folded
        working = 16 * c.features / FEWEST_FRAMES
        return int(1.2 * 4 * ((carried + working) / folded + 6 * COLOURS * math.ceil(self.scale.samples)))

    def predict(self, x: Tensor) -> Tensor:
        """Map ``(B, C, t, h, w)`` to ``(B, C', t, h, w)``, see `channels`."""
        batch, _, frames, height, width = x.shape
        both = torch.cat((x, x.flip(2)))
        before = torch.cat((both[:, :, :1], both[:, :, :-1]), dim=2)
        after = torch.cat((both[:, :, 1:], both[:, :, -1:]), dim=2)
        seen = torch.cat((before, both, after), dim=1)
        hidden = x.new_zeros(2 * batch, self.config.features, height, width)
        shown = []
        for frame in range(frames):
            entered = self.enter(torch.cat((seen[:, :, frame], hidden), dim=1))
            hidden = self.body(F.leaky_relu(entered, NEGATIVE_SLOPE))
            shown.append(hidden)
        forward, backward = torch.stack(shown, dim=1).chunk(2)
        known = torch.cat((forward, backward.flip(1)), dim=2).flatten(0, 1)
        samples = self.conv_last(F.leaky_relu(self.join(known), NEGATIVE_SLOPE))
        result: Tensor = samples.reshape(batch, frames, -1, height, width).transpose(1, 2)
        return result
