"""One segment of a job, computed and encoded elsewhere: what a worker gets, does and gives back."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Any

import torch

from stvsr.engine.assembly import Assembly
from stvsr.engine.computation import Computation
from stvsr.engine.fingerprint import environment
from stvsr.engine.pipeline import Waits, WriteBehind
from stvsr.engine.windows import Part, Plan, Window
from stvsr.errors import StvsrError
from stvsr.video.coding import Coding
from stvsr.video.images import Image
from stvsr.video.pieces import Coded

_WHAT = {"libraries": "PyAV"}


@dataclass(frozen=True)
class Recipe:
    """What all segments of a job share.

    Attributes:
        computation: Makes frames; its model lies on the CPU.
        device: Where it is to compute.
        threads: That PyTorch uses, since sums depend on how they are divided.
        environment: What else the bits depend on.
    """

    computation: Computation
    device: str
    threads: int = field(default_factory=torch.get_num_threads)
    environment: dict[str, Any] = field(default_factory=environment)

    def begin(self) -> None:
        """Make this process ready to compute.

        Raises:
            StvsrError: If it would compute other bits than the one that wrote this.
        """
        here = environment()
        for name, version in self.environment.items():
            if here[name] != version:
                raise StvsrError(
                    f"{platform.node()} of the cluster has another version of {_WHAT.get(name, name)} than this "
                    "machine; install the same everywhere"
                )
        torch.set_num_threads(self.threads)
        if isinstance(self.computation.model, torch.nn.Module):
            self.computation.model.to(self.device)


@dataclass(frozen=True)
class Order:
    """One segment to be made.

    Attributes:
        number: Of the segment.
        layout: Windows and tiles.
        coding: How its frames are encoded.
        parts: Its windows, ...
        windows: ... and what goes into each.
        before: How many times are those of frames before the segment.
        times: When its frames are shown, in seconds.
        end: When the last one stops being shown.
    """

    number: int
    layout: Plan
    coding: Coding
    parts: list[Part]
    windows: list[Window[Image]]
    before: int
    times: list[Fraction]
    end: Fraction


@dataclass
class Piece:
    """An encoded segment; takes frames as a `stvsr.video.writer.VideoWriter` does."""

    number: int
    coding: Coding
    images: int = 0
    header: bytes = b""
    frames: list[Coded] = field(default_factory=list)
    waits: Waits = field(default_factory=Waits)

    def append(self, header: bytes, frames: Iterable[Coded]) -> None:
        """Take frames, all with the same header."""
        self.header = header
        self.frames += frames


def choose_layout(recipe: Recipe, size: tuple[int, int, int]) -> Plan:
    """Return the windows and tiles that suit the machine on which this runs."""
    recipe.begin()
    return recipe.computation.layout(*size)


def make(recipe: Recipe, order: Order) -> Piece:
    """Return a segment; with fewer frames than parts promise if the computation gives fewer.

    Raises:
        StvsrError: If memory does not suffice, the encoder fails, or this machine differs from the one that asks.
    """
    recipe.begin()
    piece = Piece(order.number, order.coding)
    with (
        Assembly(piece, order.times, order.end, None) as assembly,
        WriteBehind[Callable[[], None]](lambda step: step(), waits=piece.waits) as sink,
    ):
        sink.put(partial(assembly.begin, order.number, order.before))
        for part, window in zip(order.parts, order.windows, strict=True):
            for image in islice(recipe.computation.frames(window, order.layout, part.first), part.frames):
                sink.put(partial(assembly.add, image))
                piece.images += 1
        sink.put(partial(assembly.end, order.number))
    piece.waits.stop()
    return piece
