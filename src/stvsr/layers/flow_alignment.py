"""Second-order flow-guided deformable alignment (Chan et al., "BasicVSR++", CVPR 2022; DAVSR, section 3.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stvsr.layers.deformable import OffsetRecord, deform_conv2d
from stvsr.layers.optical_flow import warp

KERNEL = 3
TAPS = KERNEL**2
NEGATIVE_SLOPE = 0.1

Pair = tuple[Tensor, Tensor]


class FlowGuidedAlignment(nn.Module):
    """Brings the features of the last frame and of the one before it to where the current frame is.

    ::

        current features ───────────────────────────────┐
        past features (two) ──┬── warped by their flow ─┼─ 4 convolutions ─┬─ max_residue · tanh + flow ── offsets
        flows (two) ──────────│─────────────────────────┘                  └─ 2 · sigmoid ── masks
                              └────────────────────────── deformable convolution 3×3 ──> aligned features

    The optical flow says roughly where to look; the convolutions, by how much each tap departs from it. The last of
    them starts at zero, so a fresh layer reads both frames exactly where their flows point, with every mask 1, and is
    the 3×3 convolution of what lies there. Outside the image there are zeros.

    Args:
        features: Channels of each frame and of the result.
        groups: Sets of offsets, an even number: the first half moves the last frame, the second half the one before.
        max_residue: Bound of the departure from the flow, in pixels.

    Raises:
        ValueError: If ``groups`` is not twice a divisor of ``features``.
    """

    def __init__(self, features: int, groups: int = 16, max_residue: float = 10.0) -> None:
        super().__init__()
        if groups < 2 or groups % 2 or features % (groups // 2):
            raise ValueError(f"groups is {groups} and must be twice a divisor of features, {features}")
        self.groups, self.max_residue = groups, max_residue
        ordinary = nn.Conv2d(2 * features, features, KERNEL)
        self.weight, self.bias = ordinary.weight, ordinary.bias
        last = nn.Conv2d(features, 3 * groups * TAPS, KERNEL, padding=1)
        self.predict = nn.Sequential(
            *_convolve(3 * features + 4, features),
            *_convolve(features, features),
            *_convolve(features, features),
            last,
        )
        nn.init.zeros_(last.weight)
        assert last.bias is not None
        nn.init.zeros_(last.bias)
        self.offsets = OffsetRecord()

    def forward(self, past: Pair, flows: Pair, current: Tensor) -> Tensor:
        """Align two past frames with the current one and merge them.

        Args:
            past: Features of the last frame and of the one before it, ``(B, features, H, W)``; zeros for none.
            flows: For each, the flow ``(B, 2, H, W)`` from the current frame to it, in pixels to the right and down.
            current: Features of the current frame, ``(B, features, H, W)``.

        Returns:
            ``(B, features, H, W)``.
        """
        warped = [warp(features.to(flow.dtype), flow) for features, flow in zip(past, flows, strict=True)]
        predicted = self.predict(torch.cat((current, *warped, *flows), dim=1))
        moves, logits = predicted.split((2 * self.groups * TAPS, self.groups * TAPS), dim=1)
        residue = self.max_residue * moves.to(flows[0].dtype).tanh()
        if not torch.compiler.is_exporting():
            self.offsets.add(residue)
        # Flows are (right, down), offsets (down, right): half of the groups follows each flow, with all its taps.
        base = torch.stack(flows, dim=1).flip(2)[:, :, None]
        offset = residue.unflatten(1, (2, self.groups // 2 * TAPS, 2)) + base
        mask = 2 * logits.sigmoid()
        return deform_conv2d(torch.cat(past, dim=1), offset.flatten(1, 3), mask, self.weight, self.bias, padding=1)


def _convolve(channels: int, features: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(channels, features, KERNEL, padding=1), nn.LeakyReLU(NEGATIVE_SLOPE, inplace=True)
