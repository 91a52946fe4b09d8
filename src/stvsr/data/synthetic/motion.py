"""Smooth motion with known speed: where a textured layer is at any instant.

A layer's surface point u (pixels from its centre) appears at p = M(t) u, where M is a turn, a zoom and a
shift. All of it is given in closed form for every real time, so that frame rate and exposure are free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Path:
    """One coordinate over time: ``offset + drift t + sum of amplitude sin(2 pi frequency t + phase)``.

    Attributes:
        offset: Value around which it moves.
        drift: Constant velocity in units per second.
        waves: ``(amplitude, frequency in hertz, phase in radians)`` of each sinusoid.
    """

    offset: float = 0.0
    drift: float = 0.0
    waves: tuple[tuple[float, float, float], ...] = ()

    def __call__(self, time: float) -> float:
        """Return the value at a time in seconds."""
        waves = sum(size * math.sin(2 * math.pi * pace * time + phase) for size, pace, phase in self.waves)
        return self.offset + self.drift * time + waves

    @property
    def top_speed(self) -> float:
        """A bound on the speed at any time, in units per second."""
        return abs(self.drift) + sum(abs(size) * 2 * math.pi * pace for size, pace, _ in self.waves)


def draw_path(random: np.random.Generator, speed: float, *, offset: float = 0.0, drifts: bool = False) -> Path:
    """Draw a path that is never faster than ``speed`` units per second.

    Args:
        random: Where it is drawn from.
        speed: The speed at which the drift and all sinusoids together arrive, at most.
        offset: Value around which it moves.
        drifts: Whether a part of the speed is constant, so that the path leaves any bounds in the end.
    """
    shares = random.dirichlet([2.0, 2.0, 1.0, 0.5]) * speed * random.choice([-1.0, 1.0])
    paces = random.uniform([0.12, 0.5, 1.5], [0.3, 1.2, 4.0])  # a swing, a sway and a shake
    phases = random.uniform(0, 2 * math.pi, 3)
    drift = float(shares[0]) if drifts else 0.0
    waves = [
        (float(share / (2 * math.pi * pace)), float(pace), float(phase))
        for share, pace, phase in zip(shares[1:], paces, phases, strict=True)
    ]
    if not drifts:  # the slowest swing takes the constant part over: nearly straight for seconds, yet bounded
        pace = float(random.uniform(0.08, 0.16))
        waves.append((float(shares[0]) / (2 * math.pi * pace), pace, float(random.uniform(0, 2 * math.pi))))
    return Path(offset, drift, tuple(waves))


@dataclass(frozen=True)
class Motion:
    """A similarity over time.

    Attributes:
        x: Shift to the right in pixels.
        y: Shift downwards in pixels.
        angle: Turn in radians.
        zoom: Logarithm of the magnification. `draw_motion` keeps it above 0: a layer is never shrunk, so its
            texture never aliases.
    """

    x: Path
    y: Path
    angle: Path
    zoom: Path

    def matrix(self, time: float) -> Matrix:
        """Return the 3 × 3 matrix that takes ``(u, v, 1)`` on the layer to ``(x, y, 1)`` on the screen."""
        scale = math.exp(self.zoom(time))
        cosine, sine = scale * math.cos(self.angle(time)), scale * math.sin(self.angle(time))
        return np.array([[cosine, -sine, self.x(time)], [sine, cosine, self.y(time)], [0.0, 0.0, 1.0]])


def draw_motion(
    random: np.random.Generator,
    speed: float,
    turn: float,
    zoom: float,
    *,
    centre: tuple[float, float] = (0.0, 0.0),
    drifts: bool = False,
) -> Motion:
    """Draw a motion whose shift never exceeds ``speed`` pixels per second.

    Args:
        random: Where it is drawn from.
        speed: Bound on the shift in pixels per second.
        turn: Bound on the turn in radians per second.
        zoom: Bound on the growth, as the logarithm of magnification per second.
        centre: ``(x, y)`` around which it moves.
        drifts: Whether it moves on for ever, in a constant direction on the whole.
    """
    heading = random.uniform(0, 2 * math.pi)
    growth = draw_path(random, zoom)
    largest = sum(abs(size) for size, _, _ in growth.waves)
    return Motion(
        draw_path(random, speed * abs(math.cos(heading)), offset=centre[0], drifts=drifts),
        draw_path(random, speed * abs(math.sin(heading)), offset=centre[1], drifts=drifts),
        draw_path(random, turn, offset=float(random.uniform(-math.pi, math.pi)) if turn else 0.0),
        replace(growth, offset=largest),
    )
