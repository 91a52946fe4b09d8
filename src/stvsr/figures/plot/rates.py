"""The figure of quality against bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.evaluation.documents import RateStudy
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
    studies = [document for document in documents if isinstance(document, RateStudy)]
    if len(studies) < len(documents):
        raise StvsrError("not a study of bits: make one with 'python -m studies.rate_distortion'")
    columns = min(MOST_COLUMNS, len(studies))
    lines = -(-len(studies) // columns)
    figure = new_figure(5.6 * columns, 3.8 * lines)
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel in panels[len(studies) :]:
        panel.set_axis_off()
    for panel, study in zip(panels, studies, strict=False):
        _draw(panel, study, metric)
    commands = "; ".join(dict.fromkeys(study.provenance.command for study in studies))
    machines = " ".join(dict.fromkeys(measured_on(study.provenance.environment) for study in studies))
    note(figure, f"{commands}. {machines} In brackets: BD-rate against full size.")
    return figure


def _draw(panel: Axes, study: RateStudy, metric: str) -> None:
    anchor, *others = study.rows
    plain = [row for row in others if row.kind != "model"]
    tones = dict(zip((row.method for row in plain), colours(len(plain)), strict=True))
    ends = []
    for row in study.rows:
        tone = INK if row is anchor else tones.get(row.method, ACCENT)
        curve = sorted((point["bpp"] or 0.0, point[metric] or 0.0) for point in row.curve)
        panel.plot(*zip(*curve, strict=True), color=tone, marker="o", markersize=3, lw=1.2 if row in plain else 2)
        label = "" if row is anchor else f" ({percent(row.bd_rate[metric].mean)})"
        ends.append((*curve[-1], row.method + label, tone))
    panel.set_xscale("log")
    plain_ticks(panel.xaxis)
    stored = "" if study.codec.pixel_format == "yuv420p" else f", {study.codec.pixel_format}"
    panel.set_title(f"{study.data.name}, {study.codec.codec}{stored}")
    panel.set_xlabel("bits per pixel of the original")
    panel.set_ylabel({"psnr_y": "PSNR, Y (dB)", "psnr_rgb": "PSNR, RGB (dB)"}.get(metric, "SSIM, Y"))
    panel.set_xlim(*panel.get_xlim())
    panel.set_ylim(*panel.get_ylim())
    name_ends(panel, ends)
