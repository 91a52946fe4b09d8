"""Figures of merit as people read them: in cells of tables, on the page of results and in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stvsr.evaluation.protocols import FRAME_SETS
from stvsr.evaluation.results import Document

MOST_CLIPS = 12
"""So many clips have lines of their own."""
FURTHER = {
    "warping_error": ("warping error", 2, False),
    "flow_error": ("flow error, pixels", 3, False),
    "profile_error": ("x-t profile error", 4, False),
    "flicker": ("flicker", 2, False),
    "lpips": ("LPIPS", 4, False),
    "vmaf": ("VMAF", 2, True),
}
"""Metrics on demand: heading, digits, and whether more is better."""


def figure(figures: Mapping[str, float] | None, colour: str = "rgb", *, printed: bool = False) -> str:
    """Return ``30.12 / .9585``, starred where identical frames are part of the mean; a dash where unknown.

    Args:
        figures: Of a mean; without SSIM where that was not measured.
        colour: ``rgb`` or ``y``.
        printed: Whether others printed the figures, some of them to three digits.
    """
    if not figures or f"psnr_{colour}" not in figures:
        return "–"
    star = "*" if figures.get("identical") else ""
    psnr = f"{figures[f'psnr_{colour}']:.2f}{star}"
    if f"ssim_{colour}" not in figures:
        return psnr
    ssim = f"{figures[f'ssim_{colour}']:.4f}".removeprefix("0")
    return f"{psnr} / {ssim.removesuffix('0') if printed else ssim}"


def frame_sets(document: Document) -> list[str]:
    """Return the sets of frames that were counted, all frames first."""
    means = [row["mean"] for row in document["rows"]]
    return [name for name in FRAME_SETS if any(mean.get(name) for mean in means)]


def columns(document: Document) -> list[tuple[str, str]]:
    """Return the columns of a table: pairs of a set of frames and a colour space, of given frames the headline's."""
    own = document["protocol"]["colour"]
    return [(f, colour) for f in frame_sets(document) for colour in ("rgb", "y") if f != "given" or colour == own]


def title(frames: str, colour: str) -> str:
    """Return the heading of a column."""
    return f"{frames}, {colour.upper()}"


def further(document: Document) -> list[str]:
    """Return the metrics on demand that some row of a document has, in the order of `FURTHER`."""
    frames = document["protocol"]["frames"]
    found = {name for row in document["rows"] for name in row["mean"].get(frames) or {}}
    return [name for name in FURTHER if name in found]


def further_figure(figures: Mapping[str, float] | None, name: str) -> str:
    """Return a metric on demand, with the truth's own error where it has one: ``3.21 (2.90)``; a dash where unknown."""
    if not figures or name not in figures:
        return "–"
    _, digits, _ = FURTHER[name]
    of_truth = figures.get(f"{name}_of_truth")
    return f"{figures[name]:.{digits}f}" + ("" if of_truth is None else f" ({of_truth:.{digits}f})")


def further_title(name: str) -> str:
    """Return the heading of a metric on demand."""
    heading, _, _ = FURTHER[name]
    return heading + (" (of the truth)" if name == "warping_error" else "")


def measured_on(used: Mapping[str, Any]) -> str:
    """Return when, where and with what a measurement was made, in one sentence."""
    machine = ", ".join(str(part) for part in (used.get("gpu"), used.get("cpu")) if part)
    versions = ", ".join(f"{name} {used.get(name.lower())}" for name in ("stvsr", "torch", "Python"))
    return f"Measured {used.get('date')} on {machine}, {used.get('threads')} threads, with {versions}."


def percent(value: float | None) -> str:
    """Return a difference of rates such as ``-3.1 %``; a dash where the curves reach no quality in common."""
    return "–" if value is None else f"{value:+.1f} %".replace("-", "−")
