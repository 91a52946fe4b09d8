"""Trilinear interpolation from the low grid to the high grid, at the right phase for every colour."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from stvsr.layers.shuffle import space_time_shuffle
from stvsr.physics.scale import Scale


def trilinear(low: Tensor, scale: Scale, centroid: Tensor) -> Tensor:
    """Interpolate ``low`` to the high grid, its samples taken to sit at ``scale * i + centroid``.

    Beyond the outermost samples the clip goes on as they are. A moving edge stays where it is when ``centroid`` is
    that of the kernel which made ``low``; a plain resize is off by the difference.

    Args:
        low: ``(B, C, t, h, w)``.
        scale: The factors; time must be whole.
        centroid: ``(C, 3)`` or ``(1, 3)``: time, height, width in high samples, each between -1 and the factor.

    Returns:
        ``(B, C, t * time, h * height, w * width)``.
    """
    channels = low.shape[1]
    centroid = centroid.to(low).expand(channels, 3)
    reach = [_reach(step, centroid[:, axis]) for axis, step in enumerate(scale.steps)]
    weight = _weight(scale.steps, centroid, reach)
    padded = F.pad(low, (reach[2], reach[2], reach[1], reach[1], reach[0], reach[0]), mode="replicate")
    return space_time_shuffle(F.conv3d(padded, weight), *scale.steps)


def _reach(step: int, centroid: Tensor) -> int:
    """Neighbours needed on each side of one axis: none where it is neither scaled nor shifted, else one."""
    return 0 if step == 1 and not centroid.any() else 1


def _weight(steps: tuple[int, int, int], centroid: Tensor, reach: list[int]) -> Tensor:
    """The interpolation as a convolution from C channels to all their phases: ``(C * phases, C, *taps)``."""
    axes = []
    for axis, (step, side) in enumerate(zip(steps, reach, strict=True)):
        taps = torch.arange(-side, side + 1, dtype=centroid.dtype, device=centroid.device)
        samples = torch.arange(step, dtype=centroid.dtype, device=centroid.device)
        places = ((samples - centroid[:, axis, None]) / step).clamp(-side, side)
        axes.append((1 - (places[:, :, None] - taps).abs()).clamp(min=0))
    channels = centroid.shape[0]
    weight = torch.einsum("cpi,cqj,crk->cpqrijk", *axes).flatten(1, 3)
    eye = torch.eye(channels, dtype=centroid.dtype, device=centroid.device)
    return torch.einsum("cpijk,cd->cpdijk", weight, eye).flatten(0, 1)
