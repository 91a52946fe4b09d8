"""Sets of training clips with cheap random access, and the one function that opens them.

source (a few lines of a recipe) -> recordings -> frames, decoded once -> cache on disk -> ClipSet.crop
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from stvsr.data import layouts
from stvsr.data.augment import area_average
from stvsr.data.cache import CacheError, ClipCache, Frames
from stvsr.data.cuts import shots
from stvsr.data.direct import DirectClips
from stvsr.data.layouts import Recording
from stvsr.data.stills import MovingStills
from stvsr.data.synthetic import scenes as synthetic
from stvsr.data.synthetic.scene import find_stills
from stvsr.errors import StvsrError
from stvsr.settings import read

log = logging.getLogger("stvsr.data")

OPEN_FILES = 256  # a mapped file holds a descriptor, and many systems allow 1024


class ClipSet(Protocol):
    """Clips of any sizes, from which a crop is cheap."""

    @property
    def names(self) -> Sequence[str]:
        """One name per clip, for messages."""

    def __len__(self) -> int: ...

    def shape(self, index: int) -> tuple[int, int, int]:
        """Return ``(frames, height, width)`` of a clip."""

    def crop(self, index: int, start: int, frames: int, y: int, x: int, height: int, width: int) -> Frames:
        """Return ``(frames, height, width, 3)`` uint8 from frame ``start``, row ``y``, column ``x`` on."""


@dataclass(frozen=True)
class Shot:
    """A part of a recording without a cut, in the cache.

    Attributes:
        name: What to call it in messages.
        recording: What it is part of.
        first: Its first frame there.
        shape: ``(frames, height, width)``.
    """

    name: str
    recording: Recording
    first: int
    shape: tuple[int, int, int]


class CachedClips:
    """Recordings, decoded into a cache and divided at scene cuts when this is made, and mapped from there.

    A recording that cannot be decoded is left out with a warning.

    Args:
        recordings: What to decode.
        cache: Where to.
        label: What to call them all in messages.

    Raises:
        StvsrError: If none can be decoded, or the cache cannot be written.
    """

    def __init__(self, recordings: Sequence[Recording], cache: ClipCache, label: str = "clips") -> None:
        self._cache = cache
        found = _decode_all(recordings, cache, label)
        self._shots = [shot for recording in recordings for shot in found.get(recording.name, [])]
        self.names: Sequence[str] = [shot.name for shot in self._shots]
        self._open: Callable[[int], Frames] = lru_cache(maxsize=OPEN_FILES)(self._map)

    def __len__(self) -> int:
        return len(self._shots)

    def shape(self, index: int) -> tuple[int, int, int]:
        """Return ``(frames, height, width)`` of a clip."""
        return self._shots[index].shape

    def crop(self, index: int, start: int, frames: int, y: int, x: int, height: int, width: int) -> Frames:
        """Copy out ``(frames, height, width, 3)`` uint8 from frame ``start``, row ``y``, column ``x`` on."""
        return self._open(index)[start : start + frames, y : y + height, x : x + width].copy()

    def _map(self, index: int) -> Frames:
        shot = self._shots[index]
        frames = self._cache.get(shot.recording.key, shot.recording.frames)
        return frames[shot.first : shot.first + shot.shape[0]]


@dataclass(frozen=True)
class ClipSource:
    """One source of training clips, as a recipe writes it.

    Attributes:
        kind: ``videos``, ``frames``, ``vimeo90k``, ``reds``, ``stills`` (photographs in motion) or ``synthetic``.
        path: The folder (for ``synthetic``: unused).
        cache: Folder for decoded clips; by default the user's cache folder.
        max_frames: How many frames of each clip to use at most, from its start.
        shrink: Area-average every frame by this whole factor: sharper material, and a smaller cache.
        direct: For images: read them anew for each sample instead of caching them; cuts are then not found.
        listing: For ``vimeo90k``: the list of septuplets to use.
        part: For ``reds``: ``train_orig``, ``train_sharp``, ``train_blur_bicubic/X4`` ...
        exclude: Names of clips to leave out, with ``*`` and ``?`` for what may vary: those to test on.
        count: For ``synthetic`` and ``stills``: how many clips.
        seed: For ``synthetic`` and ``stills``: of the first clip; the others follow.
        scene: For ``synthetic``: fields of `stvsr.data.synthetic.scene.SceneSettings`.
    """

    kind: str
    path: str | None = None
    cache: str | None = None
    max_frames: int = 600
    shrink: int = 1
    direct: bool = False
    listing: str = "sep_trainlist.txt"
    part: str | None = None
    exclude: tuple[str, ...] = ()
    count: int = 100
    seed: int = 0
    scene: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, source: ClipSource | Mapping[str, Any]) -> ClipSource:
        """Return the source that a mapping describes.

        Raises:
            StvsrError: If the mapping lacks ``kind``, or holds an unknown name or a value of the wrong type.
        """
        if isinstance(source, ClipSource):
            return source
        return read(cls, source, "data source", typed=True)


def open_clips(source: ClipSource | Mapping[str, Any]) -> ClipSet:
    """Open a source of training clips, decoding into the cache what is not there yet.

    Args:
        source: A `ClipSource` or a mapping with its fields: ``{"kind": "videos", "path": "footage"}``.

    Raises:
        StvsrError: If the source is described wrongly, missing, empty, or cannot be decoded at all.
    """
    source = ClipSource.of(source)
    if source.max_frames < 1 or source.shrink < 1:
        raise StvsrError("data source: 'max_frames' and 'shrink' must be at least 1")
    if source.kind == "stills":
        return MovingStills(find_stills(source.path or ""), source.count, source.seed)
    recordings = _left_in(_recordings(source), source)
    if source.direct:
        return DirectClips(recordings, source.max_frames, source.shrink)
    recordings = [_trim(recording, source.max_frames, source.shrink) for recording in recordings]
    return CachedClips(recordings, ClipCache(source.cache), source.path or source.kind)


def _left_in(recordings: list[Recording], source: ClipSource) -> list[Recording]:
    """Return the recordings that are not excluded.

    Raises:
        StvsrError: If none is left, or a name to exclude is none of any clip.
    """
    for pattern in source.exclude:
        if not any(fnmatchcase(recording.name, pattern) for recording in recordings):
            raise StvsrError(f"data source: {source.path} has no clip {pattern!r} to exclude; correct the name")
    left = [r for r in recordings if not any(fnmatchcase(r.name, pattern) for pattern in source.exclude)]
    if not left:
        raise StvsrError(f"data source: 'exclude' leaves no clip of {source.path}")
    return left


def _recordings(source: ClipSource) -> list[Recording]:
    if source.kind == "synthetic":
        return synthetic.scenes(synthetic.settings_from(source.scene or {}), source.count, source.seed)
    if source.path is None:
        raise StvsrError(f"data source: kind {source.kind!r} needs a 'path'")
    folder = Path(source.path).expanduser()
    match source.kind:
        case "videos":
            return layouts.videos(folder)
        case "frames":
            return layouts.frames(folder)
        case "vimeo90k":
            return layouts.vimeo90k(folder, source.listing)
        case "reds":
            return layouts.reds(folder, source.part)
    raise StvsrError(
        f"data source: kind {source.kind!r} is unknown; use videos, frames, vimeo90k, reds, stills or synthetic"
    )


def _trim(recording: Recording, frames: int, shrink: int) -> Recording:
    def read() -> Iterator[Frames]:
        for frame in islice(recording.frames(), frames):
            yield area_average(frame, shrink)

    return replace(recording, key={**recording.key, "frames": frames, "shrink": shrink}, frames=read)


def _decode_all(recordings: Sequence[Recording], cache: ClipCache, label: str) -> dict[str, list[Shot]]:
    """Return the shots of every recording that can be had, by name, decoding those that the cache lacks."""
    order = list(recordings)
    random.Random().shuffle(order)  # processes that start together share the work instead of repeating it
    found: dict[str, list[Shot]] = {}
    problems: list[str] = []
    for recording in _progress(order, label):
        try:
            found[recording.name] = _shots(recording, cache)
        except CacheError:
            raise
        except StvsrError as error:
            problems.append(f"{recording.name}: {error}")
            log.warning("left out: %s", problems[-1])
    if not found:
        raise StvsrError(f"{label}: none of {len(order)} clips can be used; the first problem: {problems[0]}")
    return found


def _shots(recording: Recording, cache: ClipCache) -> list[Shot]:
    """Decode a recording, where that has not been done, and divide it at its cuts."""
    frames = cache.get(recording.key, recording.frames)
    count, height, width, _ = frames.shape
    bounds = cache.note(recording.key, lambda: shots(frames)) if recording.may_cut else [(0, count)]
    whole = len(bounds) == 1
    return [
        Shot(
            recording.name if whole else f"{recording.name} from frame {first}",
            recording,
            first,
            (end - first, height, width),
        )
        for first, end in bounds
    ]


def _progress(items: Sequence[Recording], label: str) -> Iterator[Recording]:
    """Pass the items on, with a progress line where the error stream is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(items, f"decoding {label}", console=console, transient=True, disable=not console.is_terminal)
