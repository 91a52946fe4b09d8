"""Optical flow between frames, by our own network or by OpenCV, for metrics and for warping.

A flow is ``(2, height, width)`` in pixels, x to the right and y down: ``second`` sampled at ``p + flow(p)`` looks like
``first`` at ``p``.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stvsr.layers.optical_flow import load_flow
from stvsr.layers.search_flow import search
from stvsr.video.images import Image


class Flow(Protocol):
    """An estimator of optical flow."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def __call__(self, first: Image, second: Image) -> Tensor:
        """Return the flow ``(2, height, width)``, float32, of two frames ``(height, width, 3)`` uint8 RGB."""


class NetworkFlow:
    """The flow network that ships with the package (`stvsr.layers.optical_flow.SPyNet`)."""

    name = "SPyNet"

    def __init__(self, device: str | torch.device = "cpu") -> None:
        self._network, self._device = load_flow(device=device), device

    @torch.inference_mode()
    def __call__(self, first: Image, second: Image) -> Tensor:
        """Return the flow ``(2, height, width)`` on the network's device."""
        flows: Tensor = self._network(*(to_tensor(image, self._device)[None] / 255 for image in (first, second)))
        return flows[0]


class SearchFlow:
    """Dense inverse search as OpenCV has it (`stvsr.layers.search_flow`)."""

    name = "DIS"

    def __call__(self, first: Image, second: Image) -> Tensor:
        """Return the flow ``(2, height, width)`` on the CPU."""
        return torch.from_numpy(search(first, second)).permute(2, 0, 1)


def to_tensor(image: Image, device: str | torch.device = "cpu") -> Tensor:
    """Return a frame ``(height, width, 3)`` uint8 as ``(3, height, width)`` float32 code values."""
    return torch.from_numpy(np.array(image, order="C")).to(device).permute(2, 0, 1).float()


def sample(image: Tensor, flow: Tensor) -> Tensor:
    """Return ``image`` ``(C, height, width)`` at every pixel's place plus its flow, bicubic; edges are repeated."""
    height, width = flow.shape[-2:]
    x = torch.arange(width, device=flow.device) + flow[0]
    y = torch.arange(height, device=flow.device)[:, None] + flow[1]
    places = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)[None]
    return F.grid_sample(image[None], places, mode="bicubic", padding_mode="border", align_corners=False)[0]
