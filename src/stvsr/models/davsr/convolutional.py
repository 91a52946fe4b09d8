"""The enhancement network for CPUs: 3-D convolutions, which reach the peak there, on frames aligned beforehand.

    Z, beta ──gather 4×4──> conv ─┐
    aligned frames, flows ─> conv ┴─ residual dense blocks ── conv ──spread 4×4──> + Z
                             └ one of each for every space factor ┘

The features of the aligned frames are made once and serve all iterations. What is missing from Z lies at other
frequencies for every space factor, so that the layers at the ends learn many times faster if each has its own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.convolution import Conv3d
from stvsr.layers.residual_dense import NEGATIVE_SLOPE, ResidualDenseBlock3d, initialise_small
from stvsr.layers.shuffle import space_time_shuffle, space_time_unshuffle
from stvsr.models.davsr.config import ConvolutionalConfig
from stvsr.models.davsr.motion import FLOWS, FOLD, Aligned

COLOURS = 3
VIEWS = 3
# A block's 16 pixels are nearly alike, and most of them is brightness. As they are, one step of Adam moves all their
# weights the same way and the network's output by far more than the detail it is to add. As a mean, less that of its
# surroundings, and 15 differences, brought to about 1 each, they are on a par.
MEAN_GAIN, DETAIL_GAIN = 4.0, 10.0
SURROUNDINGS = 5
OUTPUT_GAIN = 0.025
"""Times the space factor: the less there is to restore, the less may one step of Adam change."""
FLOW_UNIT = 8.0
"""Pixels of the coarse grid that count as 1 to the network."""


class ConvolutionalEnhancement(nn.Module):
    """X = Z + what the blocks make of Z, the noise level and the aligned frames. Starts as the identity.

    Args:
        config: Sizes of the parts.
    """

    def __init__(self, config: ConvolutionalConfig) -> None:
        super().__init__()
        self.config = config
        features, gathered = config.features, COLOURS * FOLD**2
        ends = range(config.ends)
        self.guide = nn.ModuleList(
            Conv3d(VIEWS * gathered + FLOWS + 1, features, (1, 3, 3), padding=(0, 1, 1)) for _ in ends
        )
        self.first = nn.ModuleList(Conv3d(gathered + 1, features, 3, padding=1) for _ in ends)
        self.body = nn.Sequential(
            *(ResidualDenseBlock3d(features, config.growth, config.layers, scale=1.0) for _ in range(config.blocks))
        )
        self.last = nn.ModuleList(Conv3d(features, gathered, 3, padding=1) for _ in ends)
        self._initialise()

    def _initialise(self) -> None:
        """Keep what features vary by the same through all layers, and begin with blocks close to the identity."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv3d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight, a=NEGATIVE_SLOPE)
                nn.init.zeros_(layer.bias)
        for block in self.body:
            assert isinstance(block, ResidualDenseBlock3d)
            initialise_small(block.convolutions[-1])
        for last in self.last:
            assert isinstance(last, nn.Conv3d)
            nn.init.zeros_(last.weight)

    def reach(self, space: int, iterations: int) -> tuple[int, int]:
        """Return the high frames and high pixels on each side that ``iterations`` passes depend on."""
        reach = 2 + self.config.blocks * self.config.layers
        return (reach * iterations, (reach + 1) * FOLD * iterations)

    @property
    def bytes_per_high_pixel(self) -> int:
        """Working memory of inference for each high pixel."""
        c = self.config
        dense = 2 * (c.features + c.growth * (c.layers - 1)) + 3 * c.features + (VIEWS + 2) * COLOURS * FOLD**2
        return int(4 * dense / FOLD**2) + 4 * 24

    def prepare(self, aligned: Aligned, space: int) -> Tensor:
        """Return the features of the aligned frames, which all iterations share, ``(B, features, T, H/4, W/4)``.

        Args:
            aligned: The low frames at every high instant.
            space: High pixels per low pixel.
        """
        views = _gather(aligned.views)
        distance = aligned.distance[None, None, :, None, None].expand(len(views), 1, -1, *views.shape[3:])
        flows = aligned.flows / FLOW_UNIT
        guide: Tensor = self.guide[self._end(space)](_joined(views, flows, distance))
        return guide

    def forward(self, z: Tensor, beta: Tensor, condition: Tensor, guide: Tensor, space: int) -> Tensor:
        """Return X ``(B, 3, T, H, W)``.

        Args:
            z: The data step's result, of that shape.
            beta: Its noise level, ``(1, 1, 1, 1, 1)``.
            condition: ``(1, features, 1, 1, 1)``, added to the first features.
            guide: As `prepare` made it.
            space: High pixels per low pixel.
        """
        end = self._end(space)
        height, width = z.shape[3:]
        gathered = _gather(z)
        noise = beta.to(gathered).expand(len(z), 1, *gathered.shape[2:])
        x = self.first[end](_joined(gathered, noise)) + guide + condition
        x = F.leaky_relu(x, NEGATIVE_SLOPE)
        x = OUTPUT_GAIN * space * self.last[end](self.body(x))
        return z + space_time_shuffle(F.conv3d(x, _hadamard(x, 1.0, 1.0)), 1, FOLD, FOLD)[..., :height, :width]

    def _end(self, space: int) -> int:
        return min(space, self.config.ends) - 1


def _gather(clip: Tensor) -> Tensor:
    """Return 4×4 blocks as channels: for each colour a mean less that of its surroundings, and 15 differences."""
    right, bottom = -clip.shape[4] % FOLD, -clip.shape[3] % FOLD
    if right or bottom:
        clip = F.pad(clip, (0, right, 0, bottom, 0, 0), mode="replicate")
    blocks = space_time_unshuffle(clip, 1, FOLD, FOLD)
    coefficients = F.conv3d(blocks, _hadamard(blocks, 1.0, DETAIL_GAIN))
    means = coefficients[:, :: FOLD**2]
    frames = means.transpose(1, 2).flatten(0, 1)
    around = F.avg_pool2d(frames, SURROUNDINGS, 1, SURROUNDINGS // 2, count_include_pad=False)
    local = (frames - around).reshape(means.transpose(1, 2).shape).transpose(1, 2)
    return torch.cat([MEAN_GAIN * local, coefficients[:, _details(coefficients.shape[1])]], 1)


def _details(channels: int) -> list[int]:
    return [channel for channel in range(channels) if channel % FOLD**2]


def _hadamard(like: Tensor, mean_gain: float, detail_gain: float) -> Tensor:
    """The orthonormal Walsh-Hadamard transform of each block as a convolution, ``(channels, channels, 1, 1, 1)``.

    It is symmetric, and so its own inverse where both gains are 1.
    """
    pair = torch.tensor([[1.0, 1.0], [1.0, -1.0]]) / 2**0.5
    matrix = torch.eye(1)
    for _ in range(4):
        matrix = torch.kron(matrix, pair)
    gains = torch.full((len(matrix),), detail_gain)
    gains[0] = mean_gain
    weight = torch.kron(torch.eye(like.shape[1] // len(matrix)), gains[:, None] * matrix)
    return weight.to(like)[:, :, None, None, None]


def _joined(*parts: Tensor) -> Tensor:
    return torch.cat(parts, 1).contiguous(memory_format=torch.channels_last_3d)
