"""Differentiable rounding to the values that a file can hold (STAA, appendix B.2)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

GRADIENT_INSIDE = 1.0
GRADIENT_OUTSIDE = 2.0


class _Quantise(torch.autograd.Function):
    """Clip and round forwards; the gradient of STAA's Eq. 7 backwards.

    The backward is written by hand because differentiating the clip of Eq. 6 gives zero outside [0, 1], where
    Eq. 7 wants 2: a value out of range shall be driven back, and faster than one in range moves.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, levels: int) -> Tensor:
        ctx.save_for_backward((x <= 0) | (x >= 1))
        return x.clamp(0, 1).mul_(levels).round_().div_(levels)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        (outside,) = ctx.saved_tensors
        return torch.where(outside, GRADIENT_OUTSIDE * gradient, GRADIENT_INSIDE * gradient), None


def quantise(x: Tensor, levels: int = 255) -> Tensor:
    """Round to the nearest of ``0, 1/levels, ..., 1``, clipping what lies outside.

    Args:
        x: Values of any shape, meant to lie in [0, 1].
        levels: Number of steps between 0 and 1; 255 for 8 bits.

    Returns:
        The rounded values. Their gradient is passed on unchanged where ``0 < x < 1`` (rounding is
        straight-through) and doubled elsewhere, the two ends included (STAA, Eq. 7).
    """
    quantised: Tensor = _Quantise.apply(x, levels)  # type: ignore[no-untyped-call]
    return quantised
