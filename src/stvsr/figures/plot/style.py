"""How every figure looks: ink on paper, one accent for what matters, lines named where they end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stvsr.errors import StvsrError
from stvsr.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK, ACCENT = "#1c1e22", "#c43424"
GREYS = ("#6e7278", "#96999e", "#b4b7bb", "#cbcdd0")
FAINT = "#e4e5e7"
SUFFIXES = (".svg", ".png")
DPI = 160
NOTE_SIZE = 7.5

SETTINGS: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": GREYS[0],
    "axes.edgecolor": GREYS[2],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": GREYS[0],
    "ytick.color": GREYS[0],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "svg.fonttype": "none",  # letters, not outlines: a tenth of the size, and they can be searched
    "svg.hashsalt": "stvsr",  # the same figure is the same file
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in our style inside.

    Raises:
        StvsrError: If matplotlib is missing.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise StvsrError("drawing figures needs matplotlib: pip install 'stvsr[plot]'") from error
    with mpl.rc_context(SETTINGS):
        yield


def check_figure(output: Path) -> list[Path]:
    """Return the files to write: the one named, or both kinds where the name has no suffix.

    Raises:
        StvsrError: If the suffix is neither .svg nor .png.
    """
    if output.suffix.lower() in SUFFIXES:
        return [output]
    if output.suffix:
        raise StvsrError(f"{output}: give a name that ends in .svg or .png, or one without suffix for both")
    return [output.with_suffix(suffix) for suffix in SUFFIXES]


def write(output: Path, draw: Callable[[], Figure]) -> list[Path]:
    """Draw a figure and write it; return the files.

    Raises:
        StvsrError: If matplotlib is missing or a file cannot be written.
    """
    files = check_figure(output)
    with styled():
        figure = draw()
        for file in files:
            kind = file.suffix.lower()[1:]
            metadata = {"Date": None} if kind == "svg" else {}
            with atomic_write(file) as partial:
                figure.savefig(partial, format=kind, dpi=DPI, metadata=metadata, bbox_inches="tight")
    return files


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; inside `styled`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def colours(count: int, first: int = 0) -> list[str]:
    """Return colours for so many lines of one kind, from dark to light greys."""
    return [GREYS[min(first + i, len(GREYS) - 1)] for i in range(count)]


def name_ends(axes: Axes, ends: Sequence[tuple[float, float, str, str]], size: float = 8.5, gap: float = 6) -> None:
    """Write names to the right of the points where lines end, moved apart where they would touch.

    Args:
        axes: With final limits.
        ends: x and y of the point, the name, its colour.
        size: Of the letters, in points.
        gap: Between the point and its name, in points.
    """
    figure = axes.figure
    apart = size * 1.25 * figure.dpi / 72
    pixels = [axes.transData.transform((x, y)) for x, y, _, _ in ends]
    places = spread([float(y) for _, y in pixels], apart)
    for (x, y, name, colour), (_, there), place in zip(ends, pixels, places, strict=True):
        offset = (gap, (place - float(there)) * 72 / figure.dpi)
        axes.annotate(
            name, (x, y), offset, textcoords="offset points", va="center", color=colour, fontsize=size,
            annotation_clip=False,
        )  # fmt: skip


def spread(values: Sequence[float], apart: float) -> list[float]:
    """Return places near the values, in the same order, that are at least so far apart.

    Neighbours that would touch form a block about their mean; blocks that would touch are joined.
    """
    order = sorted(range(len(values)), key=lambda i: values[i])
    blocks: list[list[int]] = []
    for i in order:
        blocks.append([i])
        while len(blocks) > 1 and _start(blocks[-1], values, apart) < _end(blocks[-2], values, apart) + apart:
            last = blocks.pop()
            blocks[-1] += last
    places = [0.0] * len(values)
    for block in blocks:
        for rank, i in enumerate(block):
            places[i] = _start(block, values, apart) + rank * apart
    return places


def _start(block: Sequence[int], values: Sequence[float], apart: float) -> float:
    mean = math.fsum(values[i] for i in block) / len(block)
    return mean - (len(block) - 1) * apart / 2


def _end(block: Sequence[int], values: Sequence[float], apart: float) -> float:
    return _start(block, values, apart) + (len(block) - 1) * apart


def plain_ticks(axis: Axis) -> None:
    """Write the numbers of a logarithmic axis as people do: 0.1, 1, 10."""
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def note(figure: Figure, text: str) -> None:
    """Write where the figures come from below everything."""
    import textwrap

    width = int(figure.get_figwidth() * 72 / NOTE_SIZE * 1.75)
    lines = "\n".join(textwrap.wrap(text, width))
    figure.supxlabel(lines, x=0.01, ha="left", fontsize=NOTE_SIZE, color=GREYS[1])
