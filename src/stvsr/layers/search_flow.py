"""Optical flow by dense inverse search (DIS; Kroeger et al., ECCV 2016), as OpenCV has it, down to single pixels.

A flow is in pixels, x to the right and y down: ``second`` sampled at ``p + flow(p)`` looks like ``first`` at ``p``.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SMALLEST = 32
"""Side to which pictures are padded, in pixels: the search needs some on its coarsest level."""


class SearchFlow(nn.Module):
    """`search` for batches of tensors. It computes on the CPU, has nothing to learn and passes no gradients on."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the flow from ``first`` to ``second``.

        Args:
            first: ``(batch, 3, height, width)``, RGB in [0, 1], of any size.
            second: The same.

        Returns:
            ``(batch, 2, height, width)`` float32 in pixels, on the device of ``first``.
        """
        flows = [search(one, other) for one, other in zip(_codes(first), _codes(second), strict=True)]
        return torch.from_numpy(np.stack(flows)).permute(0, 3, 1, 2).to(first.device)


def search(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the flow ``(height, width, 2)`` from one picture to another, both ``(height, width, 3)`` uint8 RGB."""
    height, width, _ = first.shape
    missing = ((0, max(SMALLEST - height, 0)), (0, max(SMALLEST - width, 0)))
    grey = [np.pad(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), missing, mode="edge") for image in (first, second)]
    finder = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # type: ignore[attr-defined]
    finder.setFinestScale(0)  # low frames have no pixels to spare
    return np.ascontiguousarray(finder.calc(grey[0], grey[1], None)[:height, :width], np.float32)


def _codes(pictures: Tensor) -> NDArray[np.uint8]:
    """Return ``(batch, height, width, 3)`` code values."""
    codes = (pictures.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)
    return codes.permute(0, 2, 3, 1).contiguous().cpu().numpy()
