"""What lies outside a clip: padding before a valid convolution, and its exact adjoint."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Boundary = Literal["replicate", "periodic"]
Span = tuple[int, int]


def _outside(size: int, indices: Tensor, boundary: Boundary) -> Tensor:
    return indices.clamp(0, size - 1) if boundary == "replicate" else indices.remainder(size)


def extend(x: Tensor, spans: tuple[Span, Span, Span], boundary: Boundary) -> Tensor:
    """Return samples ``first .. last`` of each of the last three axes, made up by the rule where there are none.

    Args:
        x: ``(..., time, height, width)``.
        spans: ``(first, last)`` for each axis; may begin below 0 and end above the size, or crop.
        boundary: ``replicate`` repeats the outermost sample, ``periodic`` wraps around.
    """
    for dim, (first, last) in zip((-3, -2, -1), spans, strict=True):
        size = x.shape[dim]
        inside = x.narrow(dim, max(first, 0), min(last, size - 1) - max(first, 0) + 1)
        before = torch.arange(min(first, 0), 0, device=x.device)
        after = torch.arange(size, max(last + 1, size), device=x.device)
        parts = [
            x.index_select(dim, _outside(size, before, boundary)) if len(before) else None,
            inside,
            x.index_select(dim, _outside(size, after, boundary)) if len(after) else None,
        ]
        kept = [part for part in parts if part is not None]
        x = torch.cat(kept, dim) if len(kept) > 1 else inside
    return x


def fold(y: Tensor, spans: tuple[Span, Span, Span], sizes: tuple[int, int, int], boundary: Boundary) -> Tensor:
    """Apply the adjoint of `extend`: add every made-up sample back to the sample that it was taken from.

    Args:
        y: ``(..., time, height, width)`` of the extended size.
        spans: As given to `extend`.
        sizes: The size of the result on each axis.
        boundary: As given to `extend`.
    """
    for dim, (first, last), size in zip((-3, -2, -1), spans, sizes, strict=True):
        head, tail = max(-first, 0), max(last + 1 - size, 0)
        core = y.narrow(dim, head, y.shape[dim] - head - tail)
        missing = size - core.shape[dim]
        if missing:
            gap = list(core.shape)
            gap[dim] = max(first, 0)
            rest = list(core.shape)
            rest[dim] = missing - max(first, 0)
            core = torch.cat([core.new_zeros(gap), core, core.new_zeros(rest)], dim)
        if head:
            source = torch.arange(-head, 0, device=y.device)
            core = core.index_add(dim, _outside(size, source, boundary), y.narrow(dim, 0, head))
        if tail:
            source = torch.arange(size, size + tail, device=y.device)
            core = core.index_add(dim, _outside(size, source, boundary), y.narrow(dim, y.shape[dim] - tail, tail))
        y = core
    return y
