"""Residual blocks of a convolution in space and one in time, for trunks on processors.

At equal operations they are ahead of 3×3×3 stacks: three quarters of the work goes into space, where the detail is,
and nothing is concatenated or normalised on the way.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.convolution import Conv3d

NEGATIVE_SLOPE = 0.1
INITIAL_GAIN = 0.1
"""On the initial weights of a block's last convolution, so that a deep trunk begins close to the identity."""


class FactorisedBlock3d(nn.Module):
    """``x + time(leaky_relu(space(x)))``: 1×3×3, then 3×1×1.

    ::

        x ─┬─ conv 1×3×3 ── leaky ReLU ── conv 3×1×1 ─ + ─>
           └──────────────────────────────────────────┘

    Args:
        features: Channels in, between and out.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.space = Conv3d(features, features, (1, 3, 3), padding=(0, 1, 1))
        self.time = Conv3d(features, features, (3, 1, 1), padding=(1, 0, 0))
        for layer in (self.space, self.time):
            initialise(layer)
        with torch.no_grad():
            self.time.weight.mul_(INITIAL_GAIN)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, features, T, H, W)`` to the same shape."""
        # Not in place while learning: what the convolution gives is a view, which would be copied whole for it.
        within = F.leaky_relu(self.space(x), NEGATIVE_SLOPE, inplace=not torch.is_grad_enabled())
        result: Tensor = x + self.time(within)
        return result


def trunk(features: int, blocks: int) -> nn.Sequential:
    """Return ``blocks`` factorised blocks in a row."""
    return nn.Sequential(*(FactorisedBlock3d(features) for _ in range(blocks)))


def initialise(layer: nn.Conv3d) -> None:
    """Give a convolution zero bias and Kaiming-normal weights for the blocks' activation, in place."""
    nn.init.kaiming_normal_(layer.weight, a=NEGATIVE_SLOPE)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
