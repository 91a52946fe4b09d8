"""Residual dense blocks of 3-D convolutions, the reconstruction trunk of STAA (appendix B.4)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.convolution import Conv3d

NEGATIVE_SLOPE = 0.2
RESIDUAL_SCALE = 0.2
# Many scaled residual branches are summed. At a tenth of the usual initial weights every block begins close
# to the identity, so activations neither grow with depth nor need normalisation layers to stay in range.
INITIAL_GAIN = 0.1

Size3d = tuple[int, int, int]


class ResidualDenseBlock3d(nn.Module):
    """Densely connected 3-D convolutions whose last one is added, scaled, to the input.

    ::

        x ─┬─ conv ─┬─ conv ─ ... ─ conv ─ × scale ─ + ─>
           ├────────┴──── every layer sees ──┘       │
           └── all features made before it ──────────┘

    Args:
        features: Channels in and out.
        growth: Channels that each layer but the last adds.
        layers: Number of convolutions.
        kernel: Odd kernel size ``(time, height, width)`` of all of them; ``(1, 3, 3)`` works frame by frame.
        scale: Factor on what is added. The paper's 0.2 keeps many blocks in a row in range; a few learn faster with 1.
    """

    def __init__(
        self,
        features: int,
        growth: int,
        layers: int = 5,
        kernel: Size3d = (3, 3, 3),
        scale: float = RESIDUAL_SCALE,
    ) -> None:
        super().__init__()
        self.scale = scale
        time, height, width = kernel
        self.convolutions = nn.ModuleList(
            Conv3d(
                features + index * growth,
                growth if index < layers - 1 else features,
                kernel_size=kernel,
                padding=(time // 2, height // 2, width // 2),
            )
            for index in range(layers)
        )
        for convolution in self.convolutions:
            initialise_small(convolution)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, features, T, H, W)`` to the same shape."""
        *inner, last = self.convolutions
        seen = x
        for convolution in inner:
            made = F.leaky_relu(convolution(seen), NEGATIVE_SLOPE, inplace=True)
            seen = torch.cat((seen, made), dim=1)
        return torch.add(x, last(seen), alpha=self.scale)


class RRDB3d(nn.Module):
    """Residual-in-residual dense block: a row of dense blocks, scaled and added to its input.

    Args:
        features: Channels in and out.
        growth: Channels that each inner layer adds.
        layers: Convolutions of each dense block.
        kernels: One kernel size for each dense block; three of 3×3×3 as in the paper unless told.
        scale: Factor on what is added, in each dense block and around them.
    """

    def __init__(
        self,
        features: int,
        growth: int,
        layers: int = 5,
        kernels: Sequence[Size3d] = ((3, 3, 3),) * 3,
        scale: float = RESIDUAL_SCALE,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.blocks = nn.Sequential(*(ResidualDenseBlock3d(features, growth, layers, k, scale) for k in kernels))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, features, T, H, W)`` to the same shape."""
        return torch.add(x, self.blocks(x), alpha=self.scale)


def initialise_small(layer: nn.Module, gain: float = INITIAL_GAIN) -> None:
    """Give a convolution zero bias and Kaiming-normal weights scaled by ``gain``, in place."""
    if not isinstance(layer, nn.modules.conv._ConvNd):
        raise TypeError(f"{type(layer).__name__} is not a convolution")
    nn.init.kaiming_normal_(layer.weight, a=NEGATIVE_SLOPE)
    with torch.no_grad():
        layer.weight.mul_(gain)
        if layer.bias is not None:
            layer.bias.zero_()
