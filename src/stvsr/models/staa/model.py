"""The STAA model: downsampler, upsampler and, on request, the data step between what was made and what was stored."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from stvsr.errors import StvsrError
from stvsr.layers.quantise import quantise
from stvsr.models.contract import Codec
from stvsr.models.staa.alternating import AlternatingUpsampler
from stvsr.models.staa.config import RescalerConfig
from stvsr.models.staa.downsampler import AdaptiveDownsampler, Downsampler
from stvsr.models.staa.networks import Expanding, make_upsampler
from stvsr.models.staa.warping import WarpingUpsampler
from stvsr.physics.clip import check_clip
from stvsr.physics.operator import SpaceTimeOperator

START_ALPHA = 2e-3
# The Fourier solution is exact inside; at the borders, where it is not, refining it was worth 0.003 dB.
REFINEMENTS = 0


class STAA(Expanding, Codec):
    """Space-time anti-aliasing: `downsample` makes the small clip, `upsample` the large one out of it.

    Args:
        config: What the model is made of.
        name: The model's name, ``<family>-<time>t<space>s[-compact]``.
    """

    config: RescalerConfig

    def __init__(self, config: RescalerConfig, name: str = "staa") -> None:
        super().__init__()
        self.config, self.name, self.scale = config, name, config.scale
        adaptive = config.downsampler.constraint == "adaptive"
        if adaptive and (config.upsampler.data_step or config.upsampler.network == "alternating"):
            raise StvsrError("upsampler.data_step needs a filter that is known: not the adaptive downsampler")
        self.downsampler: Downsampler | AdaptiveDownsampler
        self.downsampler = (AdaptiveDownsampler if adaptive else Downsampler)(config.downsampler, config.scale)
        self.upsampler = make_upsampler(config)
        if config.upsampler.data_step:
            self.log_alpha = nn.Parameter(torch.full((3,), START_ALPHA).log())

    @property
    def operator(self) -> SpaceTimeOperator:
        """The downsampler as the operator shared by all methods.

        Raises:
            StvsrError: For the adaptive downsampler, whose filter differs from place to place.
        """
        if isinstance(self.downsampler, AdaptiveDownsampler):
            raise StvsrError("the adaptive downsampler has no single kernel and so no operator")
        return self.downsampler.operator

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels of context that an exact answer needs on each side."""
        frames, pixels = super().context
        # The data step's inverse reaches everywhere, but fades: this far away it moves no 8-bit value.
        extra = 2 if self.config.upsampler.data_step and self.config.upsampler.context is None else 0
        return (frames + extra, pixels + extra)

    @property
    def down_context(self) -> int:
        """High frames of context that an exact low frame needs on each side."""
        first, taps = self.downsampler.origin[0], self.config.downsampler.window[0]
        return max(-first, first + taps - self.scale.steps[0], 0)

    def downsample(self, clip: Tensor) -> Tensor:
        """Shrink ``clip`` ``(B, 3, T, H, W)`` in [0, 1] to 8-bit values ``(B, 3, ceil(T/r), ceil(H/s), ceil(W/s))``."""
        check_clip(clip, self)
        low: Tensor = self.downsampler(clip)
        return low if self.config.downsampler.quantised else quantise(low)

    def upsample(self, low: Tensor) -> Tensor:
        """Expand ``low`` ``(B, 3, t, h, w)`` in [0, 1] to ``(B, 3, t * r, h * s, w * s)``, clipped to [0, 1]."""
        check_clip(low, self)
        return self._expand(low).clamp(0, 1)

    def forward(self, clip: Tensor, through: Callable[[Tensor], Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Return the low clip and the high clip made of it, unclipped and of the size of ``clip``, for training.

        Args:
            clip: ``(B, 3, T, H, W)`` in [0, 1].
            through: What the low clip goes through before it is expanded, such as a codec.
        """
        low = self.downsampler(clip)
        high = self._expand(through(low) if through else low)
        return low, high[:, :, : clip.shape[2], : clip.shape[3], : clip.shape[4]]

    def _expand(self, low: Tensor) -> Tensor:
        if isinstance(self.downsampler, AdaptiveDownsampler):
            centre = torch.tensor([[(s - 1) / 2 for s in self.scale.steps]], device=low.device)
            guessed: Tensor = self.upsampler(low, centre)
            return guessed
        if isinstance(self.upsampler, WarpingUpsampler):
            moved: Tensor = self.upsampler(low, self._places(low.shape[2] * self.scale.steps[0]))
            return moved
        operator = self.downsampler.operator
        if isinstance(self.upsampler, AlternatingUpsampler):
            alternated: Tensor = self.upsampler(low, operator)
            return alternated
        high: Tensor = self.upsampler(low, operator.kernel.centroid)
        if not self.config.upsampler.data_step:
            return high
        alpha = torch.exp(self.log_alpha)[:, None, None, None]
        return operator.data_step(low, high, alpha, refinements=REFINEMENTS)
