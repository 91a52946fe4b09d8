"""A DAVSR model with something changed, each behind the contract of a model (`Restorer`): what ablations compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from stvsr.models.contract import Restorer
from stvsr.models.davsr.model import DAVSR, BoundDAVSR, Trace
from stvsr.physics.interpolation import trilinear
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

IMMENSE = 1e12
"""An alpha so many times as large makes the data step return its guess, to the last bit of float32."""


class Named(nn.Module, Restorer):
    """A method by another name.

    Args:
        method: What it does.
        name: What tables call it.
    """

    name: str

    def __init__(self, method: Restorer, name: str) -> None:
        super().__init__()
        self.method, self.name = method, name

    @property
    def scale(self) -> Scale:
        """How much coarser the low grid is."""
        return self.method.scale

    @property
    def operator(self) -> SpaceTimeOperator:
        """What the method takes to have made the low clip."""
        return self.method.operator

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels of context."""
        return self.method.context

    @property
    def down_context(self) -> int:
        """High frames of context of `downsample`."""
        return self.method.down_context

    @property
    def bytes_per_low_pixel(self) -> int:
        """Memory that `upsample` needs for each pixel of a low frame."""
        return self.method.bytes_per_low_pixel

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the low clip."""
        return self.method.downsample(clip)

    def upsample(self, low: Tensor) -> Tensor:
        """Return the high clip."""
        return self.method.upsample(low)


@dataclass(frozen=True)
class Parts:
    """What of a model is left (DAVSR, Table 3).

    Attributes:
        data_step: Whether Z_k is the data step's result, or the guess as it is.
        enhancement: Whether X_k is the enhancement network's result, or Z_k as it is.
        start: ``own``, or ``trilinear`` instead of a start along the motion; only without enhancement.
    """

    data_step: bool = True
    enhancement: bool = True
    start: str = "own"


class Ablated(Named):
    """A model without some of its parts, its weights untouched and not trained anew.

    Args:
        bound: The model for a degradation.
        parts: What is left.
        name: What tables call it.
    """

    def __init__(self, bound: BoundDAVSR, parts: Parts, name: str) -> None:
        super().__init__(bound, name)
        self.parts, self.model = parts, bound.model

    def upsample(self, low: Tensor) -> Tensor:
        """Return the high clip."""
        with reduced(self.model, self.parts):
            return self.method.upsample(low)


@contextmanager
def reduced(model: DAVSR, parts: Parts) -> Iterator[None]:
    """Take away the other parts of a model for a while."""
    with ExitStack() as stack:

        def hook(module: nn.Module, change: Callable[..., Any]) -> None:
            stack.callback(module.register_forward_hook(change).remove)

        if not parts.data_step:
            hook(model.hyper, lambda _, given, made: replace(made, alpha=made.alpha * IMMENSE))
        if not parts.enhancement:
            hook(model.enhancer, lambda _, given, made: given[0])
        if parts.start == "trilinear" and model.motion is not None:
            hook(model.motion, lambda _, given, made: replace(made, start=_trilinear(*given)))
        yield


def _trilinear(low: Tensor, operator: SpaceTimeOperator) -> Tensor:
    return trilinear(low, operator.scale, operator.kernel.centroid)


def stages(bound: BoundDAVSR, low: Tensor) -> dict[str, Tensor]:
    """Return X0, Z1, X1, Z2, ... of a whole clip ``(1, 3, t, h, w)``, each clipped to [0, 1] on the CPU."""
    degradation = bound.degradation
    with torch.inference_mode():
        trace: Trace = bound.model.trace(low, bound.operator, noise=degradation.noise, iterations=bound.iterations)
    found = {"X0": trace.start}
    for k, (z, x) in enumerate(zip(trace.data, trace.enhanced, strict=True), 1):
        found |= {f"Z{k}": z, f"X{k}": x}
    return {name: clip.clamp(0, 1).float().cpu() for name, clip in found.items()}


def ablations(bound: BoundDAVSR) -> list[Restorer]:
    """Return a model without its data step, its enhancement, or both, and whole."""
    return [
        Ablated(bound, Parts(data_step=False, enhancement=False, start="trilinear"), "trilinear start alone"),
        Ablated(bound, Parts(enhancement=False, start="trilinear"), "without enhancement, trilinear start"),
        Ablated(bound, Parts(data_step=False, enhancement=False), "the model's start alone"),
        Ablated(bound, Parts(enhancement=False), "without enhancement"),
        Ablated(bound, Parts(data_step=False), "without data step"),
        Named(bound, "whole"),
    ]
