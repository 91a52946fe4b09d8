"""Photographs moved along random paths: clips of fine detail and exact, smooth motion, made as they are cut out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from stvsr.data.cache import Frames
from stvsr.errors import StvsrError
from stvsr.video.images import image_size, read_image

FRAMES = 32
KEPT = 1024
"""Photographs kept in memory."""


@dataclass(frozen=True)
class Path2d:
    """A camera's way over a photograph: pan with acceleration, zoom and turn, each about constant.

    Attributes:
        centre: Place in the photograph that the middle frame shows in its centre, as shares of its size.
        velocity: Pixels per frame, across and down.
        acceleration: Pixels per frame and frame.
        zoom: Size of a photograph's pixel in the middle frame.
        zooming: Change of its logarithm per frame.
        angle: Turn of the middle frame, in radians.
        turning: Radians per frame.
    """

    centre: tuple[float, float]
    velocity: tuple[float, float]
    acceleration: tuple[float, float]
    zoom: float
    zooming: float
    angle: float
    turning: float

    @classmethod
    def drawn(cls, seed: int) -> Path2d:
        """Return the path of a seed: mostly slow, seldom up to some ten pixels per frame."""
        random = np.random.default_rng(seed)
        speed = math.exp(random.uniform(-1, 1.6))
        across, down = random.normal(0, speed, 2)
        faster, lower = random.normal(0, 0.05, 2)
        return cls(
            (random.uniform(0.3, 0.7), random.uniform(0.3, 0.7)),
            (float(across), float(down)),
            (float(faster), float(lower)),
            math.exp(random.uniform(-0.5, 0.5)),
            random.normal(0, 0.004),
            random.uniform(0, 2 * math.pi),
            random.normal(0, 0.006),
        )

    def matrix(self, time: float, size: tuple[int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Return the 2×3 matrix from pixels of a frame, around its centre, to those of the photograph.

        Args:
            time: Frames after the middle one.
            size: Width and height of the photograph.
        """
        angle, zoom = self.angle + self.turning * time, self.zoom * math.exp(self.zooming * time)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) / zoom
        moved = [
            share * side + speed * time + more * time * time / 2
            for share, side, speed, more in zip(self.centre, size, self.velocity, self.acceleration, strict=True)
        ]
        return np.hstack([turn, np.array(moved)[:, None]])


class MovingStills:
    """A `stvsr.data.clips.ClipSet` of photographs in motion, `FRAMES` frames each, of the photographs' sizes.

    Beyond its borders a photograph is mirrored.

    Args:
        images: The photographs.
        count: How many clips; those with more than one way each come around.
        seed: Of the first clip's path; the others follow.

    Raises:
        StvsrError: If there is none.
    """

    def __init__(self, images: Sequence[Path], count: int, seed: int) -> None:
        if not images or count < 1:
            raise StvsrError("data source: 'stills' needs a 'path' with photographs and a 'count' of at least 1")
        self.names: Sequence[str] = [f"{images[i % len(images)].name}, path {seed + i}" for i in range(count)]
        self._images, self._seed = images, seed
        self._sizes = [image_size(path) for path in images]
        self._read = lru_cache(maxsize=KEPT)(read_image)

    def __len__(self) -> int:
        return len(self.names)

    def shape(self, index: int) -> tuple[int, int, int]:
        """Return ``(frames, height, width)`` of a clip."""
        return (FRAMES, *self._sizes[index % len(self._sizes)])

    def crop(self, index: int, start: int, frames: int, y: int, x: int, height: int, width: int) -> Frames:
        """Make ``(frames, height, width, 3)`` uint8 from frame ``start``, row ``y``, column ``x`` on."""
        image = self._read(self._images[index % len(self._images)])
        rows, columns = image.shape[:2]
        path = Path2d.drawn(self._seed + index)
        made = np.empty((frames, height, width, 3), np.uint8)
        for number in range(frames):
            matrix = path.matrix(start + number - FRAMES / 2, (columns, rows))
            matrix[:, 2] += matrix[:, :2] @ (np.array([x, y]) - np.array([columns, rows]) / 2)
            cv2.warpAffine(
                image,
                matrix,
                (width, height),
                dst=made[number],
                flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REFLECT_101,
            )
        return made
