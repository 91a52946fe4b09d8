"""The figure of a study of iterations (DAVSR, Fig. 6): what each one adds, and what data step and enhancement do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.evaluation.documents import StudyResults
from stvsr.evaluation.format import measured_on
from stvsr.evaluation.results import Document
from stvsr.figures.plot.style import ACCENT, GREYS, INK, new_figure, note

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ITERATIONS = "iterations"


def read_iterations(document: Document) -> tuple[dict[int, float], int, dict[str, float]]:
    """Return PSNR by the number of iterations, the number whose stages were measured, and PSNR by stage.

    Raises:
        StvsrError: If the document is no study of iterations.
    """
    if not isinstance(document, StudyResults) or document.study.name != ITERATIONS:
        raise StvsrError("not a study of iterations: make one with 'python -m studies.davsr iterations'")
    measured = document.measurements[0]
    counts: dict[int, float] = {}
    stages: dict[str, float] = {}
    shown = 0
    for row in measured.rows:
        found = re.fullmatch(r"K = (\d+)(?:: ([XZ]\d+))?", row.method)
        psnr = row.value(measured.protocol.frames)
        if found is None or psnr is None:
            continue
        if found[2]:
            shown, stages[found[2]] = int(found[1]), psnr
        else:
            counts[int(found[1])] = psnr
    if not counts or not stages:
        raise StvsrError("this study of iterations is incomplete: do it again")
    return counts, shown, stages


def iterations(document: Document) -> Figure:
    """Draw PSNR against the number of iterations, and through the stages of the number that was trained."""
    counts, shown, stages = read_iterations(document)
    assert isinstance(document, StudyResults)
    figure = new_figure(9.4, 3.8)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.4])
    left.plot(list(counts), list(counts.values()), color=GREYS[1], marker="o", markersize=5)
    if shown in counts:
        left.plot([shown], [counts[shown]], color=ACCENT, marker="o", markersize=8)
        left.annotate(
            f"as trained: {counts[shown]:.2f} dB", (shown, counts[shown]), (0, 10), textcoords="offset points",
            ha="center", va="bottom", color=ACCENT,
        )  # fmt: skip
    left.set_xticks(list(counts))
    left.margins(y=0.25)
    left.set_xlabel("iterations, chosen when it runs")
    left.set_ylabel("PSNR (dB)")
    left.set_title("More iterations")
    left.grid(axis="x", visible=False)

    order = [name for k in range(shown + 1) for name in (f"Z{k}", f"X{k}") if name in stages]
    values = [stages[name] for name in order]
    right.plot(range(len(order)), values, color=GREYS[3], lw=1.2, zorder=1)
    for kind, tone in (("Z", INK), ("X", ACCENT)):
        places = [i for i, name in enumerate(order) if name.startswith(kind)]
        right.plot(places, [values[i] for i in places], ls="", marker="o", markersize=7, color=tone)
        for i in places:
            right.annotate(
                f"{values[i]:.2f}", (i, values[i]), (-5, 5), textcoords="offset points", ha="right", color=tone
            )
    right.set_xticks(range(len(order)), [_subscript(name) for name in order])
    right.margins(x=0.13, y=0.2)
    right.grid(axis="x", visible=False)
    right.set_title(f"From stage to stage, {shown} iterations")
    right.set_xlabel("X₀: start · Z: after a data step · X: after an enhancement")
    for label, name in zip(right.get_xticklabels(), order, strict=True):
        label.set_color(ACCENT if name.startswith("X") else INK)
    model, data = document.study.model, document.measurements[0].data.name
    figure.suptitle(f"{model} on {data}", x=0.01, ha="left", fontsize=12)
    note(figure, f"{document.provenance.command}. {measured_on(document.provenance.environment)}")
    return figure


def _subscript(name: str) -> str:
    return name[0] + name[1:].translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
