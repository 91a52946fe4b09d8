"""How a long video is cut up: shots, windows in time that overlap, and tiles in space when a frame is too large.

frames     0 1 2 3 4 5 6 7 8 9 | 10 11    a cut before frame 10
window 0  [core . . .|after]   |
window 1       [before|core . .|after]    only the core is kept; where a shot begins or ends there is no margin,
window 2                 [before|core]    so the model's own boundary rule applies, as for a whole clip
window 3                       |[core]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise, product
from typing import Generic, TypeVar

from stvsr.physics.scale import Scale

T = TypeVar("T")

LONGEST_WINDOW = 32
ALIGNMENT = 24
"""Networks may gather 2, 3, 4, 6 or 8 pixels into channels: tiles that begin here gather as whole frames do."""
SEGMENT = 96
"""Frames that come out of one segment, about: as many as are lost at most when a job is killed."""
SHORTEST_SEGMENT = 16
# Pixels of a frame up to which a network on a CPU gets through a segment in some minutes.
_QUICK_PIXELS = 854 * 480


@dataclass(frozen=True)
class Span:
    """One window, in frames, or one side of a tile, in low pixels.

    ``first .. last`` is computed, ``start .. stop`` of it is kept.
    """

    first: int
    start: int
    stop: int
    last: int


@dataclass(frozen=True)
class Window(Generic[T]):
    """Consecutive frames of which those from ``lead`` to ``lead + core`` are to be kept."""

    frames: list[T]
    lead: int
    core: int


@dataclass(frozen=True)
class Shot:
    """Consecutive frames without a cut: ``start .. stop`` of those that come in, ``frames`` come out of them."""

    start: int
    stop: int
    frames: int


@dataclass(frozen=True)
class Part:
    """One window of a job: what goes in, and that the frames ``first .. first + frames`` come out."""

    span: Span
    first: int
    frames: int


@dataclass(frozen=True)
class Segment:
    """Windows that follow each other, whose frames are encoded and kept together."""

    parts: list[Part]

    @property
    def first(self) -> int:
        """The number of the first frame that comes out."""
        return self.parts[0].first

    @property
    def stop(self) -> int:
        """The number after that of the last one."""
        return self.parts[-1].first + self.parts[-1].frames


def find_shots(length: int, cuts: Iterable[int], output: Callable[[int], int], total: int | None = None) -> list[Shot]:
    """Divide a video of ``length`` frames before the frames ``cuts``.

    Args:
        length: Frames that come in.
        cuts: Numbers of frames, increasing; those out of range are ignored.
        output: How many frames come out of a shot of so many.
        total: How many come out of all shots, where the last one is to be cropped.
    """
    edges = [0, *(cut for cut in cuts if 0 < cut < length), length]
    shots = [Shot(start, stop, output(stop - start)) for start, stop in pairwise(edges)]
    if total is not None:
        last = shots[-1]
        shots[-1] = Shot(last.start, last.stop, last.frames + total - sum(shot.frames for shot in shots))
    return shots


def cover(length: int | None, core: int, margin: int) -> Iterator[Span]:
    """Yield the windows of a shot of ``length`` frames, without end where that is None.

    The cores have ``core`` frames and follow each other without gap or overlap; ``margin`` more frames lie on each
    side, fewer at the shot's two ends. Every window starts at a multiple of the greatest common divisor of both.
    """
    end = sys.maxsize if length is None else length
    for start in count(0, core):
        if start >= end:
            return
        stop = min(start + core, end)
        yield Span(max(start - margin, 0), start, stop, min(stop + margin, end))


def divide(shots: Iterable[Shot], core: int, margin: int, output: Callable[[int], int]) -> list[Part]:
    """Return the windows of all shots; ``output`` says how many frames come out of the first so many of a shot."""
    parts, done = [], 0
    for shot in shots:
        for span in cover(shot.stop - shot.start, core, margin):
            until, before = (min(output(frame), shot.frames) for frame in (span.stop, span.start))
            moved = Span(*(shot.start + frame for frame in (span.first, span.start, span.stop, span.last)))
            parts.append(Part(moved, done + before, until - before))
        done += shot.frames
    return parts


def segment_length(pixels: int, *, slow: bool, usual: int = SEGMENT) -> int:
    """Return about how many frames of so many pixels to put into a segment.

    Each segment begins with a key frame, which costs bytes; so they are shorter only where a ``slow`` computation (a
    network on a CPU) would lose hours. Nothing but size and kind decides, so that every run divides alike.
    """
    return max(min(usual, usual * _QUICK_PIXELS // pixels), min(usual, SHORTEST_SEGMENT)) if slow else usual


def group(parts: Sequence[Part], length: int = SEGMENT) -> list[Segment]:
    """Put windows together until about ``length`` frames come out of them."""
    groups: list[list[Part]] = []
    held = length
    for part in parts:
        if held >= length:
            groups.append([])
            held = 0
        groups[-1].append(part)
        held += part.frames
    if len(groups) > 1 and held < length // 2:
        rest = groups.pop()
        groups[-1] += rest
    return [Segment(each) for each in groups]


def gather(frames: Iterable[T], spans: Iterable[Span], base: int = 0) -> Iterator[Window[T]]:
    """Yield the windows of a stream of frames, each as soon as its frames are there.

    Holds the frames of one window only. Frames that no window needs are passed over; windows after the stream's end
    are shortened or left out. ``base`` is the number of the stream's first frame.
    """
    source = iter(frames)
    held: list[T] = []
    for span in spans:
        skipped = span.first - base
        for _ in islice(source, max(skipped - len(held), 0)):
            pass
        held, base = held[skipped:], span.first
        held += islice(source, span.last - base - len(held))
        core = min(span.stop, base + len(held)) - span.start
        if core <= 0:
            return
        yield Window(held, span.start - base, core)


def windows(frames: Iterable[T], core: int, margin: int) -> Iterator[Window[T]]:
    """Cut a stream of unknown length, without cuts, into windows as `cover` does."""
    return gather(frames, cover(None, core, margin))


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
    length, height, width = low_size
    margin, finished = whole(context[0], scale.time.denominator), 3 * float(scale.samples) * height * width
    lengths = [scale.time.denominator * n for n in range(1, LONGEST_WINDOW + 1)]
    best, least = None, float("inf")
    for frames, row, column in product(lengths, _sides(height, context[1]), _sides(width, context[1])):
        longest = min(frames + 2 * margin, length or sys.maxsize)
        if longest * row.longest * column.longest * bytes_per_low_pixel + frames * finished > budget:
            continue
        work = _computed(frames, margin, length) * row.total * column.total
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
