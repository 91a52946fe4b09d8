"""What `stvsr evaluate` shows: progress, tables of figures, the list of protocols."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from stvsr.evaluation.measure import Report
    from stvsr.evaluation.papers.tables import PaperTable
    from stvsr.evaluation.results import Document


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


def show_table(table: PaperTable, document: Document) -> None:
    """Show every part of a table of a paper, and what is missing for it."""
    from rich.console import Console

    console = Console()
    console.print(f"[bold]{table.source}: {table.title}[/bold]\n{table.text}\n", highlight=False)
    for one in document["measurements"]:
        if "missing" in one:
            console.print(f"[bold]{one['label']}[/bold]: not measured: {one['missing']}.", highlight=False)
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


def show(document: Document) -> None:
    """Show a measurement clip by clip, and its means."""
    from rich.console import Console
    from rich.table import Table

    from stvsr.evaluation.format import MOST_CLIPS, columns, figure, title

    chosen = columns(document)
    names = [clip["name"] for clip in document["data"]["clips"]]
    names = names if len(names) <= MOST_CLIPS else []
    costs = any("gmac_per_megasample" in row for row in document["rows"])
    what = "PSNR (dB) / SSIM" if chosen else "thousand million multiplications per million output samples"
    table = Table(title=f"{document['data']['name']}, {document['protocol']['title']}: {what}")
    for heading in ("clip", "method", *(title(*column) for column in chosen), *(["GMAC/MS"] if costs else []), "s/MP"):
        table.add_column(heading, no_wrap=heading != "method")
    for name in [*(names if len(names) > 1 else []), "mean"]:
        heading = names[0] if len(names) == 1 else name
        for row in document["rows"]:
            means = row["mean"] if name == "mean" else row.get("clips", {}).get(name)
            if means is None:
                continue
            seconds = row.get("seconds_per_megapixel")
            speed = f"{seconds:.2g}" if name == "mean" and seconds is not None else ""
            printed = row["kind"] == "published"
            cells = [figure(means.get(frames), colour, printed=printed) for frames, colour in chosen]
            if costs:
                cells.append(f"{row['gmac_per_megasample']:.1f}" if "gmac_per_megasample" in row else "")
            label = row["method"] + (" (published)" if printed else "")
            table.add_row(heading, label, *cells, speed)
            heading = ""
        table.add_section()
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    console.print(table)
    _further(document, console)
    console.print(document["protocol"]["text"], highlight=False)
    if any(row["mean"].get(f) and row["mean"][f].get("identical") for row in document["rows"] for f in row["mean"]):
        console.print("* some frames equal the truth exactly; each counts as 100 dB")


def _further(document: Document, console: Console) -> None:
    """Show the means of metrics beyond PSNR and SSIM."""
    from rich.table import Table

    from stvsr.evaluation.format import further, further_figure, further_title

    names, frames = further(document), document["protocol"]["frames"]
    if not names:
        return
    table = Table(title=f"{document['data']['name']}: motion and appearance, {frames} frames")
    for heading in ("method", *map(further_title, names)):
        table.add_column(heading, no_wrap=heading != "method")
    for row in document["rows"]:
        figures = row["mean"].get(frames)
        if figures and any(name in figures for name in names):
            table.add_row(row["method"], *(further_figure(figures, name) for name in names))
    console.print(table)
