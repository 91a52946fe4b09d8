"""STAA's upsampler behind a camera, not a learned filter (section 5.3, appendix E.2): sharp frames of blurred ones.

    high --open shutter, bicubic in space, stride--> low --network--> + trilinear --data step--> high
                     └ how long it was open, which the user says, conditions every part ┘

What a shutter does is the box of section 4.1, known but not chosen: nothing of it is learned, only its undoing, for any
exposure.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stvsr.errors import StvsrError
from stvsr.models.conditional import BoundModel, placed
from stvsr.models.contract import ConditionalModel
from stvsr.models.staa.alternating import AlternatingUpsampler
from stvsr.models.staa.config import DeblurrerConfig
from stvsr.models.staa.model import REFINEMENTS, START_ALPHA
from stvsr.models.staa.networks import Expanding, make_upsampler
from stvsr.models.zoo import DEFAULT_RESTORER
from stvsr.physics.degradation import Degradation
from stvsr.physics.operator import SpaceTimeOperator


class Deblurrer(Expanding, ConditionalModel):
    """Makes sharp frames of blurred ones at one pair of factors, for any exposure.

    Args:
        config: What the model is made of.
        name: The model's name, ``<family>-<time>t<space>s-blurred[-compact]``.
    """

    config: DeblurrerConfig

    def __init__(self, config: DeblurrerConfig, name: str = "staa") -> None:
        time, space, _ = config.scale.steps
        super().__init__()
        self.config, self.name, self.scale = config, name, config.scale
        self.degradation = Degradation(time=time, space=space)
        self.upsampler = make_upsampler(config, num_conditions=time)
        if config.upsampler.data_step:
            self.log_alpha = nn.Parameter(torch.full((1, 1, 1, 1), START_ALPHA).log())

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an exact answer needs, whatever the exposure."""
        frames, pixels = super().context
        settings = self.config.upsampler
        # The data step's inverse fades with distance. Without a blur in space it stays in its pixel.
        extra = 2 if settings.data_step and settings.context is None and self.scale.width > 1 else 0
        return (frames + extra, pixels + extra)

    def bind(self, degradation: Degradation, iterations: int | None = None) -> BoundDeblurrer:
        """Return the model for videos of a known exposure.

        Args:
            degradation: How they were degraded.
            iterations: None: it has no rounds.

        Raises:
            StvsrError: If it is made for other factors, does not remove such blur or noise, or rounds are chosen.
        """
        self._check(degradation)
        if iterations is not None:
            raise StvsrError(f"`iterations`: {self.name} has no rounds to choose; leave it out")
        return BoundDeblurrer(self, degradation)

    def restore(self, low: Tensor, operator: SpaceTimeOperator) -> Tensor:
        """Return the high clip ``(B, 3, t * time, h * space, w * space)``, not clipped.

        Args:
            low: ``(B, 3, t, h, w)`` in [0, 1].
            operator: What made it: that of a `Degradation` which `bind` takes.
        """
        operator = placed(operator, low, self)
        if isinstance(self.upsampler, AlternatingUpsampler):
            alternated: Tensor = self.upsampler(low, operator)
            return alternated
        shutter = operator.kernel.taps.mean(dim=0).sum(dim=(1, 2))
        high: Tensor = self.upsampler(low, operator.kernel.centroid, shutter)
        if not self.config.upsampler.data_step:
            return high
        return operator.data_step(low, high, torch.exp(self.log_alpha), refinements=REFINEMENTS)

    def forward(self, clip: Tensor, degradation: Degradation | None = None) -> tuple[Tensor, Tensor]:
        """Blur a clip and restore it, for training.

        Args:
            clip: ``(B, 3, T, H, W)`` in [0, 1].
            degradation: By default the model's own, a shutter that is open throughout.

        Returns:
            The low clip, and the restored one, unclipped and of the clip's size.
        """
        degradation = degradation or self.degradation
        self._check(degradation)
        with torch.no_grad():
            low = degradation.apply(clip)
        high = self.restore(low, degradation.operator())
        return low, high[:, :, : clip.shape[2], : clip.shape[3], : clip.shape[4]]

    def _check(self, degradation: Degradation) -> None:
        """Refuse what the network never saw, and the data step alone cannot undo."""
        other = f"take `model` {DEFAULT_RESTORER}"
        if degradation.scale != self.scale:
            raise StvsrError(f"{self.name} is made for {self.scale}, not for {degradation.scale}: {other} for that")
        if degradation.noise:
            raise StvsrError(f"`noise`: {self.name} removes none; leave it out, or {other}")
        if degradation.compression:
            raise StvsrError(f"`compression`: {self.name} undoes none; leave it out, or {other}")
        if degradation.blur != "bicubic" and (degradation.space, degradation.blur) != (1, "area"):
            raise StvsrError(f"`blur`: {self.name} only removes that of a shutter; leave it out, or {other}")


class BoundDeblurrer(BoundModel):
    """A `Deblurrer` for one exposure: a model behind the contract that files are restored through.

    Args:
        model: The network, shared.
        degradation: What it undoes.
    """

    def __init__(self, model: Deblurrer, degradation: Degradation) -> None:
        super().__init__(degradation)
        self.model = model

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def exact_context(self) -> bool:
        """Whether nothing beyond `context` matters."""
        return self.model.exact_context

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an exact answer needs."""
        return self.model.context

    @property
    def bytes_per_low_pixel(self) -> int:
        """Working memory of `upsample` for each pixel of a low frame."""
        return self.model.bytes_per_low_pixel

    def upsample(self, low: Tensor) -> Tensor:
        """Undo the degradation, clipped to [0, 1]."""
        return self.model.restore(low, self.operator).clamp(0, 1)
