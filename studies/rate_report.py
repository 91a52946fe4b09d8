"""What the page of results says of a study of quality against bits (`studies.rate_distortion`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stvsr.evaluation.format import percent
from stvsr.evaluation.results import Document

HEADINGS = {"psnr_y": "PSNR Y", "psnr_rgb": "PSNR RGB", "ssim_y": "SSIM Y"}


def tables(document: Document) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Yield an introduction, the heading and the rows of each table."""
    (one,) = document["measurements"]
    names = [clip["name"] for clip in one["data"]["clips"]]
    rows = one["rows"]
    head = ["", *(f"BD-rate, {title}" for title in HEADINGS.values()), "cheaper than full size at (bits per pixel)"]
    yield (
        f"{one['data']['name']}, against the same codec at full size:",
        head,
        [[method(row), *(mean(row["bd_rate"][name]) for name in HEADINGS), ranges(row)] for row in rows[1:]],
    )
    yield (
        "BD-rate of every clip, PSNR Y:",
        ["", *names],
        [[method(row), *(percent(row["bd_rate"]["psnr_y"]["clips"][name]) for name in names)] for row in rows[1:]],
    )
    yield (
        "Means over the clips: bits per pixel, kbit/s, PSNR Y / RGB in dB, SSIM Y:",
        ["", *(f"rate factor {factor}" for factor in document["study"]["rates"])],
        [[method(row), *map(point, row["curve"])] for row in rows],
    )


def method(row: Mapping[str, Any]) -> str:
    """Return the name of a way, with its parameters in millions where it has some."""
    return f"{row['method']} ({row['parameters'] / 1e6:.2f} M)" if "parameters" in row else str(row["method"])


def mean(delta: Mapping[str, Any]) -> str:
    """Return a mean difference of rates, and of how many clips it is where not of all."""
    known = sum(value is not None for value in delta["clips"].values())
    return percent(delta["mean"]) + (
        f" ({known} of {len(delta['clips'])} clips)" if known < len(delta["clips"]) else ""
    )


def ranges(row: Mapping[str, Any], name: str = "psnr_y") -> str:
    """Return where a way needs fewer bits, in bits per pixel of the codec at full size."""
    found: Sequence[Sequence[float]] = row["cheaper"][name]
    return ", ".join(f"{low:.3g} to {high:.3g}" for low, high in found) or "nowhere"


def point(values: Mapping[str, Any]) -> str:
    """Return one point of a curve."""
    ssim = f"{values['ssim_y']:.3f}".removeprefix("0")
    psnr = f"{values['psnr_y']:.2f} / {values['psnr_rgb']:.2f}"
    return f"{values['bpp']:.3g}, {values['kbps']:.0f}: {psnr}, {ssim}"
