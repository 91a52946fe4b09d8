"""Distances between an output clip and the clip it should be."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute difference of two clips of equal shape, computed in float32."""
    return (output.float() - target.float()).abs().mean()


def charbonnier(output: Tensor, target: Tensor, epsilon: float = 1e-12) -> Tensor:
    """Return the mean of ``sqrt(difference² + epsilon)``, an L1 that is smooth at 0 (DAVSR, section 4)."""
    return torch.sqrt((output.float() - target.float()).square() + epsilon).mean()


def log_charbonnier(output: Tensor, target: Tensor, floor: float = 0.01) -> Tensor:
    """Return the mean over clips of the logarithm of each one's Charbonnier loss above ``floor``.

    Clips that are easy to restore count as much as hard ones, as they do in a mean of PSNRs.
    """
    difference = output.float() - target.float()
    return torch.sqrt(difference.square() + 1e-12).flatten(1).mean(1).add(floor).log().mean()


def log_mse(output: Tensor, target: Tensor, floor: float = 1e-5) -> Tensor:
    """Return the mean over clips of the logarithm of each one's mean squared error above ``floor``.

    Up to a factor, and the floor of 50 dB, minus their mean PSNR.
    """
    return (output.float() - target.float()).square().flatten(1).mean(1).add(floor).log().mean()


def objective(loss: Loss, outputs: Tensor | Sequence[Tensor], target: Tensor, intermediate: float) -> Tensor:
    """Return the loss of a model's output, or the weighted mean over those of its iterations.

    Args:
        loss: Distance of two clips.
        outputs: The output, or the outputs of all iterations in order.
        target: What each should be.
        intermediate: Weight of an iteration relative to the next one; 0 counts the last alone (DAVSR, Eq. 11).
    """
    if isinstance(outputs, Tensor):
        return loss(outputs, target)
    weights = [intermediate ** (len(outputs) - 1 - index) for index in range(len(outputs))]
    terms = [weight * loss(output, target) for weight, output in zip(weights, outputs, strict=True) if weight]
    return torch.stack(terms).sum() / sum(weights)


def is_spike(name: str, loss: float, running: float, factor: float) -> bool:
    """Whether a loss is ``factor`` times the running mean; of a logarithmic one, whether that lies as far above."""
    return loss > running + math.log(factor) if name.startswith("log_") else loss > factor * running


LOSSES: dict[str, Loss] = {"l1": l1, "charbonnier": charbonnier, "log_charbonnier": log_charbonnier, "log_mse": log_mse}
