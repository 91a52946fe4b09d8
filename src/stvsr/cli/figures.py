"""What `stvsr evaluate` shows: progress, tables of figures, the list of protocols."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from stvsr.evaluation.documents import PaperResults
    from stvsr.evaluation.measure import Report
    from stvsr.evaluation.results import Results


def show_protocols() -> None:
    """Show every protocol."""
    from rich.console import Console
    from rich.table import Table

    from stvsr.evaluation.papers.tables import listing

    table = Table("--protocol", "what", "data", title="Protocols")
    for row in listing():
        table.add_row(*row)
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    console.print(table)


def show_results(results: Results | PaperResults) -> None:
    """Show a measurement, or every part of a table of a paper and what is missing for it."""
    from rich.console import Console

    from stvsr.evaluation.results import Results

    if isinstance(results, Results):
        show(results)
        return
    console = Console()
    console.print(f"[bold]{results.source}: {results.title}[/bold]\n{results.text}\n", highlight=False)
    for one in results.measurements:
        if one.missing:
            console.print(f"[bold]{one.label}[/bold]: not measured: {one.missing}.", highlight=False)
        show(one)


@contextmanager
def progress() -> Iterator[Report]:
    """Show which method is at which frame of which clip."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("opening", total=None)

        def report(method: str, clip: str, frames: int) -> None:
            progress.update(task, description=f"{clip}: {method}, frame {frames}")

        yield report


def show(results: Results) -> None:
    """Show a measurement clip by clip, and its means."""
    from rich.console import Console

    console = Console()
    console = console if console.is_terminal else Console(width=140)
    console.print(_means(results))
    _further(results, console)
    console.print(results.protocol.text, highlight=False)
    if any(figures and figures.get("identical") for row in results.rows for figures in row.mean.values()):
        console.print("* some frames equal the truth exactly; each counts as 100 dB")


def _means(results: Results) -> Table:
    """Return the table of a measurement: each clip where there are few, and the means."""
    from rich.table import Table

    from stvsr.evaluation.format import MOST_CLIPS, figure, title

    chosen, names = results.columns, results.data.clip_names
    names = names if len(names) <= MOST_CLIPS else []
    costs = any(row.gmac_per_megasample is not None for row in results.rows)
    what = "PSNR (dB) / SSIM" if chosen else "thousand million multiplications per million output samples"
    table = Table(title=f"{results.title}: {what}")
    for heading in ("clip", "method", *(title(*column) for column in chosen), *(["GMAC/MS"] if costs else []), "s/MP"):
        table.add_column(heading, no_wrap=heading != "method")
    for name in [*(names if len(names) > 1 else []), "mean"]:
        heading = names[0] if len(names) == 1 else name
        for row in results.rows:
            if name != "mean" and name not in row.clips:
                continue
            means = row.mean if name == "mean" else row.clips[name].means
            timed = name == "mean" and row.seconds_per_megapixel is not None
            cells = [figure(means.get(frames), colour, printed=not row.is_measured) for frames, colour in chosen]
            if costs:
                cells.append("" if row.gmac_per_megasample is None else f"{row.gmac_per_megasample:.1f}")
            label = row.method + ("" if row.is_measured else " (published)")
            table.add_row(heading, label, *cells, f"{row.seconds_per_megapixel:.2g}" if timed else "")
            heading = ""
        table.add_section()
    return table


def _further(results: Results, console: Console) -> None:
    """Show the means of metrics beyond PSNR and SSIM."""
    from rich.table import Table

    from stvsr.evaluation.format import further_figure, further_title

    names = results.further
    if not names:
        return
    table = Table(title=f"{results.data.name}: motion and appearance, {results.protocol.frames} frames")
    for heading in ("method", *map(further_title, names)):
        table.add_column(heading, no_wrap=heading != "method")
    for row in results.rows:
        figures = results.headline(row)
        if figures and any(name in figures for name in names):
            table.add_row(row.method, *(further_figure(figures, name) for name in names))
    console.print(table)
