"""The figure of quality against bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.evaluation.format import measured_on, percent
from stvsr.evaluation.results import Document
from stvsr.figures.plot.style import ACCENT, INK, colours, name_ends, new_figure, note, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COLUMNS = 2


def rates(documents: Sequence[Document], metric: str = "psnr_y") -> Figure:
    """Draw quality over bits per pixel, one panel for each codec and set of clips; models in colour.

    Args:
        documents: As `studies.rate_distortion` writes them.
        metric: ``psnr_y``, ``psnr_rgb`` or ``ssim_y``.

    Raises:
        StvsrError: If one is no such study.
    """
    for document in documents:
        if document.get("study", {}).get("name") != "rate-distortion":
            raise StvsrError("not a study of bits: make one with 'python -m studies.rate_distortion'")
    columns = min(MOST_COLUMNS, len(documents))
    lines = -(-len(documents) // columns)
    figure = new_figure(5.6 * columns, 3.8 * lines)
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel in panels[len(documents) :]:
        panel.set_axis_off()
    for panel, document in zip(panels, documents, strict=False):
        _draw(panel, document, metric)
    commands = "; ".join(dict.fromkeys(document["command"] for document in documents))
    machines = " ".join(dict.fromkeys(measured_on(document["environment"]) for document in documents))
    note(figure, f"{commands}. {machines} In brackets: BD-rate against full size.")
    return figure


def _draw(panel: Axes, document: Document, metric: str) -> None:
    (one,) = document["measurements"]
    anchor, *others = one["rows"]
    plain = [row for row in others if row["kind"] != "model"]
    tones = dict(zip((row["method"] for row in plain), colours(len(plain)), strict=True))
    ends = []
    for row in one["rows"]:
        tone = INK if row is anchor else tones.get(row["method"], ACCENT)
        curve = sorted((point["bpp"], point[metric]) for point in row["curve"])
        panel.plot(*zip(*curve, strict=True), color=tone, marker="o", markersize=3, lw=1.2 if row in plain else 2)
        label = "" if row is anchor else f" ({percent(row['bd_rate'][metric]['mean'])})"
        ends.append((*curve[-1], row["method"] + label, tone))
    panel.set_xscale("log")
    plain_ticks(panel.xaxis)
    study = document["study"]
    stored = "" if study["pixel_format"] == "yuv420p" else f", {study['pixel_format']}"
    panel.set_title(f"{one['data']['name']}, {study['codec']}{stored}")
    panel.set_xlabel("bits per pixel of the original")
    panel.set_ylabel({"psnr_y": "PSNR, Y (dB)", "psnr_rgb": "PSNR, RGB (dB)"}.get(metric, "SSIM, Y"))
    panel.set_xlim(*panel.get_xlim())
    panel.set_ylim(*panel.get_ylim())
    name_ends(panel, ends)
