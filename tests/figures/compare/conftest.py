from fractions import Fraction

import numpy as np
import pytest

from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.writer import VideoWriter


@pytest.fixture
def film(tmp_path):
    """Write frames exactly: ``film("name.mkv", frames, rate=24, times=None)`` gives the path."""

    def write(name, frames, rate=24, times=None):
        times = times or [Fraction(i) / rate for i in range(len(frames))]
        options = {"encoder": LOSSLESS_RGB, "time_base": Fraction(1, 1200)}
        with VideoWriter(tmp_path / name, frames.shape[2], frames.shape[1], Fraction(rate), **options) as writer:
            for frame, time in zip(frames, times, strict=True):
                writer.write(frame, time)
        return tmp_path / name

    return write


@pytest.fixture
def numbered():
    """Give flat frames whose brightness is ten times their number: ``numbered(count, height, width)``."""

    def make(count, height=24, width=32):
        levels = (10 * np.arange(count, dtype=np.uint8))[:, None, None, None]
        return levels * np.ones((1, height, width, 3), np.uint8)

    return make


@pytest.fixture
def moving():
    """Give a bright square that moves by six pixels a frame over grey noise: ``moving(count)``."""

    def make(count):
        frames = np.random.default_rng(0).integers(0, 60, (1, 64, 96, 1), np.uint8)
        frames = frames.repeat(count, axis=0).repeat(3, axis=3)
        for i in range(count):
            frames[i, 20:36, 10 + 6 * i : 26 + 6 * i] = 230
        return frames

    return make
