"""A model as another package would write it: it knows `stvsr.models` alone, and is known by being registered."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from stvsr.models.conditional import BoundModel
from stvsr.models.contract import ConditionalModel
from stvsr.models.network import Network
from stvsr.physics.degradation import Degradation
from stvsr.physics.interpolation import trilinear
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale


class ToyConfig:
    """Where the trained number starts."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.brightness = float(data.get("brightness", 0.0))

    def to_dict(self) -> dict[str, Any]:
        """Return the table ``model``."""
        return {"family": "toy", "task": "restore", "scale": ["2", 2, 2], "brightness": self.brightness}


class Toy(Network, ConditionalModel):
    """Trilinear interpolation that learns one number: how much brighter the answer should be."""

    def __init__(self, config: ToyConfig, name: str) -> None:
        super().__init__()
        self.config, self.name, self.scale = config, name, Scale.of(2, 2)
        self.degradation = Degradation(2, 2, exposure=0.5)
        self.brightness = nn.Parameter(torch.tensor([config.brightness]))

    def bind(self, degradation: Degradation, iterations: int | None = None) -> BoundToy:
        """Return the model for one degradation."""
        return BoundToy(self, degradation)

    def expand(self, low: Tensor, operator: SpaceTimeOperator) -> Tensor:
        """Return the high clip, not clipped."""
        return trilinear(low, operator.scale, operator.kernel.centroid) + self.brightness

    def forward(self, clip: Tensor, degradation: Degradation | None = None) -> tuple[Tensor, Tensor]:
        """Degrade and restore, for training."""
        degradation = degradation or self.degradation
        low = degradation.apply(clip)
        frames, height, width = clip.shape[2:]
        return low, self.expand(low, degradation.operator())[:, :, :frames, :height, :width]


class BoundToy(BoundModel):
    """The toy for one degradation."""

    context = (1, 1)

    def __init__(self, model: Toy, degradation: Degradation) -> None:
        super().__init__(degradation)
        self.model, self.name = model, model.name

    def upsample(self, low: Tensor) -> Tensor:
        """Return the high clip."""
        return self.model.expand(low, self.operator).clamp(0, 1)


def build(config: dict[str, Any], name: str) -> Toy:
    """Return the untrained model."""
    return Toy(ToyConfig(config), name)
