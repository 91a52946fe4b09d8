"""The pages of results, generated from the JSON files: one for each protocol and kind of study, and an index.

Run it as ``python -m studies.page results docs/results``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from studies.sections import section, table_lines
from stvsr.errors import StvsrError
from stvsr.evaluation.documents import AnyDocument, EdgeStudy, PaperResults, RateStudy, StudyResults, read
from stvsr.evaluation.format import figure
from stvsr.evaluation.results import Kind, Results, Row
from stvsr.files import atomic_write

INTRODUCTION = """\
The figures are generated from the JSON files in `results/`, which hold every figure, frame by frame, that is averaged
here. Each of them was written by the command that is given with its table.

    python -m studies.page results docs/results

PSNR (dB) / SSIM. The best measured figure of a column is bold, unless copies of the truth count in it. Rows marked
*published* were measured by others, with their own programs; all other rows of a table were measured on the same
frames.
"""
KINDS: dict[type[AnyDocument], tuple[str, str]] = {
    StudyResults: ("studies", "Studies"),
    EdgeStudy: ("motion", "How evenly an edge moves"),
    RateStudy: ("rate-distortion", "Quality against bits"),
}
"""Pages of what is no measurement under a protocol."""
INDEX = "index"
COPIES = "with copies"


def pages(documents: Sequence[AnyDocument]) -> dict[str, str]:
    """Return the text of every page by its name, without suffix."""
    groups: dict[tuple[str, str], list[AnyDocument]] = {}
    for document in documents:
        groups.setdefault(_page(document), []).append(document)
    found = {name: _written(heading, group) for (name, heading), group in groups.items()}
    others = [(name, heading) for (name, heading), group in groups.items() if not isinstance(group[0], Results)]
    measured = [document for document in documents if isinstance(document, Results)]
    return {INDEX: "\n".join(_index(measured, others)), **found}


def markdown(documents: Sequence[AnyDocument]) -> str:
    """Return the sections of documents, one after the other."""
    return "\n".join(map(section, documents))


def _page(document: AnyDocument) -> tuple[str, str]:
    """Return the name and the heading of the page that a document belongs to."""
    if isinstance(document, Results):
        return document.protocol.name, document.protocol.title[:1].upper() + document.protocol.title[1:]
    if isinstance(document, PaperResults):
        return document.name, document.source
    return KINDS[type(document)]


def _written(heading: str, documents: Sequence[AnyDocument]) -> str:
    back = f"[All results]({INDEX}.md) say how to read the tables."
    return "\n".join([f"# {heading}\n", f"{back}\n", markdown(documents)])


def _index(measured: Sequence[Results], others: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The best rows of every measurement, and links to all pages."""
    yield "# Results\n"
    yield INTRODUCTION
    order = list(dict.fromkeys(results.protocol.name for results in measured))
    together = sorted(measured, key=lambda results: order.index(results.protocol.name))
    rows = [cells for results in together for cells in _headlines(results)]
    if rows:
        yield from table_lines(["protocol", "data", "best of its kind", "all frames", "made frames"], rows)
        yield "Made frames: those that interpolation must synthesise, and those that are not given.\n"
    if any(COPIES in cells for cells in rows):
        yield f"{COPIES.capitalize()}: those that are given come back as they are, at 100 dB each.\n"
    yield from (f"* [{heading}]({name}.md)" for name, heading in others)
    if others:
        yield ""


def _headlines(results: Results) -> Iterator[list[str]]:
    """The best model, the best program of others and the best baseline of a measurement."""
    name, heading = _page(results)
    kinds: tuple[Kind, ...] = ("model", "external", "baseline", "published")
    for kind in kinds:
        row = max((row for row in results.rows if row.kind == kind), key=lambda row: _rank(results, row), default=None)
        if row is not None and results.headline(row):
            cells = [_cell(results, row, frames) for frames in ("all", "synthesised")]
            label = row.method if row.is_measured else f"{row.method} *(published)*"
            yield [f"[{heading}]({name}.md)", results.data.name, label, *cells]


def _rank(results: Results, row: Row) -> float:
    """Return what decides which row is the best: PSNR of the frames that the protocol counts, without copies."""
    made = row.value("synthesised", f"psnr_{results.protocol.colour}")
    headline = row.value(results.protocol.frames, f"psnr_{results.protocol.colour}")
    copies = row.value(results.protocol.frames, "identical")
    found = made if copies and made is not None else headline
    return float("-inf") if found is None else found


def _cell(results: Results, row: Row, frames: str) -> str:
    """Return a mean, unless copies of the truth count in it: it would say nothing of the method."""
    if row.value(frames, "identical"):
        return COPIES
    return figure(row.mean.get(frames), results.protocol.colour, printed=not row.is_measured)


def write(folder: Path, output: Path) -> None:
    """Write the pages of all result files in a folder and in those below it, in place of what pages lie there.

    Raises:
        StvsrError: If there are no results, or one cannot be read.
    """
    documents = [read(path) for path in sorted(folder.rglob("[!.]*.json"))]
    if not documents:
        raise StvsrError(f"{folder}: no results in there; make some with 'stvsr evaluate DATA --json'")
    output.mkdir(parents=True, exist_ok=True)
    made = pages(documents)
    for old in output.glob("*.md"):
        if old.stem not in made:
            old.unlink()
    for name, text in made.items():
        with atomic_write(output / f"{name}.md") as file:
            file.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write the pages: ``main(["results", "docs/results"])``. Returns the exit code."""
    if len(arguments) != 2:
        print("usage: python -m studies.page RESULTS_FOLDER OUTPUT_FOLDER", file=sys.stderr)
        return 2
    try:
        write(Path(arguments[0]), Path(arguments[1]))
    except (StvsrError, OSError) as error:
        print(f"stvsr: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
