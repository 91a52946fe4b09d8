"""What the page of results says of a study of quality against bits (`studies.rate_distortion`)."""

from __future__ import annotations

from collections.abc import Iterator

from stvsr.evaluation.documents import BDRate, Point, RateRow, RateStudy
from stvsr.evaluation.format import percent

HEADINGS = {"psnr_y": "PSNR Y", "psnr_rgb": "PSNR RGB", "ssim_y": "SSIM Y"}


def tables(study: RateStudy) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Yield an introduction, the heading and the rows of each table."""
    names, rows = study.data.clip_names, study.rows
    head = ["", *(f"BD-rate, {title}" for title in HEADINGS.values()), "cheaper than full size at (bits per pixel)"]
    yield (
        f"{study.data.name}, against the same codec at full size:",
        head,
        [[method(row), *(mean(row.bd_rate[name]) for name in HEADINGS), ranges(row)] for row in rows[1:]],
    )
    yield (
        "BD-rate of every clip, PSNR Y:",
        ["", *names],
        [[method(row), *(percent(row.bd_rate["psnr_y"].clips[name]) for name in names)] for row in rows[1:]],
    )
    yield (
        "Means over the clips: bits per pixel, kbit/s, PSNR Y / RGB in dB, SSIM Y:",
        ["", *(f"rate factor {factor}" for factor in study.codec.rates)],
        [[method(row), *map(point, row.curve)] for row in rows],
    )


def method(row: RateRow) -> str:
    """Return the name of a way, with its parameters in millions where it has some."""
    return row.method if row.parameters is None else f"{row.method} ({row.parameters / 1e6:.2f} M)"


def mean(delta: BDRate) -> str:
    """Return a mean difference of rates, and of how many clips it is where not of all."""
    known = sum(value is not None for value in delta.clips.values())
    return percent(delta.mean) + (f" ({known} of {len(delta.clips)} clips)" if known < len(delta.clips) else "")


def ranges(row: RateRow, name: str = "psnr_y") -> str:
    """Return where a way needs fewer bits, in bits per pixel of the codec at full size."""
    return ", ".join(f"{low:.3g} to {high:.3g}" for low, high in row.cheaper[name]) or "nowhere"


def point(values: Point) -> str:
    """Return one point of a curve."""
    ssim = f"{values['ssim_y']:.3f}".removeprefix("0")
    psnr = f"{values['psnr_y']:.2f} / {values['psnr_rgb']:.2f}"
    return f"{values['bpp']:.3g}, {values['kbps']:.0f}: {psnr}, {ssim}"
