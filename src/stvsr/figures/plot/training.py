"""Figures of trainings: the loss of every step that was noted, and the quality on the validation clips."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.figures.plot.style import ACCENT, GREYS, INK, name_ends, new_figure, plain_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE = "metrics.csv"
SMOOTHED = 9
"""Rows on each side that the dark line of the loss averages over, fewer at the ends."""
TONES = (ACCENT, INK, *GREYS)


@dataclass(frozen=True)
class Run:
    """What a training noted.

    Attributes:
        name: The run's.
        loss: Pairs of a step and the loss there.
        psnr: Pairs of a step and the PSNR on the validation clips, in dB.
    """

    name: str
    loss: list[tuple[float, float]]
    psnr: list[tuple[float, float]]


def read_run(path: Path) -> Run:
    """Read a run's folder, or its table.

    Raises:
        StvsrError: If it is no table of a training.
    """
    table = path / TABLE if path.is_dir() else path
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        run = Run(_name(table), _column(rows, "loss"), _column(rows, "psnr"))
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise StvsrError(f"{path}: no table of a training; give a run's folder or its {TABLE}") from error
    if not run.loss:
        raise StvsrError(f"{path}: nothing was noted yet; wait for the first steps")
    return run


def _name(table: Path) -> str:
    name = table.resolve().parent.name if table.name == TABLE else table.stem
    return name.removeprefix("training-")


def _column(rows: Sequence[dict[str, str]], name: str) -> list[tuple[float, float]]:
    points = [(float(row["step"]), float(row[name])) for row in rows if row[name]]
    return [(step, value) for step, value in points if math.isfinite(value)]


def smoothed(values: Sequence[float], reach: int = SMOOTHED) -> list[float]:
    """Return the mean of each value and ``reach`` neighbours on each side, as many as both sides have."""
    result = []
    for i in range(len(values)):
        half = min(reach, i, len(values) - 1 - i)
        part = values[i - half : i + half + 1]
        result.append(math.fsum(part) / len(part))
    return result


def training(runs: Sequence[Run]) -> Figure:
    """Draw the loss and, where there was a validation, its PSNR; the first run has the accent."""
    from matplotlib.ticker import LogLocator

    measured = any(run.psnr for run in runs)
    figure = new_figure(8.2, 4.8 if measured else 2.8)
    panels = figure.subplots(2 if measured else 1, 1, squeeze=False, sharex=True, height_ratios=[1, 1][: 1 + measured])
    loss, psnr = panels[0][0], panels[-1][0]
    tones = [TONES[min(i, len(TONES) - 1)] for i in range(len(runs))]
    for run, tone in reversed(list(zip(runs, tones, strict=True))):
        steps, values = zip(*run.loss, strict=True)
        loss.plot(steps, values, color=tone, lw=0.8, alpha=0.3)
        loss.plot(steps, smoothed(values), color=tone)
        if run.psnr:
            psnr.plot(*zip(*run.psnr, strict=True), color=tone)
            best = max(run.psnr, key=lambda point: point[1])
            psnr.plot(*best, marker="o", color=tone)
    if all(value > 0 for run in runs for _, value in run.loss):  # a logarithm of a loss is one already
        loss.set_yscale("log")
        loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        plain_ticks(loss.yaxis)
    loss.margins(x=0)
    loss.set_title("loss" if len(runs) > 1 or not measured else f"{runs[0].name}: loss")
    bottom = panels[-1][0]
    bottom.set_xlabel("step")
    if len(runs) > 1:
        ends = [smoothed([value for _, value in run.loss])[-1] for run in runs]
        last = [(run.loss[-1][0], end, run.name, tone) for run, end, tone in zip(runs, ends, tones, strict=True)]
        figure.draw_without_rendering()
        name_ends(loss, last)
    if measured:
        psnr.set_title("PSNR on the validation clips (dB), the best step marked")
        best_ends = [
            (run.psnr[-1][0], run.psnr[-1][1], f"{max(value for _, value in run.psnr):.2f} dB at best", tone)
            for run, tone in zip(runs, tones, strict=True)
            if run.psnr
        ]
        figure.draw_without_rendering()
        name_ends(psnr, best_ends)
    return figure
