"""Low frames into high ones: a model applied to a video of any length, in bounded memory.

The law: streaming equals processing every shot as a clip of its own, wherever the model's receptive field lies within
the context that it declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from stvsr.device import default_budget, device_of
from stvsr.engine.computation import no_memory, part_of, peek, to_clip, to_frames
from stvsr.engine.memory import is_lack_of_memory, release
from stvsr.engine.windows import Part, Plan, Shot, Window, divide, plan, spans, whole, windows
from stvsr.errors import StvsrError
from stvsr.models.contract import Restorer
from stvsr.video.images import Image

W = TypeVar("W", bound=Window[Image])
W_contra = TypeVar("W_contra", bound=Window[Image], contravariant=True)

BLENDED = 6
"""Low pixels on each side of an edge between two tiles; together less than the narrowest tile."""


class Step(Protocol[W_contra]):
    """What is computed of one window, or of a tile of it."""

    @property
    def model(self) -> Restorer:
        """The model."""

    def frames_of(self, window: W_contra) -> int:
        """Return how many frames are made of a window."""

    def compute(self, clip: Tensor, window: W_contra) -> Tensor:
        """Return these frames ``(1, 3, time, height, width)``, given the window's frames or a tile of them."""


@dataclass(frozen=True)
class HighFrames:
    """All the high frames of a window's core, by a model's `upsample`; a `Step`."""

    model: Restorer

    def frames_of(self, window: Window[Image]) -> int:
        """Return the number of high frames of the core."""
        return len(self._core(window))

    def compute(self, clip: Tensor, window: Window[Image]) -> Tensor:
        """Return the high frames of the core."""
        core = self._core(window)
        return self.model.upsample(clip)[:, :, core.start : core.stop]

    def _core(self, window: Window[Image]) -> range:
        """Return which of the high frames of a window are those of its core."""
        time = self.model.scale.time
        return range(int(window.lead * time), int((window.lead + window.core) * time))


@dataclass
class Tiling(Generic[W]):
    """A step applied to windows of any size: in tiles, in bounded memory.

    Attributes:
        step: Computes a tile.
        size: Height and width to crop to; all that the model gives if None.
        memory: Bytes of working memory to aim at; None for what suits the device.
    """

    step: Step[W]
    size: tuple[int, int] | None = None
    memory: int | None = None
    _least: Plan | None = field(default=None, init=False)
    _reason: str = field(default="", init=False)

    @property
    def model(self) -> Restorer:
        """The model."""
        return self.step.model

    def layout(self, length: int | None, height: int, width: int) -> Plan:
        """Choose low frames in a window, and rows and columns of tiles."""
        return self._plan(length, height, width, self._memory)

    def frames(self, window: W, layout: Plan) -> Image | None:
        """Return the frames of a window; None if memory does not suffice, and `settled` is smaller from now on."""
        frames = self._try(window, layout)
        if frames is None:
            self._least = self._smaller(layout, window)
        return frames

    def settled(self, layout: Plan) -> Plan:
        """Return the windows and tiles that memory has been found to suffice for, at first ``layout``."""
        return self._least or layout

    @property
    def _memory(self) -> int:
        return self.memory or default_budget(self.model)

    def _plan(self, length: int | None, height: int, width: int, budget: int) -> Plan:
        context = self.model.context[0], self.border
        size = (length, height, width)
        return plan(self.model.scale, context, size, self.model.bytes_per_low_pixel, budget)

    def _try(self, window: W, layout: Plan) -> Image | None:
        """Return the high frames of a window, or None if it should be smaller."""
        try:
            return self._compute(window, layout)
        except (RuntimeError, MemoryError) as error:
            if not is_lack_of_memory(error):
                raise
            self._reason = str(error)
        release(device_of(self.model))
        return None

    def _smaller(self, layout: Plan, window: W) -> Plan:
        """Return windows and tiles for half the memory, or for as many times less as make a difference."""
        height, width = window.frames[0].shape[:2]
        budget = self._memory
        while budget:
            budget //= 2
            found = self._plan(len(window.frames), height, width, budget)
            if found.frames * layout.rows * layout.columns < layout.frames * found.rows * found.columns:
                return replace(found, frames=min(found.frames, layout.frames))
        raise no_memory(self._reason)

    @property
    def _blended(self) -> int:
        """Low pixels on each side of a tile's edge over which it passes into the next one."""
        return 0 if self.model.exact_context else BLENDED

    @torch.inference_mode()
    def _compute(self, window: W, layout: Plan) -> Image:
        """Return the high frames ``(time, height, width, 3)`` of the core of a window."""
        scale, frames = self.model.scale, window.frames
        height, width = frames[0].shape[:2]
        count = self.step.frames_of(window)
        canvas = np.empty((count, height * scale.height, width * scale.width, 3), frames[0].dtype)
        for row in self._tiles(height, layout.rows):
            tall = (row.bottom - row.top) * scale.height
            strip = canvas if layout.rows == 1 else np.empty((count, tall, *canvas.shape[2:]), canvas.dtype)
            for column in self._tiles(width, layout.columns):
                crops = [frame[row.first : row.last, column.first : column.last] for frame in frames]
                high = self.step.compute(to_clip(crops, self.model), window)
                high = high[..., row.inside(scale.height), column.inside(scale.width)]
                _lay(strip, to_frames(high, deep=canvas.dtype == np.uint16), 2, column, scale.width)
            if strip is not canvas:
                _lay(canvas, strip, 1, row, scale.height)
        if self.size is None:
            return canvas
        return np.ascontiguousarray(canvas[:, : self.size[0], : self.size[1]])

    def _tiles(self, size: int, parts: int) -> list[_Tile]:
        """Return the tiles of one side."""
        blended = self._blended
        return [
            _Tile(
                span.first,
                span.last,
                max(span.start - blended, 0),
                min(span.stop + blended, size),
                0 if span.start == 0 else min(span.start + blended, size) - max(span.start - blended, 0),
            )
            for span in spans(size, parts, self.border)
        ]

    @property
    def border(self) -> int:
        """Low pixels on each side of a tile."""
        return self.model.context[1] + self._blended


@dataclass(frozen=True)
class _Tile:
    """One side of a tile, in low pixels.

    ``first .. last`` is computed and ``top .. bottom`` used, of which the first ``shared`` passes over from the tile
    before.
    """

    first: int
    last: int
    top: int
    bottom: int
    shared: int

    def inside(self, factor: int) -> slice:
        """Where the used part lies in the high tile."""
        return slice((self.top - self.first) * factor, (self.bottom - self.first) * factor)


def _lay(canvas: Image, piece: Image, axis: int, tile: _Tile, factor: int) -> None:
    """Put a tile into its place along an axis, blended into the one before where they share pixels."""
    start, shared = tile.top * factor, tile.shared * factor
    below, above = (np.moveaxis(array, axis, 0) for array in (canvas, piece))
    if shared:
        weight = ((np.arange(shared, dtype=np.float32) + 0.5) / shared).reshape(-1, *[1] * (above.ndim - 1))
        old, new = below[start : start + shared], above[:shared]
        below[start : start + shared] = np.rint(old + weight * (new.astype(np.float32) - old))
    below[start + shared : tile.bottom * factor] = above[shared:]


@dataclass
class Upsampling:
    """Low frames into high ones; a `stvsr.engine.computation.Computation`.

    Attributes:
        model: The model.
        size: Height and width to crop to; all that the model gives if None.
        memory: Bytes of working memory to aim at; None for what suits the device.
    """

    model: Restorer
    size: tuple[int, int] | None = None
    memory: int | None = None
    _tiling: Tiling[Window[Image]] = field(init=False, repr=False)

    enlarges: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._tiling = Tiling(HighFrames(self.model), self.size, self.memory)

    def output(self, frames: int) -> int:
        """Return the number of high frames of so many low ones."""
        return int(frames * self.model.scale.time)

    def layout(self, length: int | None, height: int, width: int) -> Plan:
        """Choose low frames in a window, and rows and columns of tiles."""
        return self._tiling.layout(length, height, width)

    def divide(self, shots: Iterable[Shot], layout: Plan) -> list[Part]:
        """Return the windows of a whole job."""
        return divide(shots, self.core(layout), self.margin, self.output)

    def frames(self, window: Window[Image], layout: Plan, first: int = 0) -> Iterator[Image]:
        """Yield what the core of a window becomes."""
        at, end = window.lead, window.lead + window.core
        while at < end:
            chosen = self._tiling.settled(layout)
            stop = min(at + self.core(chosen), end)
            high = self._tiling.frames(part_of(window, at, stop, self.margin), chosen)
            if high is None:
                continue
            yield from high
            at = stop

    def passed(self, made: int, length: int) -> int:
        """Return the number of high frames that are made."""
        return made

    def trial(self) -> Upsampling:
        """Return the same computation without a size to crop to."""
        return Upsampling(self.model, None, self.memory)

    def core(self, layout: Plan) -> int:
        """Return the low frames that a window keeps."""
        return self._whole(layout.frames)

    @property
    def margin(self) -> int:
        """Low frames on each side of a window."""
        return self._whole(self.model.context[0])

    @property
    def border(self) -> int:
        """Low pixels on each side of a tile."""
        return self._tiling.border

    def _whole(self, frames: int) -> int:
        return whole(frames, self.model.scale.time.denominator)


def upsample_stream(
    model: Restorer,
    low_frames: Iterable[Image],
    high_size: tuple[int, int, int] | None = None,
    *,
    memory: int | None = None,
    layout: Plan | None = None,
) -> Iterator[Image]:
    """Yield the high frames of a stream of low frames without cuts.

    Args:
        model: The model.
        low_frames: RGB ``(height, width, 3)``, all of one size.
        high_size: Frames, height and width to crop to, where they are known; else all that the model gives.
        memory: Bytes of working memory to aim at; None for what suits the device.
        layout: Windows and tiles, instead of those that ``memory`` leads to.

    Raises:
        StvsrError: If memory runs out, or there are too few low frames for ``high_size``.
    """
    count = None if high_size is None else high_size[0]
    work = Upsampling(model, None if high_size is None else high_size[1:], memory)
    most = 2 * work.margin  # a clip no longer than its margins takes less memory than a window of an endless one
    seen, stream = peek(low_frames, most + 1)
    if not seen:
        return
    if layout is None:
        low = len(seen) if len(seen) <= most else None
        if high_size is not None:
            low = model.scale.low_size(high_size)[0]
        layout = work.layout(low, *seen[0].shape[:2])
    done = 0
    for window in windows(stream, work.core(layout), work.margin):
        for frame in islice(work.frames(window, layout), None if count is None else count - done):
            yield frame
            done += 1
    if count is not None and done < count:
        raise StvsrError(f"the low video ends early: it holds {done} of {count} frames; make it again")
