"""Distances between an output clip and the clip it should be."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute difference of two clips of equal shape, computed in float32."""
    return (output.float() - target.float()).abs().mean()


def charbonnier(output: Tensor, target: Tensor, epsilon: float = 1e-12) -> Tensor:
    """Return the mean of ``sqrt(difference² + epsilon)``, an L1 that is smooth at 0 (DAVSR, section 4)."""
    return torch.sqrt((output.float() - target.float()).square() + epsilon).mean()


LOSSES: dict[str, Loss] = {"l1": l1, "charbonnier": charbonnier}
