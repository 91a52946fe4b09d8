"""Figures of result files: PSNR of every frame, quality against cost, quality against the pixels that are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.evaluation.documents import EdgeStudy, PaperResults, RateStudy, StudyResults
from stvsr.evaluation.format import measured_on
from stvsr.evaluation.metrics.psnr_ssim import PSNR_CAP
from stvsr.evaluation.results import Document, Kind, Results, Row
from stvsr.figures.plot.style import ACCENT, GREYS, INK, colours, name_ends, new_figure, note, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 2
FEW_SCALES = 6
"""More than these are points without a line, each named where it is: two may keep the same share."""
SERIES: tuple[tuple[str, Kind, str, str], ...] = (
    ("best interpolation", "baseline", GREYS[1], GREYS[1]),
    ("STAA, published", "published", INK, "white"),
    ("best trained model", "model", ACCENT, ACCENT),
)


def measurements(documents: Sequence[Document]) -> list[Results]:
    """Return the measurements of all documents, each with its command and environment; of a table those with data.

    Of the studies those of trained variants are measurements as any (`studies.staa`).

    Raises:
        StvsrError: If a document is a study, or there is nothing measured in any.
    """
    found = [one for document in documents for one in _parts(document) if one.data.clips]
    if not found:
        raise StvsrError("nothing was measured in these results: measure with 'stvsr evaluate --json'")
    return found


def _parts(document: Document) -> list[Results]:
    if isinstance(document, Results):
        return [document]
    trained = isinstance(document, StudyResults) and document.study.steps is not None
    if isinstance(document, PaperResults) or (isinstance(document, StudyResults) and trained):
        then = document.provenance
        return [replace(one, command=then.command, environment=then.environment) for one in document.measurements]
    assert isinstance(document, StudyResults | EdgeStudy | RateStudy)
    raise StvsrError(f"{document.study.name} is a study, not a measurement: draw it with 'stvsr plot iterations'")


def frames(document: Document, clip: str | None = None, colour: str = "rgb") -> Figure:
    """Draw the PSNR of every frame, one panel a clip.

    Frames that a method keeps as they are, which would lie at 100 dB, are left out of its line.

    Args:
        document: As `stvsr evaluate --json` writes it.
        clip: Only this one.
        colour: ``rgb`` or ``y``.

    Raises:
        StvsrError: If there is no such clip, or no frame was measured.
    """
    (results, *others) = measurements([document])
    if others:
        raise StvsrError("this table holds several measurements: draw the frames of one with a file of its own")
    names = results.data.clip_names
    if clip is not None and clip not in names:
        raise StvsrError(f"no clip {clip!r} in these results: there are {', '.join(names)}")
    names = [clip] if clip else names
    rows = [row for row in results.rows if all(name in row.clips and row.clips[name].curves for name in names)]
    if not rows:
        raise StvsrError("these results hold no figures of single frames: measure again with 'stvsr evaluate --json'")
    columns = min(COLUMNS, len(names))
    lines = -(-len(names) // columns)
    figure = new_figure(4.6 * columns + 1.6, 2.6 * lines + 0.6)
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    tones = _tones(rows, results.protocol.frames)
    for panel, name in zip(panels, names, strict=False):
        ends = []
        for row in rows:
            curve = row.clips[name].curves.get(f"psnr_{colour}", [])
            points = [(i, value) for i, value in enumerate(curve) if value is not None and value < PSNR_CAP]
            if not points:
                continue
            panel.plot(*zip(*points, strict=True), color=tones[row.method], lw=2 if _trained(row) else 1.2)
            ends.append((*points[-1], row.method, tones[row.method]))
        panel.set_title(name)
        panel.set_xlabel("frame")
        panel.set_ylabel(f"PSNR, {colour.upper()} (dB)")
        panel.margins(x=0)
        panel.grid(axis="x", visible=False)
        panel.set_ylim(*panel.get_ylim())
        name_ends(panel, ends)
    figure.suptitle(results.title, x=0.01, ha="left", fontsize=12)
    note(figure, _sources([results]))
    return figure


def cost(documents: Sequence[Document]) -> Figure:
    """Draw quality against time on this machine, one panel a measurement; what others published as marks at the side.

    Args:
        documents: As `stvsr evaluate --json` writes them.

    Raises:
        StvsrError: If nothing in them was timed.
    """
    measured = measurements(documents)
    figure = new_figure(5.8 * len(measured), 4.2)
    panels = figure.subplots(1, len(measured), squeeze=False)[0]
    for panel, results in zip(panels, measured, strict=True):
        counted = results.protocol.frames
        known = [(row, psnr) for row in results.rows if (psnr := row.value(counted)) is not None]
        timed = [(row, row.seconds_per_megapixel, psnr) for row, psnr in known if row.seconds_per_megapixel is not None]
        if not timed:
            raise StvsrError(f"{results.title}: nothing was timed there; measure again")
        tones = _tones([row for row, *_ in timed], counted)
        ends = []
        for row, x, y in timed:
            size = 40 + 60 * (row.parameters or 0) / 1e6
            panel.scatter([x], [y], s=size, color=tones[row.method], zorder=3)
            millions = "" if row.parameters is None else f", {row.parameters / 1e6:.2f} M"
            ends.append((x, y, f"{row.method}{millions}", tones[row.method]))
        panel.set_xscale("log")
        panel.set_xlim(min(x for x, *_ in ends) / 2, max(x for x, *_ in ends) * 200)
        right = panel.get_xlim()[1]
        printed = [(psnr, row.method) for row, psnr in known if not row.is_measured]
        for y, _ in printed:
            panel.axhline(y, color=GREYS[3], lw=0.8, ls=(0, (2, 3)), zorder=1)
        _roomy(panel, [y for _, y, *_ in ends] + [y for y, _ in printed])
        plain_ticks(panel.xaxis)
        name_ends(panel, ends, gap=9)
        marks = [(right, y, f"{method}, published", GREYS[0]) for y, method in printed]
        name_ends(panel, marks, 7.5)
        panel.set_title(results.title)
        panel.set_xlabel("seconds per million output pixels")
        panel.set_ylabel(f"PSNR, {counted} frames (dB)")
    note(figure, "Area of a dot: parameters. Dotted: published, with other programs; no time. " + _sources(measured))
    return figure


def kept(documents: Sequence[Document]) -> Figure:
    """Draw quality against the share of pixels that the small clip has (STAA, Fig. 17).

    Each measurement gives a point for its best trained model, its best baseline and, where printed, STAA itself.

    Args:
        documents: Of one data set.

    Raises:
        StvsrError: If they are of several.
    """
    measured = measurements(documents)
    data = sorted({results.data.name for results in measured})
    if len(data) > 1:
        raise StvsrError(f"these results are of different data ({', '.join(data)}): draw those of one")
    figure = new_figure(7.2, 4.2)
    panel = figure.subplots()
    ordered = sorted(measured, key=share_kept)
    shares = [100 * share_kept(results) for results in ordered]
    crowded = len(ordered) > FEW_SCALES
    ends, heights = [], []
    for name, kind, tone, face in SERIES:
        best = [_best(results, kind) for results in ordered]
        points = [(x, y) for x, y in zip(shares, best, strict=True) if y is not None]
        if not points:
            continue
        line = "none" if crowded else "-"
        panel.plot(*zip(*points, strict=True), color=tone, ls=line, marker="o", markersize=6, markerfacecolor=face)
        heights += [y for _, y in points]
        ends.append((*points[-1], name, tone))
        if crowded and kind == "model":
            for results, x, y in zip(ordered, shares, best, strict=True):
                if y is not None:
                    panel.annotate(results.protocol.scale, (x, y), (0, 7), textcoords="offset points", ha="center")
    panel.set_xscale("log")
    panel.set_xlim(min(shares) / 1.3, max(shares) * 1.3)
    _roomy(panel, heights)
    if crowded:
        within = [tick for tick in (1, 2, 5, 10, 20, 50, 100) if min(shares) / 1.3 <= tick <= max(shares) * 1.3]
        panel.set_xticks(within, [f"{tick} %" for tick in within])
    else:
        scales = [results.protocol.scale for results in ordered]
        panel.set_xticks(shares, [f"{share:.2g} %\n{scale}" for share, scale in zip(shares, scales, strict=True)])
    panel.set_xticks([], minor=True)
    name_ends(panel, ends, gap=9)
    panel.set_title(f"{data[0]}: quality against the pixels that are kept")
    panel.set_xlabel("pixels of the small clip, and by what it is smaller (time, space)")
    panel.set_ylabel("PSNR (dB)")
    counted = ", ".join(f"{results.protocol.scale}: {results.protocol.frames}" for results in ordered)
    note(figure, f"Frames counted: {counted}. {_sources(measured)}")
    return figure


def share_kept(results: Results) -> float:
    """Return the share of pixels that are left by a scale such as ``2t4s`` or ``6over5t2x1s``."""
    found = re.fullmatch(r"(\d+)(?:over(\d+))?t(\d+)(?:x(\d+))?s", results.protocol.scale)
    if found is None:
        raise StvsrError(f"{results.title}: no scale {results.protocol.scale!r} is known; measure again")
    time, over, height, width = (int(part) if part else None for part in found.groups())
    assert time is not None
    assert height is not None
    return (over or 1) / (time * height * (width or height))


def _best(results: Results, kind: Kind) -> float | None:
    """Return the best figure of a kind of rows; of the published ones only STAA's."""
    rows = [row for row in results.rows if row.kind == kind and (kind != "published" or row.method == "STAA")]
    values = (row.value(results.protocol.frames) for row in rows)
    return max((value for value in values if value is not None), default=None)


def _trained(row: Row) -> bool:
    return row.kind == "model"


def _tones(rows: Sequence[Row], frames: str) -> dict[str, str]:
    """Return a colour for each method: the best model has the accent, other models are ink, baselines greys."""
    models = [row for row in rows if _trained(row)]
    others = [row for row in rows if not _trained(row)]
    best = max(models, key=lambda row: row.value(frames) or 0.0, default=None)
    tones = {row.method: ACCENT if row is best else INK for row in models}
    return tones | dict(zip([row.method for row in others], colours(len(others)), strict=True))


def _roomy(panel: Axes, values: Sequence[float]) -> None:
    low, high = min(values), max(values)
    room = max(0.08 * (high - low), 0.2)
    panel.set_ylim(low - room, high + room)


def _sources(measured: Sequence[Results]) -> str:
    """Return the commands and the machines, each once."""
    commands = "; ".join(dict.fromkeys(results.command for results in measured))
    machines = " ".join(dict.fromkeys(measured_on(results.environment) for results in measured))
    return f"{commands}. {machines}"
