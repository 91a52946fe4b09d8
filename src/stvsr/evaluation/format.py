"""Figures of merit as people read them: in cells of tables, on the page of results and in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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


def title(frames: str, colour: str) -> str:
    """Return the heading of a column."""
    return f"{frames}, {colour.upper()}"


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


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells as plain text, the first column flush left, the others right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
