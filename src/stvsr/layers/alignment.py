"""Bring the features of one frame to another's with deformable convolutions, from coarse to fine."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.deformable import DeformableConv2d

LEVELS = 3
SIZE_MULTIPLE = 2 ** (LEVELS - 1)
NEGATIVE_SLOPE = 0.1

Pyramid = list[Tensor]


class FeaturePyramid(nn.Module):
    """Features at full, half and quarter size, each smaller one by a stride-2 and an ordinary convolution."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.shrink = nn.ModuleList(_convolve(features, features, stride=2) for _ in range(LEVELS - 1))
        self.refine = nn.ModuleList(_convolve(features, features) for _ in range(LEVELS - 1))

    def forward(self, x: Tensor) -> Pyramid:
        """Return ``LEVELS`` tensors ``(B, features, H / 2^level, W / 2^level)``, the finest first."""
        levels = [x]
        for shrink, refine in zip(self.shrink, self.refine, strict=True):
            levels.append(_activate(refine(_activate(shrink(levels[-1])))))
        return levels


class DirectedAlignment(nn.Module):
    """Moves one pyramid onto another, coarse to fine.

    ::

        level 3   guide ──────────> deformable conv ──────────────┐
                    │ × 2 larger, × 2                             │ × 2 larger
        level 2   guide ──────────> deformable conv ── merge ─────┤
                    │                                             │
        level 1   guide ──────────> deformable conv ── merge ─────┴──> aligned

    At each level a guide, the features from which offsets are predicted, is made of both pyramids and of the
    coarser guide. That one is doubled on its way: a shift by one pixel is one by two pixels on the finer level.

    Args:
        features: Channels of either pyramid.
        groups: Groups of the deformable convolutions.
    """

    def __init__(self, features: int, groups: int) -> None:
        super().__init__()
        self.compare = nn.ModuleList(_convolve(2 * features, features) for _ in range(LEVELS))
        self.refine = nn.ModuleList(_convolve(features, features) for _ in range(LEVELS))
        self.deform = nn.ModuleList(DeformableConv2d(features, groups) for _ in range(LEVELS))
        self.merge_guides = nn.ModuleList(_convolve(2 * features, features) for _ in range(LEVELS - 1))
        self.merge_aligned = nn.ModuleList(_convolve(2 * features, features) for _ in range(LEVELS - 1))

    def forward(self, moving: Pyramid, fixed: Pyramid) -> Tensor:
        """Return ``moving`` where ``fixed`` is: ``(B, features, H, W)``, of the size of the finest level."""
        coarsest = LEVELS - 1
        guide = self._guide(coarsest, moving, fixed, None)
        aligned: Tensor = self.deform[coarsest](moving[coarsest], guide)
        for level in reversed(range(coarsest)):
            guide = self._guide(level, moving, fixed, guide)
            finer = self.deform[level](moving[level], guide)
            coarser = _enlarge(_activate(aligned))
            aligned = self.merge_aligned[level](torch.cat((finer, coarser), dim=1))
        return aligned

    def _guide(self, level: int, moving: Pyramid, fixed: Pyramid, coarser: Tensor | None) -> Tensor:
        guide = _activate(self.compare[level](torch.cat((moving[level], fixed[level]), dim=1)))
        if coarser is not None:
            both = torch.cat((guide, 2 * _enlarge(coarser)), dim=1)
            guide = _activate(self.merge_guides[level](both))
        return _activate(self.refine[level](guide))


class PyramidAlignment(nn.Module):
    """Aligns a state with the current features, both ways, and fuses the two into one.

    The state is moved to where the current features are, and these to where the state is, by separate
    weights; a 1×1 convolution makes one of both. Either side goes through the same pyramid.

    Args:
        features: Channels of the state and of the current features.
        groups: Groups of the deformable convolutions.
    """

    def __init__(self, features: int, groups: int = 8) -> None:
        super().__init__()
        self.pyramid = FeaturePyramid(features)
        self.state_to_current = DirectedAlignment(features, groups)
        self.current_to_state = DirectedAlignment(features, groups)
        self.fuse = nn.Conv2d(2 * features, features, 1)

    def forward(self, state: Tensor, current: Pyramid) -> Tensor:
        """Align ``state`` with ``current``.

        Args:
            state: ``(B, features, H, W)`` with sizes that are multiples of ``SIZE_MULTIPLE``.
            current: What `pyramid` makes of the current features; handed in so that it can be made for all
                frames at once, outside the recurrence.

        Returns:
            The aligned state, ``(B, features, H, W)``.
        """
        levels = self.pyramid(state)
        both = (self.state_to_current(levels, current), self.current_to_state(current, levels))
        fused: Tensor = self.fuse(torch.cat(both, dim=1))
        return fused


def _convolve(channels: int, features: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, features, 3, stride, padding=1)


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, NEGATIVE_SLOPE)


def _enlarge(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
