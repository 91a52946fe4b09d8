"""How a long video is cut up: windows in time that overlap, and tiles in space when a frame is too large.

frames     0 1 2 3 4 5 6 7 8 9
window 0  [core . . .|after]
window 1       [before|core . .|after]       only the core is kept; at the video's ends there is no margin,
window 2                 [before|core .]     so the model's own boundary rule applies, as for a whole clip
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise, product
from typing import Generic, TypeVar

from stvsr.physics.scale import Scale

T = TypeVar("T")

LONGEST_WINDOW = 32
ALIGNMENT = 24
"""Networks may gather 2, 3, 4, 6 or 8 pixels into channels: tiles that begin here gather as whole frames do."""


@dataclass(frozen=True)
class Window(Generic[T]):
    """Consecutive frames of which those from ``lead`` to ``lead + core`` are to be kept."""

    frames: list[T]
    lead: int
    core: int


def windows(frames: Iterable[T], core: int, margin: int) -> Iterator[Window[T]]:
    """Cut a stream into windows of ``core`` frames with ``margin`` more on each side, fewer at its two ends.

    The cores follow each other without gap or overlap, and every window starts at a multiple of the greatest
    common divisor of ``core`` and ``margin``. At most ``core + 2 * margin`` frames are held.
    """
    source = iter(frames)
    held: list[T] = list(islice(source, core + margin))
    lead = 0
    while len(held) > lead:
        kept = min(core, len(held) - lead)
        yield Window(held, lead, kept)
        drop = max(lead + kept - margin, 0)
        lead = lead + kept - drop
        held = held[drop:]
        held += islice(source, lead + core + margin - len(held))


@dataclass(frozen=True)
class Span:
    """One side of a tile, in low pixels: ``first .. last`` is computed, ``start .. stop`` of it is kept."""

    first: int
    start: int
    stop: int
    last: int


def spans(size: int, parts: int, margin: int) -> list[Span]:
    """Split ``size`` pixels into about ``parts`` even ones, each widened by ``margin`` where the frame goes on.

    What is computed begins at a multiple of `ALIGNMENT`.
    """
    inner = {margin + whole(i * size // parts - margin, ALIGNMENT) for i in range(1, parts)}
    edges = [0, *sorted(edge for edge in inner if 0 < edge < size), size]
    return [Span(max(start - margin, 0), start, stop, min(stop + margin, size)) for start, stop in pairwise(edges)]


@dataclass(frozen=True)
class Plan:
    """How many low frames a window keeps, and into how many rows and columns of tiles each is split."""

    frames: int
    rows: int = 1
    columns: int = 1


def plan(
    scale: Scale,
    context: tuple[int, int],
    low_size: tuple[int | None, int, int],
    bytes_per_low_pixel: int,
    budget: int,
) -> Plan:
    """Choose windows and tiles that compute the least in vain within ``budget`` bytes.

    Args:
        scale: The model's scale; windows are whole multiples of its time factor's denominator.
        context: Low frames and low pixels of margin on each side.
        low_size: Number (where known), height and width of the low frames.
        bytes_per_low_pixel: Working memory of the model.
        budget: Bytes for the model's work and the finished frames of one window. Where even the smallest
            window does not fit, the smallest is returned.
    """
    count, height, width = low_size
    margin, finished = whole(context[0], scale.time.denominator), 3 * float(scale.samples) * height * width
    lengths = [scale.time.denominator * n for n in range(1, LONGEST_WINDOW + 1)]
    best, least = None, float("inf")
    for frames, row, column in product(lengths, _sides(height, context[1]), _sides(width, context[1])):
        length = min(frames + 2 * margin, count or sys.maxsize)
        if length * row.longest * column.longest * bytes_per_low_pixel + frames * finished > budget:
            continue
        work = _computed(frames, margin, count) * row.total * column.total
        if work < least:
            best, least = Plan(frames, row.parts, column.parts), work
    return best or Plan(lengths[0], _sides(height, context[1])[-1].parts, _sides(width, context[1])[-1].parts)


def whole(count: int, unit: int) -> int:
    """Round ``count`` up to a multiple of ``unit``."""
    return -(-count // unit) * unit


def _computed(frames: int, margin: int, count: int | None) -> float:
    """How many frames are computed for each one that is kept."""
    if count is None:
        return 1 + 2 * margin / frames
    return min(1 + 2 * margin * (-(-count // frames) - 1) / count, -(-count // frames))


@dataclass(frozen=True)
class _Side:
    """One way to split a side: into how many parts, the longest one computed, and all of them together."""

    parts: int
    longest: int
    total: int


def _sides(size: int, margin: int) -> list[_Side]:
    sides = []
    for parts in range(1, max(size // ALIGNMENT, 1) + 1):
        lengths = [span.last - span.first for span in spans(size, parts, margin)]
        sides.append(_Side(parts, max(lengths), sum(lengths)))
    return sides
