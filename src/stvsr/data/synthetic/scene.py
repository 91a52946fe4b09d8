"""A synthetic scene: textured layers on smooth paths, composited back to front, with exact optical flow.

    u = M(t)^-1 p               the surface point of a layer under the screen point p at time t
    colour over colour ...      texture(u), opacity(u) of each layer, from the background forwards
    flow(i, j) = M(j) u - p     of the frontmost layer, wherever it is alone visible at both instants

Everything is given for every real time, so frame rate and exposure are free: the frame at an instant does not
depend on the rate, and an exposure is the mean of instants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from stvsr.data import layouts
from stvsr.data.synthetic.motion import Matrix, Motion, draw_motion
from stvsr.data.synthetic.shapes import Everywhere, Shape, draw_shape, opacity
from stvsr.data.synthetic.textures import PITCH, texture
from stvsr.errors import StvsrError

Image = NDArray[np.float32]

CLEAR = 1e-3  # below this opacity a layer does not count as hiding what is behind it


@dataclass(frozen=True)
class SceneSettings:
    """What scenes are like; together with a seed it makes one scene.

    Attributes:
        size: ``(height, width)`` in pixels.
        frames: Frames of a clip.
        rate: Frames per second.
        layers: Layers, background included.
        speed: Fastest shift in pixels per second (300 is 12 pixels per frame at 25 frames per second). A
            scene's own top speed is drawn between a twentieth of it and all of it.
        rotation: Fastest turn in degrees per second.
        zoom: Fastest magnification, as a natural logarithm per second.
        exposure: Part of a frame's duration that the shutter is open: 0 is an instant, 1 no gap at all.
        subframes: Instants that are averaged for one exposure.
        stills: Folder of photographs to cut textures from; without it they are drawn.
    """

    size: tuple[int, int] = (256, 256)
    frames: int = 32
    rate: float = 25.0
    layers: int = 4
    speed: float = 300.0
    rotation: float = 30.0
    zoom: float = 0.2
    exposure: float = 0.0
    subframes: int = 8
    stills: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(self.size))
        if len(self.size) != 2 or min(*self.size, self.frames, self.layers, self.subframes) < 1:
            raise StvsrError("scene: size is [height, width]; size, frames, layers, subframes are at least 1")
        if self.rate <= 0 or min(self.speed, self.rotation, self.zoom) < 0 or not 0 <= self.exposure <= 1:
            raise StvsrError("scene: rate must be positive, exposure in 0..1, speed, rotation, zoom not negative")


@dataclass(frozen=True)
class Layer:
    """A textured surface: ``texture`` (mirrored where it ends), cut out by ``shape``, moved by ``motion``."""

    texture: torch.Tensor
    shape: Shape
    softness: float
    motion: Motion

    def colour(self, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return the colour ``(3, height, width)`` at surface points in pixels from the centre."""
        half = PITCH * (self.texture.shape[-1] - 1) / 2
        points = torch.stack([u, v], dim=-1)[None] / half
        return F.grid_sample(self.texture, points, "bilinear", "reflection", align_corners=True)[0]

    def opacity(self, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return the opacity ``(height, width)`` at surface points."""
        return opacity(self.shape, self.softness, u, v)


class Scene:
    """One scene, a pure function of its settings and its seed.

    Args:
        settings: What scenes are like.
        seed: Which one.

    Raises:
        StvsrError: If the folder of stills is missing, empty or holds something unreadable.
    """

    def __init__(self, settings: SceneSettings, seed: int) -> None:
        self.settings = settings
        random = np.random.default_rng(np.random.SeedSequence([seed]))
        stills = find_stills(settings.stills) if settings.stills else None
        speed = settings.speed * 20 ** random.uniform(-1, 0)
        turn, zoom = (value * random.random() for value in (math.radians(settings.rotation), settings.zoom))
        self._camera = draw_motion(random, speed / 2, turn / 2, zoom / 2, drifts=True)
        self.layers = [self._layer(random, index, speed, turn, zoom, stills) for index in range(settings.layers)]

    def render(self, time: float) -> Image:
        """Return the instant at a time in seconds: ``(height, width, 3)`` float32 in [0, 1]."""
        return self._composite(time).permute(1, 2, 0).numpy()

    def frame(self, index: int) -> Image:
        """Return a frame, ``(height, width, 3)`` float32 in [0, 1], exposed from ``index / rate`` on."""
        settings = self.settings
        if settings.exposure == 0:
            return self.render(index / settings.rate)
        opened = (np.arange(settings.subframes) + 0.5) / settings.subframes * settings.exposure
        total = sum(self._composite((index + part) / settings.rate) for part in opened.tolist())
        mean = torch.as_tensor(total) / settings.subframes
        return mean.permute(1, 2, 0).numpy()

    def flow(self, first: int, second: int) -> tuple[Image, NDArray[np.bool_]]:
        """Return where the surfaces of one frame go until another, between the instants the shutters open.

        Args:
            first: Frame whose pixels are followed.
            second: Frame in which they are looked for.

        Returns:
            ``(height, width, 2)`` float32, the shift of each pixel in pixels to the right and downwards, and
            ``(height, width)``, true where one surface alone is seen at the pixel and at its new place.
        """
        before, after = (self._matrices(index / self.settings.rate) for index in (first, second))
        x, y = self._screen()
        shift = torch.zeros(2, *x.shape, dtype=x.dtype)
        visible = torch.zeros(x.shape, dtype=torch.bool)
        for index, layer in enumerate(self.layers):
            u, v = _apply(_inverse(before[index]), x, y)
            new_x, new_y = _apply(after[index], u, v)
            opacity_here = layer.opacity(u, v)
            seen = opacity_here > 1 - CLEAR
            seen &= self._uncovered(index, before, x, y) & self._uncovered(index, after, new_x, new_y)
            seen &= self._on_screen(new_x, new_y)
            mine = opacity_here > 0.5
            shift = torch.where(mine, torch.stack([new_x - x, new_y - y]), shift)
            visible = torch.where(opacity_here > CLEAR, seen, visible)
        return shift.permute(1, 2, 0).float().numpy(), visible.numpy()

    def _layer(
        self,
        random: np.random.Generator,
        index: int,
        speed: float,
        turn: float,
        zoom: float,
        stills: list[Path] | None,
    ) -> Layer:
        height, width = self.settings.size
        surface = texture(random, max(height, width) + 64, stills)
        if index == 0:
            return Layer(surface, Everywhere(), 1.0, draw_motion(random, 0, 0, 0))
        shape = draw_shape(random, min(height, width) * random.uniform(0.1, 0.35))
        softness = float(1 + random.choice([0, 0, 0, 1]) * random.uniform(0, 7))
        place = random.uniform(-0.45, 0.45, 2) * (width, height)
        motion = draw_motion(random, speed / 2, turn / 2, zoom / 2, centre=(float(place[0]), float(place[1])))
        return Layer(surface, shape, softness, motion)

    def _screen(self, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
        """Return x and y of every pixel from the middle of the frame, each ``(height, width)``."""
        height, width = self.settings.size
        y = torch.arange(height, dtype=dtype) - (height - 1) / 2
        x = torch.arange(width, dtype=dtype) - (width - 1) / 2
        return x.expand(height, width), y[:, None].expand(height, width)

    def _matrices(self, time: float) -> list[Matrix]:
        camera = self._camera.matrix(time)
        return [camera @ layer.motion.matrix(time) for layer in self.layers]

    def _composite(self, time: float) -> torch.Tensor:
        """Return ``(3, height, width)``."""
        x, y = self._screen(torch.float32)
        image = torch.zeros(3, *self.settings.size)
        for layer, matrix in zip(self.layers, self._matrices(time), strict=True):
            u, v = _apply(_inverse(matrix), x, y)
            image = torch.lerp(image, layer.colour(u, v), layer.opacity(u, v))
        return image

    def _uncovered(self, index: int, matrices: list[Matrix], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return where no layer in front of layer ``index`` can be seen."""
        clear = torch.ones(x.shape, dtype=torch.bool)
        for layer, matrix in list(zip(self.layers, matrices, strict=True))[index + 1 :]:
            clear &= layer.opacity(*_apply(_inverse(matrix), x, y)) < CLEAR
        return clear

    def _on_screen(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        height, width = self.settings.size
        return (x.abs() <= (width - 1) / 2) & (y.abs() <= (height - 1) / 2)


def find_stills(folder: str | Path) -> list[Path]:
    """Return the photographs in a folder, in the order of their names.

    Raises:
        StvsrError: If it is missing or holds none; the line says what goes there, and how to do without.
    """
    try:
        return layouts.images(Path(folder).expanduser())
    except StvsrError as error:
        raise StvsrError(
            f"{error}. Photographs of your own go there, .png, .jpg or .webp; to train without, name only videos: "
            "'data.train=[{kind: videos, path: FOLDER}]'"
        ) from None


def _inverse(matrix: Matrix) -> Matrix:
    return np.linalg.inv(matrix).astype(np.float64)


def _apply(matrix: Matrix, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Apply a 3 × 3 affine matrix to points."""
    (a, b, c), (d, e, f) = matrix[:2].tolist()
    return a * x + b * y + c, d * x + e * y + f
