"""Methods that are not of this package, in the same table: a Python callable, or a folder of result frames.

**A callable**, ``MODULE:FUNCTION`` or ``file.py:FUNCTION``, is called once for each clip, with all of its low frames:

    def restore(frames, time, space):
        # frames: numpy array (t, h, w, 3), uint8, RGB
        # returns an array (t * time, h * space, w * space, 3), uint8, RGB, or an iterable of such frames

Frame j of what it returns stands for the instant of high frame j. Low frame i is the middle of the exposure of the
protocol: with the shutter open throughout, ``time * i + (time - 1) / 2``; a sharp low frame i, as of a protocol under
which methods shrink clips themselves, is high frame ``time * i``.

**A folder** holds what a program made of each clip: ``FOLDER/<clip>/*.png`` in the order of their names, or a video
``FOLDER/<clip>.mkv``, or of one clip alone its frames; as many frames as the truth has, and of its size.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip, find_clips
from stvsr.evaluation.methods.contract import LowClip, Method
from stvsr.evaluation.methods.interpolation import Interpolation
from stvsr.models.contract import Reducer
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale
from stvsr.video.images import Image

Function = Callable[[Image, int, int], Iterable[Image]]


@dataclass(frozen=True)
class External(Method):
    """Somebody else's function.

    Attributes:
        name: What tables call it.
        function: See the top of this module.
        degradation: What makes the low clip.
    """

    name: str
    function: Function
    degradation: Degradation

    @property
    def scale(self) -> Scale:
        """Ratio of high to low samples."""
        return self.degradation.scale

    def reducer(self) -> Reducer:
        """Return the degradation without its noise, in 8-bit values."""
        return Interpolation(self.degradation)

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield the high frames of a stream of low frames, which is read to its end first.

        Raises:
            StvsrError: If the function fails, or what it returns breaks the contract.
        """
        frames = np.stack(list(low))
        count, height, width, _ = frames.shape
        time, space = self.degradation.time, self.degradation.space
        wanted, given = (height * space, width * space, 3), 0
        for made in self._called(frames, time, space):
            frame = np.asarray(made)
            if frame.dtype != np.uint8 or frame.shape != wanted:
                raise StvsrError(
                    f"{self.name}: gave a frame of shape {frame.shape} and type {frame.dtype}; "
                    f"{wanted} and uint8 are due"
                )
            given += 1
            yield frame
        if given != count * time:
            raise StvsrError(f"{self.name}: gave {given} frames for {count} low ones; {count * time} are due")

    def _called(self, frames: Image, time: int, space: int) -> Iterator[Image]:
        try:
            yield from self.function(frames, time, space)
        except Exception as error:  # whatever may happen in a stranger's program
            raise StvsrError(f"{self.name}: failed with {type(error).__name__}: {error}") from error


def load_external(text: str, degradation: Degradation) -> External:
    """Return the method that ``MODULE:FUNCTION`` or ``file.py:FUNCTION`` names; modules are looked for here, too.

    Raises:
        StvsrError: If there is no such function, or its module cannot be imported.
    """
    place, colon, name = text.rpartition(":")
    if not colon or not place or not name:
        raise StvsrError(f"--external {text}: give MODULE:FUNCTION or file.py:FUNCTION")
    try:
        function: Any = getattr(_module(place), name, None)
    except Exception as error:  # importing runs a stranger's program
        raise StvsrError(f"--external {text}: cannot import {place} ({type(error).__name__}: {error})") from error
    if not callable(function):
        raise StvsrError(f"--external {text}: {place} has no function {name!r}")
    return External(f"{Path(place).stem if place.endswith('.py') else place}:{name}", function, degradation)


def _module(place: str) -> Any:
    if not place.endswith(".py"):
        here = str(Path.cwd())
        if here not in sys.path:
            sys.path.append(here)
        return importlib.import_module(place)
    if not Path(place).is_file():
        raise FileNotFoundError("no such file")
    specification = importlib.util.spec_from_file_location(Path(place).stem, place)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Stored(Method):
    """The results of another program, lying in a folder.

    Attributes:
        name: What tables call it.
        folder: See the top of this module.
        scale: Ratio of high to low samples.
    """

    name: str
    folder: Path
    scale: Scale

    def clip(self, truth: TestClip) -> TestClip:
        """Return the result that belongs to a clip, of which the same part is used.

        Raises:
            StvsrError: If there is none.
        """
        found = find_clips(self.folder)
        for result in found:
            if result.name.lower() == truth.name.lower() or len(found) == 1:
                return replace(result, limit=truth.limit, start=truth.start, size=truth.size)
        names = ", ".join(sorted(result.name for result in found))
        raise StvsrError(f"{self.folder}: no result for the clip {truth.name}; there are {names}")

    def restore(self, low: LowClip) -> Iterator[Image]:
        """Yield the result's frames of a clip, whose low frames are not read."""
        return self.clip(low.truth).frames()


def stored_results(text: str, scale: Scale) -> Stored:
    """Return the results that ``FOLDER`` or ``NAME=FOLDER`` names.

    Raises:
        StvsrError: If there is no such folder.
    """
    name, equals, place = text.partition("=")
    folder = Path(place if equals else text)
    if not folder.is_dir():
        raise StvsrError(f"--frames-of {text}: no such folder; give FOLDER or NAME=FOLDER with a folder per clip")
    return Stored(name if equals else folder.resolve().name, folder, scale)
