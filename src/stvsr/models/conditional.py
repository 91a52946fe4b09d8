"""What models have in common that are told how a low clip came about, and undo that.

`ToldModel.bind` gives a `Bound`: a model for one degradation, behind the contract of `stvsr.models.contract`.
The model itself is the same for its own degradation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from stvsr.errors import StvsrError
from stvsr.models.contract import GeneralModel, Restorer
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


class Bound(nn.Module, ABC):
    """A model told of a degradation.

    Args:
        degradation: What it undoes.
    """

    def __init__(self, degradation: Degradation) -> None:
        super().__init__()
        self.degradation = degradation
        self.operator = degradation.operator()

    @property
    @abstractmethod
    def name(self) -> str:
        """The model's name."""

    @property
    @abstractmethod
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an exact answer needs."""

    @property
    @abstractmethod
    def bytes_per_low_pixel(self) -> int:
        """Working memory of `upsample` for each pixel of a low frame."""

    @abstractmethod
    def upsample(self, low: Tensor) -> Tensor:
        """Undo the degradation, clipped to [0, 1]."""

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


class ToldModel(nn.Module, ABC):
    """A model that `bind` tells of a degradation. As it is, it undoes its own.

    Args:
        degradation: What it undoes unless told otherwise.
        name: The model's name.
    """

    def __init__(self, degradation: Degradation, name: str) -> None:
        super().__init__()
        self.degradation, self.name = degradation, name
        self.scale = degradation.scale

    @abstractmethod
    def bind(self, degradation: Degradation, iterations: int | None = None) -> Bound:
        """Return the model for videos of a known degradation, ready for files of any length.

        Raises:
            StvsrError: If it cannot undo that.
        """

    @property
    def operator(self) -> SpaceTimeOperator:
        """The operator of its own degradation."""
        return self.degradation.operator()

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels of context for its own degradation; see `Bound.context`."""
        return self.bind(self.degradation).context

    @property
    def down_context(self) -> int:
        """High frames of context that an exact low frame needs on each side."""
        return self.bind(self.degradation).down_context

    @property
    def bytes_per_low_pixel(self) -> int:
        """Memory that `upsample` needs for each pixel of a low frame."""
        return self.bind(self.degradation).bytes_per_low_pixel

    def downsample(self, clip: Tensor) -> Tensor:
        """Apply its own degradation, 8-bit values."""
        return self.bind(self.degradation).downsample(clip)

    def upsample(self, low: Tensor) -> Tensor:
        """Undo its own degradation."""
        return self.bind(self.degradation).upsample(low)


def finer(model: GeneralModel, degradation: Degradation, iterations: int | None = None) -> Restorer:
    """Return what undoes a degradation: the model, or nothing at all where there is nothing to undo."""
    return model.bind(degradation, iterations) if has_effect(degradation) else Unchanged()


class Unchanged:
    """Frames as they are; a `stvsr.models.contract.Restorer`."""

    name = "unchanged"
    scale = Scale()
    operator = Degradation().operator()
    context = (0, 0)
    down_context = 0
    bytes_per_low_pixel = 96

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the clip."""
        return clip

    def upsample(self, low: Tensor) -> Tensor:
        """Return the clip."""
        return low
