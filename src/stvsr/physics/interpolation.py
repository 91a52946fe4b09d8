"""Trilinear interpolation from the low grid to the high grid, at the right phase for every colour."""

from __future__ import annotations

import math
from fractions import Fraction

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
        scale: The factors. Where time is p/q, low frame 0 sits at high frame 0, whatever the centroid.
        centroid: ``(C, 3)`` or ``(1, 3)``: time, height, width in high samples, each between -1 and the factor.

    Returns:
        ``(B, C, floor(t * time), h * height, w * width)``.
    """
    if scale.time.denominator > 1:
        in_space = centroid * centroid.new_tensor([0.0, 1.0, 1.0])
        return _retimed(trilinear(low, Scale(Fraction(1), scale.height, scale.width), in_space), scale.time)
    channels = low.shape[1]
    centroid = centroid.to(low).expand(channels, 3)
    reach = [_reach(step, centroid[:, axis]) for axis, step in enumerate(scale.steps)]
    weight = _weight(scale.steps, centroid, reach)
    padded = F.pad(low, (reach[2], reach[2], reach[1], reach[1], reach[0], reach[0]), mode="replicate")
    with torch.autocast(low.device.type, enabled=False):  # an 8-bit code is one step of bfloat16
        return space_time_shuffle(F.conv3d(padded, weight), *scale.steps)


def _retimed(low: Tensor, rate: Fraction) -> Tensor:
    """Return the frames at the places 0, 1 / rate, 2 / rate ... of a clip, mixed of the two around each."""
    places = [j / rate for j in range(math.floor(low.shape[2] * rate))]
    earlier = [math.floor(place) for place in places]
    later = [min(number + 1, low.shape[2] - 1) for number in earlier]
    shares = low.new_tensor([float(place - number) for place, number in zip(places, earlier, strict=True)])
    return torch.lerp(low[:, :, earlier], low[:, :, later], shares[:, None, None])


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
