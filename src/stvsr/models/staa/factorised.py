"""STAA's upsampler for processors: a trunk of factorised blocks on the low grid beside a learned linear skip.

low ── conv 3×3×3 ── factorised blocks ── conv 1×3×3 ── + ── space-time pixel shuffle ──> high
 └───────────── linear, 3×3×3 taps for every sample ────┘
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.convolution import Conv3d
from stvsr.layers.factorised import NEGATIVE_SLOPE, initialise, trunk
from stvsr.layers.shuffle import space_time_shuffle
from stvsr.models.staa.config import UpsamplerConfig
from stvsr.models.staa.upsampler import COLOURS, Upsampler, start_at_zero
from stvsr.physics.scale import Scale

INPUT_GAIN, OUTPUT_GAIN = 2.0, 0.3
MIDDLE = 0.5
SMALL = 0.1


class FactorisedUpsampler(Upsampler):
    """What the trunk adds to a linear expansion that is learned with it and starts as the nearest sample.

    First convolution, skip and shuffle are computed in float32 whatever the autocast mode: an 8-bit code is one step
    of bfloat16 there.

    Args:
        config: Of it, ``features`` and ``blocks`` are used.
        scale: Factors from low to high; whole.
        num_conditions: As of `Upsampler`.
    """

    def __init__(self, config: UpsamplerConfig, scale: Scale, num_conditions: int = 0) -> None:
        super().__init__(config, scale, num_conditions)
        features = config.features
        samples = math.prod(scale.steps)
        self.skip = nn.Conv3d(COLOURS, COLOURS * samples, 3, padding=1, padding_mode="replicate")
        self.first = Conv3d(COLOURS + num_conditions, features, 3, padding=1)
        self.body = trunk(features, config.blocks)
        self.last = Conv3d(features, COLOURS * samples, (1, 3, 3), padding=(0, 1, 1))
        initialise(self.first)
        start_at_zero(self.last)
        assert self.skip.bias is not None
        with torch.no_grad():
            self.skip.weight.mul_(SMALL)
            self.skip.bias.zero_()
            for colour in range(COLOURS):
                self.skip.weight[colour * samples : (colour + 1) * samples, colour, 1, 1, 1] += 1

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an output depends on, or on which its codes were seen to."""
        return self.config.context or (1 + self.config.blocks, 2 + self.config.blocks)

    @property
    def bytes_per_low_pixel(self) -> int:
        """Working memory of inference for each low pixel."""
        return int(1.2 * 4 * (4 * self.config.features + 6 * COLOURS * math.ceil(self.scale.samples)))

    def predict(self, x: Tensor) -> Tensor:
        """Map ``(B, C, t, h, w)``, brightness around 0, to ``(B, C', t, h, w)``, see `channels`."""
        with torch.autocast(x.device.type, enabled=False):
            features = F.leaky_relu(self.first(x), NEGATIVE_SLOPE)
        features = features.contiguous(memory_format=torch.channels_last_3d)
        result: Tensor = self.last(self.body(features))
        return result

    def forward(self, low: Tensor, centroid: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the high clip; see `Upsampler.forward`. Where samples sit, it has learned."""
        x = (low.float() - MIDDLE) * INPUT_GAIN
        if condition is not None:
            x = torch.cat((x, condition.to(x)[:, None, None, None].expand(len(x), -1, *x.shape[2:])), dim=1)
        made = OUTPUT_GAIN * self.predict(x).float()
        with torch.autocast(low.device.type, enabled=False):
            return space_time_shuffle(self.skip(low.float() - MIDDLE) + made, *self.scale.steps) + MIDDLE
