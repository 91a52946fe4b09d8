"""Outlines of layers: how far inside a shape a surface point lies, and how opaque it is there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch


class Shape(Protocol):
    """A region of a layer's surface."""

    def depth(self, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return about how many pixels the point ``(u, v)`` is inside the outline; outside, below 0."""


@dataclass(frozen=True)
class Everywhere:
    """The whole plane: the shape of a background."""

    def depth(self, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return a large number for every point."""
        return torch.full_like(u, 1e6)


@dataclass(frozen=True)
class Blob:
    """A round shape with a wavy outline: ``radius (1 + sum of size cos(order angle + phase))``."""

    radius: float
    waves: tuple[tuple[float, int, float], ...]

    def depth(self, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return the distance to the outline along the line through the centre."""
        angle = torch.atan2(v, u)
        outline = torch.ones_like(angle)
        for size, order, phase in self.waves:
            outline += size * torch.cos(order * angle + phase)
        return self.radius * outline - torch.hypot(u, v)


@dataclass(frozen=True)
class Polygon:
    """A convex polygon: the points with ``u cos(angle) + v sin(angle) <= reach`` for every side."""

    sides: tuple[tuple[float, float], ...]

    def depth(self, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return the distance to the nearest side (to its line, outside)."""
        depth = torch.full_like(u, math.inf)
        for angle, reach in self.sides:
            depth = torch.minimum(depth, reach - u * math.cos(angle) - v * math.sin(angle))
        return depth


@dataclass(frozen=True)
class Bars:
    """Parallel bars of one width and pitch, as of a fence: what is behind shows between them."""

    angle: float
    width: float
    pitch: float

    def depth(self, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return the distance to the nearest edge of a bar."""
        across = u * math.cos(self.angle) + v * math.sin(self.angle)
        from_axis = torch.abs(torch.remainder(across + self.pitch / 2, self.pitch) - self.pitch / 2)
        return self.width / 2 - from_axis


def opacity(shape: Shape, softness: float, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Return the opacity in [0, 1], with a linear edge of ``softness`` pixels around the outline."""
    return (0.5 + shape.depth(u, v) / softness).clamp_(0, 1)


def draw_shape(random: np.random.Generator, radius: float) -> Shape:
    """Draw a blob, a polygon or, more seldom, bars, of about that radius in pixels."""
    kind = random.choice(["blob", "polygon", "bars"], p=[0.45, 0.45, 0.1])
    if kind == "blob":
        sizes = random.uniform(0, 0.5, 4) / np.arange(2, 6)
        phases = random.uniform(0, 2 * math.pi, 4)
        waves = zip(sizes.tolist(), range(2, 6), phases.tolist(), strict=True)
        return Blob(radius, tuple(waves))
    if kind == "polygon":
        count = int(random.integers(3, 8))
        angles = 2 * math.pi * (np.arange(count) + random.uniform(-0.3, 0.3, count)) / count
        reaches = radius * random.uniform(0.5, 1.0, count)
        return Polygon(tuple(zip(angles.tolist(), reaches.tolist(), strict=True)))
    width = float(random.uniform(2, 12))
    return Bars(float(random.uniform(0, math.pi)), width, width * float(random.uniform(2.5, 6)))
