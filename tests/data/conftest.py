from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stvsr.data.cache import ClipCache
from stvsr.data.clips import CachedClips
from stvsr.data.layouts import Recording


@pytest.fixture
def moving() -> Callable[..., np.ndarray]:
    """A random picture that moves on by one pixel a frame, ``(frames, height, width, 3)``."""

    def make(frames: int, height: int, width: int, seed: int = 0) -> np.ndarray:
        picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        return np.stack([np.roll(picture, index, axis=1) for index in range(frames)])

    return make


@pytest.fixture
def save_frames() -> Callable[..., None]:
    """Write a clip as a folder of images."""

    def save(folder: Path, clip: np.ndarray, name: str = "{:08d}.png", first: int = 0) -> None:
        folder.mkdir(parents=True)
        for index, frame in enumerate(clip, start=first):
            Image.fromarray(frame).save(folder / name.format(index))

    return save


@pytest.fixture
def make_clips(tmp_path: Path) -> Callable[..., CachedClips]:
    """A set of clips from arrays ``(frames, height, width, 3)``."""

    def make(*clips: np.ndarray) -> CachedClips:
        recordings = [
            Recording(f"clip {index}", {"bytes": hash(clip.tobytes())}, lambda clip=clip: iter(clip))
            for index, clip in enumerate(clips)
        ]
        return CachedClips(recordings, ClipCache(tmp_path / "cache"))

    return make
