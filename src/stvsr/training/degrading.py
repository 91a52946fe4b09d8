"""The degradation of a training step: a pure function of the recipe and the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from stvsr.physics.degradation import Degradation
from stvsr.training.recipe import DegradationRecipe

STREAM = 0x64656772
"""Keeps these numbers apart from those that the loader draws for the same seed and step."""

LEAST_BLOCK = 2
"""High pixels in height and width that networks gather into one where none are made."""


def draw(recipe: DegradationRecipe, seed: int, step: int, rank: int = 0) -> Degradation | None:
    """Return the degradation of a step, one for the whole batch; ``None`` for the model's own.

    Where neither axis is scaled, there is always something else to undo.
    """
    if not recipe.times:
        return None
    random = np.random.default_rng(np.random.SeedSequence([STREAM, seed, step, rank]))
    time, space = int(random.choice(recipe.times)), int(random.choice(recipe.spaces))
    exposure = float(random.uniform(*recipe.exposure))
    trapezoid, gaussian = random.random() < recipe.trapezoid, random.random() < recipe.gaussian
    sigma = float(random.uniform(*recipe.sigma)) * max(space, 2)
    noise = float(random.uniform(0, recipe.noise)) if random.random() < recipe.noisy else 0.0
    plain = time == space == 1  # nothing to undo yet
    compressed = random.random() < recipe.compressed
    compression = int(random.integers(recipe.compression[0], recipe.compression[1] + 1)) if compressed else 0
    gaussian = gaussian or (plain and not (noise or compression))
    return Degradation(
        time=time,
        space=space,
        exposure=exposure,
        shutter="trapezoid" if trapezoid else "box",
        blur=f"gaussian:{sigma:.3f}" if gaussian else "bicubic",
        noise=noise,
        compression=compression,
    )


def cropped(clip: Tensor, degradation: Degradation | None, grid: int) -> Tensor:
    """Cut samples to a side of ``grid`` pixels of the network's grid, so that every space factor costs the same.

    Args:
        clip: ``(B, 3, T, H, W)``.
        degradation: Of the step; nothing is cut without one.
        grid: Pixels of a side there; 0 leaves samples as they are.
    """
    if degradation is None or not grid:
        return clip
    side = grid * max(degradation.space, LEAST_BLOCK)
    return clip[..., :side, :side]


def fixed(described: Sequence[Mapping[str, Any]]) -> list[Degradation]:
    """Return the degradations that a recipe names for validation.

    Raises:
        StvsrError: If one is impossible.
    """
    return [Degradation.from_dict(dict(one)) for one in described]
