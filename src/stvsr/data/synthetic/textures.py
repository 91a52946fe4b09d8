"""Pictures for the surfaces of synthetic scenes, drawn from numbers alone or cut from stills.

Every drawing function takes a random generator and a size and returns a ``(size, size, 3)`` float32 array in
[0, 1]. `texture` draws one at three times the wanted resolution, filters it down to what the screen can show,
and returns it at twice the screen's resolution: bilinear sampling of that neither shimmers nor blurs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from stvsr.video.images import read_image

Picture = NDArray[np.float32]

OVERSAMPLING = 3
FROM_STILLS = 0.8
"""Part of the textures that come from stills, where there are any: photographs hold little text."""
PITCH = 0.5
"""Screen pixels from one sample of a finished texture to the next."""


def texture(random: np.random.Generator, size: int, stills: list[Path] | None = None) -> torch.Tensor:
    """Draw a texture that covers ``size`` × ``size`` screen pixels.

    Args:
        random: Where it is drawn from.
        size: Side in screen pixels.
        stills: Photographs to cut most textures from; the others, or without stills all, are `DRAWINGS`.

    Returns:
        ``(1, 3, size / PITCH, size / PITCH)`` float32 in [0, 1], without detail finer than a screen pixel.
    """
    if stills and random.random() < FROM_STILLS:
        picture = still(random, stills[int(random.integers(len(stills)))])
    else:
        draw = DRAWINGS[int(random.integers(len(DRAWINGS)))]
        picture = _weathered(random, draw(random, size * OVERSAMPLING))
    image = torch.from_numpy(picture).permute(2, 0, 1)[None]
    image = F.interpolate(image, size=(size, size), mode="bicubic", antialias=True, align_corners=False)
    fine = F.interpolate(image, scale_factor=1 / PITCH, mode="bicubic", align_corners=False)
    return fine.clamp_(0, 1)


def still(random: np.random.Generator, path: Path) -> Picture:
    """Cut a random square of at least half the shorter side out of a photograph."""
    image = read_image(path)
    height, width, _ = image.shape
    side = int(random.integers(min(height, width) // 2, min(height, width) + 1))
    y, x = random.integers([height - side + 1, width - side + 1])
    return image[y : y + side, x : x + side].astype(np.float32) / np.float32(255)


def noise(random: np.random.Generator, size: int) -> Picture:
    """Draw fractal noise: amplitude falls as a power of frequency, as in clouds or gravel."""
    power = random.uniform(0.9, 1.8)
    grey = _fractal(random, size, power)
    tint = _fractal(random, size, power + 0.3)
    low, high, other = _colours(random, 3)
    mixed = low + (high - low) * grey[..., None] + 0.4 * (other - low) * (tint[..., None] - 0.5)
    return _unit(mixed)


def checkers(random: np.random.Generator, size: int) -> Picture:
    """Draw a chequerboard at any angle, with cells of 3 to 40 screen pixels."""
    u, v = _turned_axes(random, size)
    cells = random.uniform(3, 40, 2) * OVERSAMPLING
    odd = (np.floor(u / cells[0]) + np.floor(v / cells[1])) % 2 == 1
    first, second = _colours(random, 2)
    return _unit(np.where(odd[..., None], first, second))


def stripes(random: np.random.Generator, size: int) -> Picture:
    """Draw a grating, square or sinusoidal, with a pitch of 3 to 40 screen pixels that widens along it."""
    u, _ = _turned_axes(random, size)
    pitch = math.exp(random.uniform(math.log(3), math.log(40))) * OVERSAMPLING
    chirp = random.uniform(0, 0.5) / size
    wave = np.sin(2 * math.pi * u / pitch / (1 + chirp * np.abs(u)))
    profile = np.clip(0.5 + wave * random.choice([0.5, 3.0, 50.0]), 0, 1)[..., None]
    first, second = _colours(random, 2)
    return _unit(first + (second - first) * profile)


def glyphs(random: np.random.Generator, size: int) -> Picture:
    """Draw rows of made-up letters on plain ground, with strokes one to four pixels wide."""
    stroke = int(random.integers(1, 5)) * OVERSAMPLING
    rows, columns = size // (10 * stroke) + 1, size // (7 * stroke) + 1
    page = np.zeros((rows, 10, columns, 7), dtype=bool)
    alphabet = np.stack([_letter(random) for _ in range(24)])
    chosen = random.integers(0, len(alphabet), (rows, columns))
    page[:, 1:8, :, 1:6] = alphabet[chosen].transpose(0, 2, 1, 3)
    page &= (random.random((rows, columns)) < 0.85)[:, None, :, None]  # spaces between words
    ink = np.kron(page.reshape(rows * 10, columns * 7), np.ones((stroke, stroke), dtype=bool))[:size, :size]
    first, second = _colours(random, 2)
    return _unit(np.where(ink[..., None], first, second))


def leaves(random: np.random.Generator, size: int) -> Picture:
    """Draw overlapping discs and boxes, large ones first: edges at every scale and angle."""
    picture = np.empty((size, size, 3), dtype=np.float32)
    picture[:] = _colours(random, 1)[0]
    count = 250
    radii = size / 5 * np.sort(random.power(1.0, count) ** 2)[::-1] + 2 * OVERSAMPLING
    colours = _colours(random, count)
    for radius, colour in zip(radii, colours, strict=True):
        _paint(picture, random, int(radius), colour)
    return picture


def gradient(random: np.random.Generator, size: int) -> Picture:
    """Draw a smooth passage between four colours, one at each corner."""
    corners = torch.from_numpy(_colours(random, 4)).reshape(1, 2, 2, 3).permute(0, 3, 1, 2)
    smooth = F.interpolate(corners, size=(size, size), mode="bilinear", align_corners=True)
    return _unit(smooth[0].permute(1, 2, 0).numpy())


DRAWINGS: tuple[Callable[[np.random.Generator, int], Picture], ...] = (
    noise,
    checkers,
    stripes,
    glyphs,
    leaves,
    leaves,
    noise,
    gradient,
)
"""What `texture` chooses from; named twice, twice as likely."""


def _weathered(random: np.random.Generator, picture: Picture) -> Picture:
    """Shade a picture slowly and roughen it finely, so that no region is perfectly flat."""
    size = picture.shape[0]
    shade = 1 - random.uniform(0, 0.5) * _fractal(random, size, 2.0)[..., None]
    grain = random.uniform(0, 0.2) * (_fractal(random, size, 1.0)[..., None] - 0.5)
    return _unit(picture * shade + grain)


def _fractal(random: np.random.Generator, size: int, power: float) -> Picture:
    """Return a ``(size, size)`` field in [0, 1] whose amplitude falls as frequency to the minus ``power``."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = math.inf
    shape = frequency.shape
    spectrum = (random.standard_normal(shape) + 1j * random.standard_normal(shape)) * frequency**-power
    field = np.fft.irfft2(spectrum, (size, size))
    return _unit(0.5 + 0.22 * field / field.std())


def _colours(random: np.random.Generator, count: int) -> Picture:
    """Return ``(count, 3)`` colours: any lightness, mostly muted, now and then vivid."""
    lightness = random.uniform(0.05, 0.95, (count, 1))
    vividness = random.beta(1.0, 2.5, (count, 1)) * 0.9
    hue = random.uniform(-1, 1, (count, 3))
    return _unit(lightness + vividness * (hue - hue.mean(axis=1, keepdims=True)))


def _turned_axes(random: np.random.Generator, size: int) -> tuple[Picture, Picture]:
    """Return the coordinates of every sample along two perpendicular axes at a random angle."""
    angle, shift = random.uniform(0, math.pi), random.uniform(0, size, 2)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    x, y = x - np.float32(shift[0]), y - np.float32(shift[1])
    cosine, sine = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    return cosine * x + sine * y, cosine * y - sine * x


def _letter(random: np.random.Generator) -> NDArray[np.bool_]:
    """Return a ``(7, 5)`` pattern of three or four full strokes, as letters have."""
    cell = np.zeros((7, 5), dtype=bool)
    for _ in range(int(random.integers(3, 5))):
        start, stop = sorted(random.integers(0, 7, 2).tolist())
        if random.random() < 0.5:
            cell[start : stop + 1, random.choice([0, 2, 4])] = True
        else:
            cell[random.choice([0, 3, 6]), min(start, 3) : stop + 1] = True
    return cell


def _paint(picture: Picture, random: np.random.Generator, radius: int, colour: Picture) -> None:
    """Paint a disc or a turned box of that radius at a random place."""
    size = picture.shape[0]
    cy, cx = random.integers(0, size, 2).tolist()
    top, left = max(cy - radius, 0), max(cx - radius, 0)
    window = picture[top : cy + radius + 1, left : cx + radius + 1]
    y, x = np.ogrid[top - cy : top - cy + window.shape[0], left - cx : left - cx + window.shape[1]]
    angle, slim = random.uniform(0, math.pi), random.uniform(0.2, 0.7)
    if random.random() < 0.5:
        inside = x * x + y * y <= radius * radius
    else:
        along = np.abs(x * math.cos(angle) + y * math.sin(angle))
        across = np.abs(y * math.cos(angle) - x * math.sin(angle))
        inside = (along <= 0.7 * radius) & (across <= slim * radius)
    window[inside] = colour


def _unit(values: NDArray[Any]) -> Picture:
    """Clip to [0, 1], as float32."""
    return np.asarray(np.clip(values, 0, 1), dtype=np.float32)
