"""How a long video is cut up: windows in time that overlap, and tiles in space when a frame is too large.

frames     0 1 2 3 4 5 6 7 8 9
window 0  [core . . .|after]
window 1       [before|core . .|after]       only the core is kept; at the video's ends there is no margin,
window 2                 [before|core .]     so the model's own boundary rule applies, as for a whole clip
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise, product
from typing import Generic, TypeVar

from stvsr.physics.scale import Scale

T = TypeVar("T")

LONGEST_WINDOW = 32
SMALLEST_TILE = 16


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
    """Split ``size`` pixels evenly into ``parts``, each widened by ``margin`` on both sides in the frame."""
    edges = [i * size // parts for i in range(parts + 1)]
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
    low_size: tuple[int, int],
    bytes_per_low_pixel: int,
    budget: int,
) -> Plan:
    """Choose windows and tiles that compute the least in vain within ``budget`` bytes.

    Args:
        scale: The model's scale; windows are whole multiples of its time factor's denominator.
        context: Low frames and low pixels of margin on each side.
        low_size: Height and width of a low frame.
        bytes_per_low_pixel: Working memory of the model.
        budget: Bytes for the model's work and the finished frames of one window. Where even the smallest
            window does not fit, the smallest is returned.
    """
    height, width = low_size
    unit = scale.time.denominator
    margin, border = whole(context[0], unit), context[1]
    finished = 3 * float(scale.samples) * height * width
    best, least = None, float("inf")
    for frames, rows, columns in product(range(unit, unit * LONGEST_WINDOW + 1, unit), _splits(height), _splits(width)):
        length = frames + 2 * margin
        area = _computed(height, rows, border) * _computed(width, columns, border)
        if length * area * bytes_per_low_pixel + frames * finished > budget:
            continue
        waste = length / frames * area * rows * columns
        if waste < least:
            best, least = Plan(frames, rows, columns), waste
    return best or Plan(unit, _splits(height)[-1], _splits(width)[-1])


def whole(count: int, unit: int) -> int:
    """Round ``count`` up to a multiple of ``unit``."""
    return -(-count // unit) * unit


def _splits(size: int) -> range:
    return range(1, max(size // SMALLEST_TILE, 1) + 1)


def _computed(size: int, parts: int, margin: int) -> int:
    """The longest computed side of a tile when ``size`` is split into ``parts``."""
    return min(size, -(-size // parts) + 2 * margin)
