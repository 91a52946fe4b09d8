"""How a video came about, told from the file alone, so that nobody has to be asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stvsr.physics import estimation
from stvsr.physics.degradation import Degradation
from stvsr.physics.estimation import UNKNOWN, Measured
from stvsr.video.samples import samples

LARGEST_AREA = 1_000_000
"""Pixels of the middle of each picture that are looked at."""
BARELY = 0.2
"""Confidence below which a value is told as a guess."""
_COMES_FROM = {
    "lossless": "nothing, or next to nothing, was lost",
    "rate factor": "the encoder noted it",
    "quantisers": "from the decoder's quantisers",
    "headers": "from the quantisers in the headers",
    "bits": "a guess from bits per pixel",
}


@dataclass(frozen=True)
class Estimate:
    """What is believed of a video.

    Attributes:
        blur: Standard deviation of a Gaussian in the video's own pixels; 0 for as sharp as an antialiased reduction.
        noise: Standard deviation of white noise in 8-bit codes.
        compression: The rate factor of H.264 that comes nearest; 0 for (nearly) lossless.
        compression_source: What told that, as of `stvsr.video.quantisers.Compression`.
    """

    blur: Measured
    noise: Measured
    compression: Measured
    compression_source: str

    def blur_word(self, space: int) -> str:
        """Return the blur as `Degradation` takes it, for ``space`` high pixels per pixel of the video."""
        return f"gaussian:{round(self.blur.value * space, 2):g}" if self.blur.value else "bicubic"

    def settings(self, space: int) -> dict[str, Any]:
        """Return what was estimated by the names that `Degradation` has, rounded to what can be told."""
        return {
            "blur": self.blur_word(space),
            "noise": round(self.noise.value, 1),
            "compression": float(round(self.compression.value)),
        }

    def degradation(self, time: int, space: int, exposure: float = 1.0) -> Degradation:
        """Return the degradation that undoing is to begin with.

        Args:
            time: High frames per frame of the video.
            space: High pixels per pixel of the video.
            exposure: As of `Degradation`; pictures alone do not tell it.
        """
        return Degradation(time=time, space=space, exposure=exposure, **self.settings(space))

    def words(self) -> str:
        """Return one line for people."""
        soft = f"a blur of {self.blur.value:.2f} pixels" if self.blur.value else "as sharp as can be"
        if self.blur == UNKNOWN:
            soft = "blur unknown, taken for none"
        parts = [
            _hedged(soft, self.blur),
            _hedged(f"noise {self.noise.value:.1f}", self.noise),
            f"compression {self.compression.value:.0f} ({_COMES_FROM[self.compression_source]})",
        ]
        return ", ".join(parts)


def estimate(path: str | Path) -> Estimate:
    """Look at a few short stretches of a video; the same ones every time.

    Raises:
        StvsrError: If it cannot be read.
    """
    found = samples(path)
    pictures = np.stack([_middle(picture) for picture in found.pictures])
    stored = found.compression
    noise = estimation.noise(pictures)
    blur = estimation.blur(pictures, noise.value, stored.rate_factor)
    return Estimate(blur, noise, Measured(stored.rate_factor, stored.confidence), stored.source)


def _middle(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the middle of a picture, on a block's corner, of its shape and at most `LARGEST_AREA`."""
    height, width = picture.shape[:2]
    share = min(1.0, (LARGEST_AREA / (height * width)) ** 0.5)
    rows, columns = (max(int(size * share), 1) for size in (height, width))
    top, left = ((whole - part) // 2 // 16 * 16 for whole, part in ((height, rows), (width, columns)))
    return picture[top : top + rows, left : left + columns]


def _hedged(words: str, measured: Measured) -> str:
    return f"perhaps {words}" if measured != UNKNOWN and measured.confidence < BARELY else words
