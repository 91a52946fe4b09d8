"""What a job is going to do, and about how long it will take, before anything is written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stvsr.device import device_of
from stvsr.engine.computation import Computation
from stvsr.engine.endpoints import Source, Target
from stvsr.engine.windows import Plan, Shot, Span, Window, spans, whole
from stvsr.models.contract import Restorer
from stvsr.text import number_of, readable_time

# What the timing computes at most, in frames and pixels on each side: a few seconds on a CPU.
_FRAMES, _SIDE = 6, 64


@dataclass(frozen=True)
class Preview:
    """A job that has been planned.

    Attributes:
        before: Frames, height and width of what goes in.
        after: Of what comes out.
        shots: Between cuts.
        windows: Pieces in time.
        layout: Frames that a window keeps, rows and columns of tiles.
        seconds: Of computing, by a short timing; reading and writing go on meanwhile.
    """

    before: tuple[int, int, int]
    after: tuple[int, int, int]
    shots: int
    windows: int
    layout: Plan
    seconds: float

    def __str__(self) -> str:
        before, after, layout = _video(self.before), _video(self.after), self.layout
        cut = "" if self.shots == 1 else f" of {self.shots} shots"
        tiles = "" if layout.rows * layout.columns == 1 else f", each in {layout.rows}x{layout.columns} tiles"
        longest = min(layout.frames, self.before[0])
        windows = f"{number_of(self.windows, 'window')}{cut}, of at most {number_of(longest, 'frame')}{tiles}"
        become = "become" if self.before[0] > 1 else "becomes"
        return f"{before} {become} {after}; {windows}; about {readable_time(self.seconds)} of computing"


def preview(source: Source, target: Target, computation: Computation, shots: Sequence[Shot]) -> Preview:
    """Return what a job is going to do, of its parts; see `stvsr.engine.job.Job.preview`."""
    layout = computation.layout(max(shot.stop - shot.start for shot in shots), *source.size)
    parts = computation.divide(shots, layout)
    height, width = (sum(span.last - span.first for span in side) for side in _tiles(source, computation, layout))
    frames = sum(part.span.last - part.span.first for part in parts)
    return Preview(
        before=(source.length, *source.size),
        after=(len(target.pts), target.height, target.width),
        shots=len(shots),
        windows=len(parts),
        layout=layout,
        seconds=_pace(computation) * frames * height * width,
    )


def _video(size: tuple[int, int, int]) -> str:
    return f"{number_of(size[0], 'frame')} of {size[2]}x{size[1]}"


def _tiles(source: Source, computation: Computation, layout: Plan) -> tuple[list[Span], list[Span]]:
    """Return the rows and columns of tiles, which overlap."""
    border = computation.border
    return spans(source.size[0], layout.rows, border), spans(source.size[1], layout.columns, border)


_PACES: dict[tuple[str, ...], float] = {}


def _pace(computation: Computation) -> float:
    """Return how many seconds the computing of one pixel of one frame that goes in takes; timed once for each model."""
    model = computation.model
    key = (
        type(computation).__name__,
        model.name if isinstance(model, Restorer) else type(model).__name__,
        str(model.scale),
        str(device_of(model)),
    )
    if key not in _PACES:
        _PACES[key] = _timed(computation)
    return _PACES[key]


def _timed(computation: Computation) -> float:
    time_factor = computation.model.scale.time
    count = whole(_FRAMES, int(time_factor) if time_factor.denominator == 1 else time_factor.denominator)
    noise = np.random.default_rng(0).integers(0, 256, (count, _SIDE, _SIDE, 3), np.uint8)
    trial, window, layout, taken = computation.trial(), Window(list(noise), 0, count), Plan(count), []
    for _ in range(2):  # the first call of all prepares much
        began = time.perf_counter()
        for _ in trial.frames(window, layout, 0):
            pass
        taken.append(time.perf_counter() - began)
    return min(taken) / noise[..., 0].size
