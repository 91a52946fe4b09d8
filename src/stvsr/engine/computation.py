"""The contract of what makes a job's frames, window by window, and the steps that all of these share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from stvsr.device import device_of
from stvsr.engine.windows import Part, Plan, Shot, Window
from stvsr.errors import StvsrError
from stvsr.models.contract import Reducer
from stvsr.video.images import Image


class Computation(Protocol):
    """Makes a job's frames, window by window."""

    @property
    def model(self) -> Reducer:
        """The network or filter that does the work."""

    @property
    def memory(self) -> int | None:
        """Bytes of working memory to aim at; None for what suits the device."""

    @property
    def enlarges(self) -> bool:
        """Whether large frames come out of small ones, which takes a network its time."""

    @property
    def border(self) -> int:
        """Pixels by which a tile reaches into its neighbours."""

    def layout(self, length: int | None, height: int, width: int) -> Plan:
        """Choose windows and tiles for shots of at most ``length`` frames of that size."""

    def divide(self, shots: Iterable[Shot], layout: Plan) -> list[Part]:
        """Return the windows of a whole job."""

    def frames(self, window: Window[Image], layout: Plan, first: int) -> Iterator[Image]:
        """Yield what the core of a window becomes, beginning with frame ``first`` of the output.

        Takes smaller steps, for good, when memory runs out.

        Raises:
            StvsrError: If the smallest step is too large.
        """

    def passed(self, made: int, length: int) -> int:
        """Return how many frames of the large video are through once ``made`` frames are made of ``length``."""

    def trial(self) -> Computation:
        """Return the same computation for pictures of any size, to time it."""


def part_of(window: Window[Image], start: int, stop: int, margin: int) -> Window[Image]:
    """Return the window around some of a window's core."""
    first = max(start - margin, 0)
    return Window(window.frames[first : stop + margin], start - first, stop - start)


def to_clip(frames: Sequence[Image], model: Reducer) -> Tensor:
    """Return frames as a clip ``(1, 3, time, height, width)`` on the model's device."""
    stacked = torch.from_numpy(np.stack(frames)).to(device_of(model))
    return stacked.permute(3, 0, 1, 2)[None].float() / (65535 if frames[0].dtype == np.uint16 else 255)


def no_memory(reason: str) -> StvsrError:
    """Return the error that says in one line that nothing smaller is left to try."""
    line = " ".join(reason.split())[:200]
    return StvsrError(
        f"there is not enough memory even for the smallest tile ({line}); close other programs, or use `device` cpu"
    )


def to_frames(clip: Tensor, *, deep: bool = False) -> Image:
    """Return a clip ``(1, 3, time, height, width)`` as frames ``(time, height, width, 3)`` of 8 or 16 bits."""
    kind, highest = (torch.uint16, 65535) if deep else (torch.uint8, 255)
    codes = (clip[0].float().clamp(0, 1) * highest).round().to(kind)
    frames: Image = codes.permute(1, 2, 3, 0).contiguous().cpu().numpy()
    return frames


def peek(frames: Iterable[Image], count: int) -> tuple[list[Image], Iterator[Image]]:
    """Return the first ``count`` frames, or all if there are fewer, and the stream as if it had not been looked at."""
    source = iter(frames)
    seen = list(islice(source, count))
    return seen, chain(seen, source)
