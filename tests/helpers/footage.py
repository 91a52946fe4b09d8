"""Footage of known qualities: textures whose spectrum is a power law, like that of natural pictures, in motion."""

from __future__ import annotations

import numpy as np

POWER = 2.6
"""By which power falls with frequency."""


def texture(height: int = 160, width: int = 224, blur: float = 0.0, seed: int = 0, even: bool = False) -> np.ndarray:
    """Return a grey picture in 8-bit codes as floats, blurred by a Gaussian of ``blur`` pixels; it is periodic.

    Its contrast differs from place to place, as that of natural pictures does, unless it is to be ``even``.
    """
    white = np.fft.rfft2(np.random.default_rng(seed).standard_normal((height, width)))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1
    white[0, 0] = 0
    sharp = np.fft.irfft2(white * frequency ** (-POWER / 2), (height, width))
    hills = [np.sin(np.pi * np.arange(size) / size) ** 2 for size in (height, width)]
    contrast = 1.0 if even else 0.02 + 1.5 * np.outer(*hills)
    picture = 32 * contrast * sharp / sharp.std()
    softened = np.fft.rfft2(picture) * np.exp(-2 * (np.pi * blur * frequency) ** 2)
    return 128 + np.fft.irfft2(softened, (height, width))


def flat_and_busy(height: int = 160, width: int = 224, seed: int = 0) -> np.ndarray:
    """Return a picture that is busy in its left half and smooth in its right one."""
    ramp = np.linspace(60, 190, width)[None] + np.linspace(-20, 20, height)[:, None]
    busy = texture(height, width, seed=seed)
    return np.where(np.arange(width)[None] < width // 2, busy, ramp)


def footage(picture: np.ndarray, frames: int = 6, noise: float = 0.0, seed: int = 1) -> np.ndarray:
    """Return RGB uint8 frames ``(frames, height, width, 3)`` that pan over a periodic picture, with noise."""
    generator = np.random.default_rng(seed)
    moving = np.stack([np.roll(picture, (n, 3 * n), (0, 1)) for n in range(frames)])[..., None]
    noisy = moving + noise * generator.standard_normal((*moving.shape[:3], 3))
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
