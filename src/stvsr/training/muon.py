"""Muon for the weights of hidden convolutions, Adam for everything else, behind one optimiser.

Muon (K. Jordan et al., 2024) moves a weight matrix by the nearest orthogonal matrix to its momentum, so that every
direction learns at the same pace. A convolution's weights are the matrix of outputs by everything a tap can see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the odd polynomial that brings singular values to about 1 in a few steps."""
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum, with decoupled weight decay.

    Args:
        groups: Parameters of at least two dimensions, or groups of them.
        lr: Learning rate.
        decay: Weight decay, times the rate in each step.
    """

    def __init__(self, groups: Iterable[Any], lr: float, decay: float) -> None:
        super().__init__(groups, {"lr": lr, "decay": decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, group["lr"], group["decay"])

    def _move(self, weight: Tensor, rate: float, decay: float) -> None:
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].mul_(MOMENTUM).add_(weight.grad)
        ahead = (weight.grad + MOMENTUM * momentum).flatten(1)
        direction = orthogonalised(ahead)
        gain = max(1.0, direction.shape[0] / direction.shape[1]) ** 0.5
        weight.mul_(1 - rate * decay).add_(direction.reshape(weight.shape).to(weight), alpha=-rate * gain)


def orthogonalised(matrix: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """Return about the nearest matrix whose singular values are 1, by Newton-Schulz iterations in float32.

    Args:
        matrix: ``(rows, columns)``.
        iterations: Five bring all but the smallest singular values to between 0.7 and 1.2.
    """
    a, b, c = COEFFICIENTS
    x = matrix.float()
    x = x / (x.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    made: Tensor = x.T if tall else x
    return made


class Together(torch.optim.Optimizer):
    """Several optimisers as one: their groups, states and steps in a row."""

    def __init__(self, *optimizers: torch.optim.Optimizer) -> None:
        self.optimizers = optimizers

    @property
    def param_groups(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The groups of all, the very dictionaries."""
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step of each."""
        for optimizer in self.optimizers:
            optimizer.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """Return the states of all, by their number."""
        return {str(number): optimizer.state_dict() for number, optimizer in enumerate(self.optimizers)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises:
            KeyError: If it is of another number of optimisers.
        """
        if len(state) != len(self.optimizers):
            raise KeyError("optimizer")
        for number, optimizer in enumerate(self.optimizers):
            optimizer.load_state_dict(state[str(number)])


HIDDEN = frozenset({"body", "trunk", "refine"})


def is_hidden(name: str, parameter: nn.Parameter) -> bool:
    """Whether a parameter is a convolution's weights inside a network, by its dotted name."""
    return parameter.dim() >= 4 and not HIDDEN.isdisjoint(name.split("."))
