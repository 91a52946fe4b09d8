"""What a DAVSR model does before its enhancement network, as a row beside the model: the bar that training must clear.

    low --flow--> X0 --data step--> Z1        (the model goes on: --enhancement network--> X1 ...)

The flow and the weight of the guess in the data step are the model's own, trained with it where they are networks'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import Tensor, nn

from stvsr.evaluation.methods.ablation import Named
from stvsr.models.davsr.model import DAVSR, BoundDAVSR

if TYPE_CHECKING:
    from stvsr.evaluation.methods.contract import Method
    from stvsr.models.contract import Restorer
    from stvsr.models.davsr.hyper import HyperParameters
    from stvsr.models.davsr.motion import Aligned


class Front(Named):
    """Motion and the first data step of a model alone.

    Args:
        bound: The model for a degradation.
    """

    exact_context = BoundDAVSR.exact_context

    def __init__(self, bound: BoundDAVSR) -> None:
        super().__init__(bound, f"{bound.name}, flow and data step alone")
        self.bound = bound

    def upsample(self, low: Tensor) -> Tensor:
        """Return Z1, in [0, 1]."""
        bound = self.bound
        with _without_enhancement(bound.model):
            noise, compression = bound.degradation.noise, bound.degradation.compression
            z, _, _ = next(bound.model.iterate(low, bound.operator, noise, bound.iterations, compression))
        return z.clamp(0, 1)


def fronts(methods: Sequence[Method | Restorer]) -> list[Restorer]:
    """Return the front of every DAVSR model among some methods."""
    return [Front(method) for method in methods if isinstance(method, BoundDAVSR)]


class _Skipped(nn.Module):
    """In place of an enhancement network: its input."""

    def passes(self, aligned: Aligned | None, space: int) -> Callable[[Tensor, Tensor, HyperParameters], Tensor]:
        return lambda z, x, hyper: z


@contextmanager
def _without_enhancement(model: DAVSR) -> Iterator[None]:
    """Take the enhancement network away for a while, so that no time goes into it either."""
    kept: nn.Module = model.enhancer
    model._modules["enhancer"] = _Skipped()
    try:
        yield
    finally:
        model._modules["enhancer"] = kept
