"""The figure of a moving edge after a change of the frame rate: where it is, and how far from where it should be."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.evaluation.documents import EdgeStudy
from stvsr.evaluation.format import measured_on
from stvsr.evaluation.results import Document
from stvsr.figures.plot.style import ACCENT, GREYS, INK, name_ends, new_figure, note

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_COLUMNS = 4


def motion(document: Document) -> Figure:
    """Draw one panel for each method: by how many pixels the edge is ahead of its place or behind it, frame by frame.

    Above them all stands where it is, for the frames that are given, the least even method and the most even one.

    Raises:
        StvsrError: If the document is no study of motion.
    """
    if not isinstance(document, EdgeStudy):
        raise StvsrError("not a study of motion: make one with 'python -m studies.motion_edge'")
    rows, edge = document.rows, document.edge
    ratio = Fraction(document.ratio)
    instants = [float(j / ratio) for j in range(len(rows[0].places))]
    columns = min(MOST_COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    figure = new_figure(2.5 * columns, 2.6 + 1.7 * lines)
    grid = figure.add_gridspec(1 + lines, columns, height_ratios=[1.7, *[1] * lines])
    places = figure.add_subplot(grid[0, :])
    worst, best = (chosen(rows, key=lambda row: row.rms) for chosen in (max, min))
    straight = [edge["start"] + edge["speed"] * instant for instant in instants]
    places.plot(instants, straight, color=GREYS[2], lw=1)
    ends = []
    for row, tone in ((worst, INK), (best, ACCENT)):
        places.plot(instants, row.places, color=tone, ls="", marker="o", markersize=5)
        ends.append((instants[-1], row.places[-1], row.label, tone))
    places.set_xlabel("time, in given frames")
    places.set_ylabel("place of the edge (pixels)")
    places.set_title("Where the edge is in each frame; line: where it should be")
    name_ends(places, ends)
    reach = max(1.0, *(row.largest for row in rows)) * 1.15
    for number, row in enumerate(rows):
        panel = figure.add_subplot(grid[1 + number // columns, number % columns])
        tone = ACCENT if row is best else INK if row.kind == "model" else GREYS[0]
        off = [place - line for place, line in zip(row.places, straight, strict=True)]
        panel.vlines(instants, 0, off, color=tone, lw=2)
        panel.axhline(0, color=GREYS[2], lw=1)
        panel.set_ylim(-reach, reach)
        panel.set_title(f"{row.label}\n{row.rms:.2f} px rms", color=tone, fontsize=8.5)
        if number % columns == 0:
            panel.set_ylabel("off (pixels)")
    note(figure, f"{document.provenance.command}. {measured_on(document.provenance.environment)}")
    return figure
