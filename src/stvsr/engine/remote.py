"""One segment of a job, computed and encoded elsewhere: the task that a worker gets, and the result it gives back."""

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
from stvsr.engine.pipeline import StageTimes, WriteBehind
from stvsr.engine.windows import Part, Plan, Window
from stvsr.errors import StvsrError
from stvsr.video.coding import Coding
from stvsr.video.images import Image
from stvsr.video.pieces import Coded

_WHAT = {"libraries": "PyAV"}


@dataclass(frozen=True)
class ClusterJob:
    """A job, as far as all of its segments share it.

    Attributes:
        computation: Makes frames; its model lies on the CPU.
        device: Where it is to compute.
        threads: Number of threads that PyTorch uses, since sums depend on how they are divided.
        environment: Versions that the bits depend on.
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
class SegmentTask:
    """One segment to be made.

    Attributes:
        number: The segment's number.
        layout: Windows and tiles.
        coding: How its frames are encoded.
        parts: Its windows, ...
        windows: ... and the frames of each.
        before: How many of the times are those of frames before the segment.
        pts: When its frames are shown, in seconds.
        end: When the last one stops being shown.
    """

    number: int
    layout: Plan
    coding: Coding
    parts: list[Part]
    windows: list[Window[Image]]
    before: int
    pts: list[Fraction]
    end: Fraction


@dataclass
class SegmentResult:
    """An encoded segment; takes frames as a `stvsr.video.writer.VideoWriter` does."""

    number: int
    coding: Coding
    images: int = 0
    header: bytes = b""
    frames: list[Coded] = field(default_factory=list)
    stages: StageTimes = field(default_factory=StageTimes)

    def append(self, header: bytes, frames: Iterable[Coded]) -> None:
        """Take frames, all with the same header."""
        self.header = header
        self.frames += frames


def choose_layout(job: ClusterJob, size: tuple[int, int, int]) -> Plan:
    """Return the windows and tiles that suit the machine on which this runs."""
    job.begin()
    return job.computation.layout(*size)


def make_segment(job: ClusterJob, task: SegmentTask) -> SegmentResult:
    """Return a segment; with fewer frames than parts promise if the computation gives fewer.

    Raises:
        StvsrError: If memory does not suffice, the encoder fails, or this machine differs from the one that asks.
    """
    job.begin()
    result = SegmentResult(task.number, task.coding)
    with (
        Assembly(result, task.pts, task.end, None) as assembly,
        WriteBehind[Callable[[], None]](lambda step: step(), stages=result.stages) as sink,
    ):
        sink.put(partial(assembly.begin, task.number, task.before))
        for part, window in zip(task.parts, task.windows, strict=True):
            for image in islice(job.computation.frames(window, task.layout, part.first), part.frames):
                sink.put(partial(assembly.add, image))
                result.images += 1
        sink.put(partial(assembly.end, task.number))
    result.stages.stop()
    return result
