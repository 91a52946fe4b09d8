"""`stvsr plot`: figures of models, results and trainings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from stvsr.evaluation.results import Document

plot = App(
    name="plot",
    help="Draw figures: filters, quality against cost or size, single frames, iterations, motion, bits, trainings. "
    "A name that ends in .svg or .png gives that file, one without suffix both. Needs matplotlib: "
    "pip install 'stvsr\\[plot]'.",
)


@plot.command
def filters(model: str, output: Path, /) -> None:
    """Draw a model's downsampling filter in space-time and frequency, on a moving pattern (STAA, Fig. 5).

    Beside it stand no filter at all, a Gaussian and a box, all followed by keeping the same samples.

    Args:
        model: A bundled name, a model folder or a hub id.
        output: The figure.
    """
    _ready(output)
    import stvsr
    from stvsr.figures.plot.filters import filters as draw
    from stvsr.models.zoo import find

    entry = find(model)
    operator = stvsr.load(entry.folder).operator
    _write(output, lambda: draw(entry.name, operator.kernel, operator.scale))


@plot.command
def kept(*files: Path) -> None:
    """Draw quality against the share of pixels that the small clip has (STAA, Fig. 17).

    Args:
        files: Results of 'stvsr evaluate --json' on one data set at several scales, and last the figure.
    """
    from stvsr.figures.plot.measured import kept as draw

    documents, output = _documents(files)
    _write(output, lambda: draw(documents))


@plot.command
def cost(*files: Path) -> None:
    """Draw quality against computing time, one panel for each file of results (DAVSR, Fig. 2).

    Args:
        files: Results of 'stvsr evaluate --json', and last the figure.
    """
    from stvsr.figures.plot.measured import cost as draw

    documents, output = _documents(files)
    _write(output, lambda: draw(documents))


@plot.command
def frames(results: Path, output: Path, /, *, clip: str | None = None, colour: Literal["rgb", "y"] = "rgb") -> None:
    """Draw the PSNR of every frame of every clip.

    Args:
        results: Of 'stvsr evaluate --json'.
        output: The figure.
        clip: Only this one.
        colour: rgb, or y for luma.
    """
    from stvsr.figures.plot.measured import frames as draw

    (document,), output = _documents((results, output))
    _write(output, lambda: draw(document, clip, colour))


@plot.command
def iterations(results: Path, output: Path, /) -> None:
    """Draw what each iteration of a DAVSR model adds (DAVSR, Fig. 6).

    Args:
        results: Of 'python -m studies.davsr iterations'.
        output: The figure.
    """
    from stvsr.figures.plot.iterations import iterations as draw

    (document,), output = _documents((results, output))
    _write(output, lambda: draw(document))


@plot.command
def motion(results: Path, output: Path, /) -> None:
    """Draw where a moving edge is after a change of the frame rate, method by method.

    Args:
        results: Of 'python -m studies.motion_edge'.
        output: The figure.
    """
    from stvsr.figures.plot.motion import motion as draw

    (document,), output = _documents((results, output))
    _write(output, lambda: draw(document))


@plot.command
def rates(*files: Path, metric: Literal["psnr-y", "psnr-rgb", "ssim-y"] = "psnr-y") -> None:
    """Draw quality against bits, a codec alone and behind reductions that are undone, one panel for each file.

    Args:
        files: Results of 'python -m studies.rate_distortion', and last the figure.
        metric: Of quality, over the rate.
    """
    from stvsr.figures.plot.rates import rates as draw

    documents, output = _documents(files)
    _write(output, lambda: draw(documents, metric.replace("-", "_")))


@plot.command
def training(*files: Path) -> None:
    """Draw the loss and the validation quality of trainings, the first one in colour.

    Args:
        files: Folders of runs or their metrics.csv, and last the figure.
    """
    from stvsr.figures.plot.training import read_run
    from stvsr.figures.plot.training import training as draw

    *sources, output = _given(files)
    runs = [read_run(path) for path in sources]
    _write(output, lambda: draw(runs))


def _given(files: tuple[Path, ...]) -> tuple[Path, ...]:
    from stvsr.errors import StvsrError

    if len(files) < 2:
        raise StvsrError("give what to draw, and last the name of the figure")
    _ready(files[-1])
    return files


def _documents(files: tuple[Path, ...]) -> tuple[list[Document], Path]:
    from stvsr.evaluation.documents import read

    *sources, output = _given(files)
    return [read(path) for path in sources], output


def _ready(output: Path) -> None:
    """Find out before anything is computed whether the figure can be drawn."""
    from stvsr.figures.plot.style import check_figure, styled

    check_figure(output)
    with styled():
        pass


def _write(output: Path, draw: Callable[[], Figure]) -> None:
    from stvsr.figures.plot.style import write

    print(", ".join(str(path) for path in write(output, draw)))
