"""Synthetic scenes as recordings, to be rendered once into the cache of clips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from stvsr.data.cache import Frames, file_identity
from stvsr.data.layouts import Recording
from stvsr.data.synthetic.scene import Scene, SceneSettings, find_stills
from stvsr.errors import StvsrError
from stvsr.settings import read

GENERATOR = 2  # raise it when the same settings and seed give other pixels: cached scenes are then made anew


def settings_from(values: Mapping[str, Any]) -> SceneSettings:
    """Return the settings that a mapping describes, such as the ``scene`` part of a recipe.

    Raises:
        StvsrError: If it holds an unknown name, or a value of the wrong type or out of range.
    """
    return read(SceneSettings, values, "scene", typed=True)


def scenes(settings: SceneSettings, count: int, seed: int = 0) -> list[Recording]:
    """Return ``count`` scenes with the seeds ``seed``, ``seed + 1`` and so on.

    Raises:
        StvsrError: If ``count`` or ``seed`` is out of range, or the folder of stills is missing or empty.
    """
    if count < 1 or seed < 0:
        raise StvsrError("data source: a synthetic source needs a 'count' of at least 1 and a 'seed' of at least 0")
    stills = [file_identity(path) for path in find_stills(settings.stills)] if settings.stills else []
    key = {"generator": GENERATOR, "scene": asdict(settings), "stills": stills}
    return [_recording(settings, number, key) for number in range(seed, seed + count)]


def _recording(settings: SceneSettings, seed: int, key: Mapping[str, Any]) -> Recording:
    def render() -> Iterator[Frames]:
        scene = Scene(settings, seed)
        for index in range(settings.frames):
            yield np.round(scene.frame(index) * 255).astype(np.uint8)

    return Recording(f"scene {seed}", {**key, "seed": seed}, render)
