"""What `stvsr.models.contract.ConditionalModel.bind` gives: a model for one degradation, or for none at all."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from stvsr.errors import StvsrError
from stvsr.models.contract import ConditionalModel, Restorer
from stvsr.physics.clip import check_clip
from stvsr.physics.degradation import Degradation, has_effect
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

NOISE_SEED = 20221023


def placed(operator: object, low: Tensor, model: nn.Module) -> SpaceTimeOperator:
    """Return an operator where a clip lies, after making sure that a model can undo it there.

    Args:
        operator: What made the clip.
        low: ``(B, 3, t, h, w)`` in [0, 1].
        model: What restores it.

    Raises:
        StvsrError: If one of them is nothing of the kind.
    """
    if not isinstance(operator, SpaceTimeOperator):
        kind = type(operator).__name__
        raise StvsrError(f"a clip is restored by the operator that made it, not by a {kind}; see Degradation.operator")
    check_clip(low, model)
    return SpaceTimeOperator(operator.kernel.to(low), operator.scale, operator.boundary)


class BoundModel(nn.Module, Restorer):
    """A model for one degradation, behind the contract of `stvsr.models.contract.Restorer`.

    Args:
        degradation: What it undoes.
    """

    def __init__(self, degradation: Degradation) -> None:
        super().__init__()
        self.degradation = degradation
        self._operator = degradation.operator()

    @property
    def operator(self) -> SpaceTimeOperator:
        """What `downsample` does, apart from noise, rounding and compression."""
        return self._operator

    @property
    def identity(self) -> Any:
        """What results depend on beside weights."""
        return self.degradation

    @property
    def scale(self) -> Scale:
        """How much coarser the low grid is."""
        return self.degradation.scale

    @property
    def down_context(self) -> int:
        """High frames of context that an exact low frame needs on each side."""
        first, taps = self.operator.kernel.origin[0], self.operator.kernel.size[0]
        return max(-first, first + taps - self.scale.steps[0], 0)

    def downsample(self, clip: Tensor) -> Tensor:
        """Apply the degradation; noise is the same for the same clip."""
        check_clip(clip)
        generator = torch.Generator(clip.device).manual_seed(NOISE_SEED)
        return self.degradation.apply(clip, generator)


def restorer_for(model: ConditionalModel, degradation: Degradation, iterations: int | None = None) -> Restorer:
    """Return what undoes a degradation: the model, or nothing at all where there is nothing to undo."""
    return model.bind(degradation, iterations) if has_effect(degradation) else IdentityModel()


class IdentityModel(Restorer):
    """Frames as they are."""

    name = "unchanged"
    scale = Scale()
    bytes_per_low_pixel = 96

    @property
    def operator(self) -> SpaceTimeOperator:
        """The operator that changes nothing."""
        return Degradation().operator()

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the clip."""
        return clip

    def upsample(self, low: Tensor) -> Tensor:
        """Return the clip."""
        return low
