"""Synthetic scenes at a high frame rate with their exact flow, rendered once into the cache of clips."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stvsr.data.cache import ClipCache, Frames, write_atomically
from stvsr.data.layouts import Recording
from stvsr.data.synthetic import scenes as synthetic
from stvsr.data.synthetic.scene import Scene, SceneSettings
from stvsr.errors import StvsrError

PAIRS = ((8, 12), (10, 18), (10, 22), (8, 24))
"""Instants between which the flow is known, both ways; the exposure around each may last as long as their gap."""
INSTANTS = 33
FLOW_VERSION = 1

Field = NDArray[np.float16]


def scene_settings(size: int = 192, stills: str | None = None) -> SceneSettings:
    """Return the scenes of the training: instants at 100 per second, shifts of up to about 20 pixels in a pair.

    Args:
        size: Height and width in pixels.
        stills: Folder of photographs to cut textures from; without it they are drawn.
    """
    fast = 600.0 * size / 192
    return SceneSettings(
        (size, size), INSTANTS, rate=100.0, layers=5, speed=fast, rotation=90.0, zoom=0.5, stills=stills
    )


@dataclass(frozen=True)
class FlowScene:
    """One scene, mapped from the cache.

    Attributes:
        instants: ``(INSTANTS, height, width, 3)`` uint8.
        fields: ``(2 len(PAIRS), 3, height, width)`` float16: shift to the right, shift down, whether one
            surface alone is seen at both instants; for every pair forwards, then for every pair backwards.
    """

    instants: Frames
    fields: Field


class FlowScenes:
    """Scenes that are rendered when this is made, as far as the cache does not hold them.

    Args:
        settings: What they are like; they must have `INSTANTS` frames.
        count: How many.
        seed: Of the first; the others follow.
        cache: Where to put them.
        workers: Threads that render.

    Raises:
        StvsrError: If a setting is out of range, there are no stills, or the cache cannot be written.
    """

    def __init__(
        self, settings: SceneSettings, count: int, seed: int = 0, cache: ClipCache | None = None, workers: int = 2
    ) -> None:
        if settings.frames != INSTANTS:
            raise StvsrError(f"flow scenes: 'frames' must be {INSTANTS}")
        self.settings, self._cache = settings, cache or ClipCache()
        self._recordings = synthetic.scenes(settings, count, seed)
        self._seeds = range(seed, seed + count)
        with ThreadPoolExecutor(workers) as pool:
            self._scenes: Sequence[FlowScene] = list(pool.map(self._open, self._recordings, self._seeds))

    def __len__(self) -> int:
        return len(self._scenes)

    def __getitem__(self, index: int) -> FlowScene:
        return self._scenes[index]

    def _open(self, recording: Recording, seed: int) -> FlowScene:
        path = self._cache.path({**recording.key, "flow": FLOW_VERSION, "pairs": PAIRS}).with_suffix(".flow.npy")
        fields = _open_fields(path, self.settings.size)
        if fields is None:
            made = exact_flow(Scene(self.settings, seed))
            write_atomically(path, lambda file: np.save(file, made))
            fields = made
        return FlowScene(self._cache.get(recording.key, recording.frames), fields)


def exact_flow(scene: Scene) -> Field:
    """Return the `FlowScene.fields` of a scene."""
    both = [*PAIRS, *((second, first) for first, second in PAIRS)]
    fields = []
    for first, second in both:
        shift, visible = scene.flow(first, second)
        fields.append(np.concatenate([shift.transpose(2, 0, 1), visible[None]]).astype(np.float16))
    return np.stack(fields)


def _open_fields(path: Path, size: tuple[int, int]) -> Field | None:
    """Map a cached flow, or return ``None`` where there is none or it is damaged."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return array if array.dtype == np.float16 and array.shape == (2 * len(PAIRS), 3, *size) else None
