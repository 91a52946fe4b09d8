"""A real codec between the low clip and the network that expands it.

low ──encoder──> decoder ──> what a user's video will hold
 └────────────gradient as of the identity──┘
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.models.contract import Codec, Model
from stvsr.training.recipe import CodecRecipe
from stvsr.video.encoders import Encoder, encoder
from stvsr.video.roundtrip import RoundTrip

STREAM = 0x636F6465
"""Keeps these numbers apart from those that are drawn elsewhere for the same seed and step."""


@dataclass(frozen=True)
class Coded:
    """Sends clips through a codec; the gradient passes as if it changed nothing (straight-through estimator).

    Attributes:
        encoder: The codec at one rate factor.
        rate: Frames per second of the clips.
    """

    encoder: Encoder
    rate: Fraction

    def __call__(self, low: Tensor) -> Tensor:
        """Return what comes back of ``low`` ``(B, 3, t, h, w)``, in 8-bit values from 0 to 1.

        Raises:
            StvsrError: If the codec cannot hold the size.
        """
        codes = (low.detach().float().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 4, 1).cpu().numpy()
        back = np.stack([np.stack(list(RoundTrip(self.encoder, self.rate)(clip))) for clip in codes])
        shown = torch.from_numpy(back).to(low.device).permute(0, 4, 1, 2, 3).float() / 255
        return low + (shown - low).detach()


def coded(recipe: CodecRecipe, factor: int, time: Fraction) -> Coded:
    """Return the codec of a recipe at a rate factor, for the low clips of a time factor."""
    chosen = encoder(recipe.name, factor, None if recipe.chroma == 420 else "yuv444p")
    return Coded(chosen, Fraction(recipe.rate).limit_denominator(1001) / time)


def draw_codec(recipe: CodecRecipe, model: Model, seed: int, step: int, rank: int = 0) -> Coded | None:
    """Return the codec of a step, a pure function of the recipe, the model's scale and the step; None without one."""
    if not recipe.name:
        return None
    random = np.random.default_rng(np.random.SeedSequence([STREAM, seed, step, rank]))
    return coded(recipe, int(random.integers(recipe.crf[0], recipe.crf[1] + 1)), _time(model))


def codecs(recipe: CodecRecipe, model: Model) -> list[Coded]:
    """Return the codec at the ends and the middle of its range, for validation; none without one.

    Raises:
        StvsrError: If there is one, and the model is not one that shrinks clips itself.
    """
    if recipe.name and not isinstance(model, Codec):
        raise StvsrError("recipe: 'codec' is for models that shrink clips themselves; leave it out")
    least, greatest = recipe.crf
    factors = sorted({least, (least + greatest) // 2, greatest})
    return [coded(recipe, factor, _time(model)) for factor in factors] if recipe.name else []


def _time(model: Model) -> Fraction:
    return model.scale.time
