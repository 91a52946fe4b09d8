"""Optical flow between frames, by our own network or by OpenCV, for metrics and for warping.

A flow is ``(2, height, width)`` in pixels, x to the right and y down: ``second`` sampled at ``p + flow(p)`` looks like
``first`` at ``p``.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from stvsr.layers.optical_flow import load_flow
from stvsr.layers.search_flow import SearchFlow
from stvsr.video.images import Image


class Flow(Protocol):
    """An estimator of optical flow."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def __call__(self, first: Image, second: Image) -> Tensor:
        """Return the flow ``(2, height, width)``, float32, of two frames ``(height, width, 3)`` uint8 RGB."""


class FrameFlow:
    """A flow layer, for frames.

    Args:
        name: What tables call it.
        layer: Finds the flow between tensors ``(1, 3, height, width)`` in [0, 1].
        device: Where it computes.
    """

    def __init__(self, name: str, layer: nn.Module, device: str | torch.device = "cpu") -> None:
        self.name, self._layer, self._device = name, layer, device

    @torch.inference_mode()
    def __call__(self, first: Image, second: Image) -> Tensor:
        """Return the flow ``(2, height, width)`` on the layer's device."""
        flows: Tensor = self._layer(*(to_tensor(image, self._device)[None] / 255 for image in (first, second)))
        return flows[0]


def network_flow(device: str | torch.device = "cpu") -> FrameFlow:
    """Return the flow network that ships with the package (`stvsr.layers.optical_flow.SPyNet`)."""
    return FrameFlow("SPyNet", load_flow(device=device), device)


def search_flow() -> FrameFlow:
    """Return dense inverse search as OpenCV has it (`stvsr.layers.search_flow`), on the CPU."""
    return FrameFlow("DIS", SearchFlow())


def to_tensor(image: Image, device: str | torch.device = "cpu") -> Tensor:
    """Return a frame ``(height, width, 3)`` uint8 as ``(3, height, width)`` float32 code values."""
    return torch.from_numpy(np.array(image, order="C")).to(device).permute(2, 0, 1).float()


def to_image(codes: Tensor) -> Image:
    """Return ``(3, height, width)`` code values as a frame ``(height, width, 3)`` uint8, rounded."""
    image: Image = codes.round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(image)
