"""The optimiser's groups, the learning rate as a function of the step, and the moving average of the weights."""

from __future__ import annotations

import copy
import math
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from stvsr.errors import StvsrError
from stvsr.training.muon import Muon, Together, is_hidden
from stvsr.training.recipe import OptimizerRecipe

M = TypeVar("M", bound=nn.Module)

PARTS = ("network", "kernel", "flow")
MUON = "muon"


def learning_rate(recipe: OptimizerRecipe, step: int, steps: int) -> float:
    """Return the learning rate of a step (from 0) of a run of ``steps``: a pure function.

    ``steps`` multiplies by ``gamma`` at each milestone (STAA, section 4.1); ``cosine`` falls from ``rate`` to
    ``final_rate`` along half a cosine. A linear warm-up multiplies either.
    """
    warmup = min(1.0, (step + 1) / recipe.warmup) if recipe.warmup else 1.0
    if recipe.schedule == "steps":
        passed = sum(step >= milestone * steps for milestone in recipe.milestones)
        return recipe.rate * recipe.gamma**passed * warmup
    if recipe.schedule == "cosine":
        wave = (1 + math.cos(math.pi * min(1.0, step / max(1, steps - 1)))) / 2
        return (recipe.final_rate + (recipe.rate - recipe.final_rate) * wave) * warmup
    return recipe.rate * warmup


def make_optimizer(model: nn.Module, recipe: OptimizerRecipe) -> torch.optim.Optimizer:
    """Return the optimiser of what is trainable; a downsampling kernel and a flow network form groups of their own.

    With ``kind: muon`` the weights of hidden convolutions are Muon's, the rest is Adam's.
    """
    trainable = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    hidden = [p for name, p in trainable if recipe.kind == "muon" and is_hidden(name, p)]
    apart = {id(p) for p in hidden}
    groups: list[dict[str, Any]] = [
        {"params": [p for name, p in trainable if _part(name) == part and id(p) not in apart], "part": part}
        for part in PARTS
    ]
    fused = any(p.is_cuda for _, p in trainable)
    groups = [group for group in groups if group["params"]]
    adam = torch.optim.Adam(groups, lr=recipe.rate, betas=recipe.betas, fused=fused or None)
    if recipe.kind == "adam":
        return adam
    if not hidden:
        raise StvsrError(
            "recipe: 'optimizer.kind: muon' is for networks of factorised blocks; use 'adam' with this one"
        )
    return Together(adam, Muon([{"params": hidden, "part": MUON}], recipe.muon_rate, recipe.muon_decay))


def freeze(model: nn.Module, recipe: OptimizerRecipe) -> None:
    """Take the parts of a model whose rate is 0 out of training."""
    factors = _factors(recipe)
    for name, parameter in model.named_parameters():
        if not factors[_part(name)]:
            parameter.requires_grad_(False)


def set_rate(optimizer: torch.optim.Optimizer, rate: float, recipe: OptimizerRecipe) -> None:
    """Set the learning rate of every group: ``rate`` times the recipe's factor for that part of the model."""
    factors = _factors(recipe)
    for group in optimizer.param_groups:
        group["lr"] = rate * factors[group["part"]]


def _factors(recipe: OptimizerRecipe) -> dict[str, float]:
    muon = recipe.muon_rate / recipe.rate
    return {"network": 1.0, "kernel": recipe.kernel_rate, "flow": recipe.flow_rate, MUON: muon}


def _part(name: str) -> str:
    if name.startswith("downsampler."):
        return "kernel"
    return "flow" if "flow" in name.split(".") else "network"


def channels_last(model: nn.Module) -> None:
    """Lay every 4-D and 5-D parameter out with its channels innermost, in place.

    ``Module.to(memory_format=...)`` refuses a model that has both.
    """
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for parameter in model.parameters():
        if parameter.dim() in formats:
            parameter.data = parameter.data.contiguous(memory_format=formats[parameter.dim()])


def is_finite(model: nn.Module) -> bool:
    """Return whether no parameter or buffer of a model holds an infinity or a NaN."""
    return all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())


class MovingAverage(Generic[M]):
    """An exponential moving average of a model's weights.

    Attributes:
        model: A copy of the model in eval mode that holds the averaged weights.

    Args:
        model: What to average.
        decay: Weight of the past, below 1; 0 copies the model.
    """

    def __init__(self, model: M, decay: float) -> None:
        self.model: M = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, updates: int) -> None:
        """Take in the weights after the given number of updates (from 1).

        The decay rises with the updates, so that the initial weights are forgotten early.
        """
        decay = min(self.decay, updates / (updates + 9))
        averaged = [parameter.data for parameter in self.model.parameters()]
        current = [parameter.data for parameter in model.parameters()]
        torch._foreach_lerp_(averaged, current, 1 - decay)
        for buffer, source in zip(self.model.buffers(), model.buffers(), strict=True):
            buffer.copy_(source)
