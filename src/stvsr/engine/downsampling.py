"""High frames into low ones, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from stvsr.device import default_budget, device_of
from stvsr.engine.computation import no_memory, part_of, peek, to_clip, to_frames
from stvsr.engine.memory import is_lack_of_memory, release
from stvsr.engine.windows import LONGEST_WINDOW, Part, Plan, Shot, Window, divide, whole, windows
from stvsr.models.contract import Reducer
from stvsr.video.images import Image

BYTES_PER_HIGH_PIXEL = 96
"""Of any downsampler: three colours in float32, eight copies of them."""


@dataclass
class Downsampling:
    """High frames into low ones.

    Attributes:
        model: The model; the time factor of its scale must be whole.
        memory: Bytes of working memory to aim at; None for what suits the device.
        finish: Applied before rounding to each piece of the low clip ``(1, 3, time, height, width)`` as it comes,
            given the number of low frames before it.
    """

    model: Reducer
    memory: int | None = None
    finish: Callable[[Tensor, int], Tensor] | None = None
    _longest: int | None = field(default=None, init=False)

    enlarges: ClassVar[bool] = False
    border: ClassVar[int] = 0

    def output(self, frames: int) -> int:
        """Return the number of low frames of a shot of so many high ones."""
        return -(-frames // self.model.scale.steps[0])

    def layout(self, length: int | None, height: int, width: int) -> Plan:
        """Choose the number of high frames in a window, a multiple of the time factor."""
        step = self.model.scale.steps[0]
        budget = self.memory or default_budget(self.model)
        affordable = budget // (height * width * BYTES_PER_HIGH_PIXEL) - 2 * self.margin
        return Plan(whole(max(1, min(affordable - step + 1, LONGEST_WINDOW)), step))

    def divide(self, shots: Iterable[Shot], layout: Plan) -> list[Part]:
        """Return the windows of a whole job."""
        return divide(shots, layout.frames, self.margin, self.output)

    def frames(self, window: Window[Image], layout: Plan, first: int) -> Iterator[Image]:
        """Yield what the core of a window becomes, beginning with low frame ``first``."""
        step = self.model.scale.steps[0]
        at, end = window.lead, window.lead + window.core
        while at < end:
            stop = min(at + (self._longest or layout.frames), end)
            low = self._try(part_of(window, at, stop, self.margin), first)
            if low is None:
                self._longest = whole((stop - at) // 2, step)
                continue
            yield from low
            at, first = stop, first + len(low)

    def passed(self, made: int, length: int) -> int:
        """Return how many high frames are through once so many low ones are made of ``length``."""
        return min(made * self.model.scale.steps[0], length)

    def trial(self) -> Downsampling:
        """Return the same computation, which has no picture's size in it."""
        return Downsampling(self.model, self.memory, self.finish)

    @property
    def margin(self) -> int:
        """High frames on each side of a window."""
        return whole(self.model.down_context, self.model.scale.steps[0])

    @torch.inference_mode()
    def _try(self, window: Window[Image], first: int) -> Image | None:
        """Return the low frames of a window, or None if it should be smaller."""
        step = self.model.scale.steps[0]
        start = window.lead // step
        try:
            clip = self.model.downsample(to_clip(window.frames, self.model))
            low = clip[:, :, start : start + self.output(window.core)]
            return to_frames(low if self.finish is None else self.finish(low, first))
        except (RuntimeError, MemoryError) as error:
            if not is_lack_of_memory(error):
                raise
            reason = str(error)
        release(device_of(self.model))
        if window.core <= step:
            raise no_memory(reason)
        return None


def downsample_stream(
    model: Reducer,
    frames: Iterable[Image],
    *,
    memory: int | None = None,
    finish: Callable[[Tensor, int], Tensor] | None = None,
) -> Iterator[Image]:
    """Yield the low frames of a stream of high frames without cuts.

    Args:
        model: The model; the time factor of its scale must be whole.
        frames: RGB ``(height, width, 3)``, all of one size.
        memory: Bytes of working memory to aim at; None for what suits the device.
        finish: Applied to each piece of the low clip; see `Downsampling`.

    Yields:
        ``ceil(frames / scale.time)`` frames, those that ``model.downsample`` gives for the whole clip.
    """
    work = Downsampling(model, memory, finish)
    seen, stream = peek(frames, 1)
    if not seen:
        return
    layout, done = work.layout(None, *seen[0].shape[:2]), 0
    for window in windows(stream, layout.frames, work.margin):
        yield from work.frames(window, layout, done)
        done += work.output(window.core)
