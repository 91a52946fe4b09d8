"""What a page of results says of each kind of document: tables, and where their figures come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studies import rate_report
from stvsr.evaluation.documents import AnyDocument, EdgeStudy, PaperResults, RateStudy, StudyResults
from stvsr.evaluation.format import (
    FURTHER,
    MOST_CLIPS,
    figure,
    further_figure,
    further_title,
    measured_on,
    title,
)
from stvsr.evaluation.results import ClipInfo, Provenance, Results, Row

COMMON = (
    "RGB on frames rounded to 8 bits; clips cut to whole low frames, half a low frame at each end left out; mean over "
    "frames, then over clips."
)
COMMON_SHRUNK = (
    "RGB on frames rounded to 8 bits; all frames, or, where the table says so, those that interpolation must "
    "synthesise; mean over frames, then over clips. Low clip: each method's own downsampler, rounded to 8 bits."
)
MOST_COLUMNS = 3
BETTER, WORSE = "▲", "▼"
IDENTICAL_NOTE = "\\* Some of the frames equal the truth exactly; each of them counts as 100 dB."


def section(document: AnyDocument) -> str:
    """Return the section of a document, with a heading of the second order."""
    return "\n".join(_lines(document))


def _lines(document: AnyDocument) -> Iterator[str]:
    match document:
        case Results():
            return _section(document)
        case PaperResults():
            return _paper(document)
        case StudyResults():
            return _study(document)
        case EdgeStudy():
            return _motion(document)
        case RateStudy():
            return _rates(document)


def _paper(document: PaperResults) -> Iterator[str]:
    """All parts of a table of a paper, each under a heading of its own."""
    yield f"## {document.source}: {document.title}\n"
    yield document.text + "\n"
    for one in document.measurements:
        yield f"### {one.label}\n"
        if one.missing:
            yield f"Not measured: {one.missing}.\n"
        elif any(row.gmac_per_megasample is not None for row in one.rows):
            yield from _costs(one)
        else:
            yield f"Measured on {one.data.name}. {one.protocol.text}\n"
        if one.data.clips or (one.missing and one.rows):
            yield from _tables(one)
    yield from _provenance(document.provenance, _distinct(document), _all_clips(document))


def _distinct(document: PaperResults) -> list[Row]:
    """Return one row of each model, for the checksums."""
    rows = {row.method: row for one in document.measurements for row in one.rows if row.weights_sha256}
    return list(rows.values())


def _all_clips(document: PaperResults) -> list[ClipInfo]:
    clips = {clip.name: clip for one in document.measurements for clip in one.data.clips}
    return list(clips.values())


def _costs(results: Results) -> Iterator[str]:
    counted = [(row, row.gmac_per_megasample) for row in results.rows]
    table = [[_method(row), f"{gmac:.2f}"] for row, gmac in counted if gmac is not None]
    yield from table_lines(["method", "GMAC per million output samples"], table)


def _section(results: Results) -> Iterator[str]:
    protocol = results.protocol
    yield f"## {results.title}\n"
    yield protocol.text + (f" ({protocol.source}.)" if protocol.source else "") + "\n"
    yield from _tables(results)
    yield from _provenance(results.provenance, results.rows, results.data.clips)


def _tables(results: Results) -> Iterator[str]:
    yield from _means(results)
    yield from _further(results)
    if 1 < len(results.data.clips) <= MOST_CLIPS:
        yield from _per_clip(results)


def _study(document: StudyResults) -> Iterator[str]:
    """One table of all measurements: a row for each where there are many, else a column."""
    study, measurements = document.study, document.measurements
    first = measurements[0]
    methods = list(dict.fromkeys(row.method for one in measurements for row in one.rows))
    cells = {(one.label, row.method): _headline(one, row) for one in measurements for row in one.rows}
    labels = [one.label for one in measurements]
    across = len(labels) > MOST_COLUMNS
    heads, sides = (methods, labels) if across else (labels, methods)
    table = [[side, *(cells.get((side, head) if across else (head, side), "–") for head in heads)] for side in sides]
    if across:
        turned = [list(column) for column in zip(*table, strict=True)]
        for column in range(len(labels)):
            _embolden(turned[1:], column, [True] * len(methods))
        table = [list(row) for row in zip(*turned, strict=True)]
    else:
        for column in range(1, len(labels) + 1):
            _embolden(table, column, [True] * len(methods))
    yield f"## {study.title}\n"
    yield f"{study.model}, measured on {first.data.name}. {study.text}\n"
    yield from table_lines(["task" if across else "", *heads], table)
    yield f"{_shared(measurements)}\n"
    yield from _provenance(document.provenance, first.rows[-1:], first.data.clips)


def _motion(document: EdgeStudy) -> Iterator[str]:
    """How evenly an edge moves after a change of the rate; the best of each column is bold."""
    rows = document.rows
    yield f"## {document.study.title}\n"
    yield f"{document.study.text}\n"
    table = [[row.label, f"{row.rms:.2f}", f"{row.largest:.2f}", f"{row.smear:.2f}"] for row in rows]
    for column in (1, 2, 3):
        _embolden(table, column, [True] * len(rows), -1)
    yield from table_lines(["method", "off its line, rms (pixels)", "at most", "smear (pixels)"], table)
    yield from _provenance(document.provenance)


def _rates(document: RateStudy) -> Iterator[str]:
    """Quality against bits."""
    yield f"## {document.study.title}\n"
    yield f"{document.study.text}\n"
    for text, head, rows in rate_report.tables(document):
        yield text + "\n"
        yield from table_lines(head, rows)
    weights = [Row(row.method, "model", weights_sha256=row.details.get("weights_sha256", "")) for row in document.rows]
    yield from _provenance(document.provenance, weights, document.data.clips)


def _headline(results: Results, row: Row) -> str:
    return figure(results.headline(row), results.protocol.colour)


def _shared(measurements: Sequence[Results]) -> str:
    """Return how was measured, in the words of the only protocol, or in those that several share."""
    texts = {one.protocol.text for one in measurements}
    if len(texts) == 1:
        return str(texts.pop())
    return COMMON if any(one.protocol.degradation is not None for one in measurements) else COMMON_SHRUNK


def _means(results: Results) -> Iterator[str]:
    chosen = results.columns
    speed = "s per output megapixel"
    table = []
    for row in results.rows:
        cells = [figure(row.mean.get(frames), colour, printed=not row.is_measured) for frames, colour in chosen]
        seconds = row.seconds_per_megapixel
        table.append([_method(row), *cells, "–" if seconds is None else f"{seconds:.3g}"])
    measured = [row.is_measured for row in results.rows]
    for column in range(1, len(chosen) + 1):
        _embolden(table, column, measured)
    compared = _mark(results, table)
    yield from table_lines(["method", *(title(*column) for column in chosen), speed], table)
    if compared:
        yield f"{BETTER} above, {WORSE} below the best published PSNR.\n"
    if any("*" in cell.replace("**", "") for row in table for cell in row[1:]):
        yield IDENTICAL_NOTE + "\n"


def _further(results: Results) -> Iterator[str]:
    """The metrics on demand, where there are some; the best of each is bold."""
    names, frames = results.further, results.protocol.frames
    if not names:
        return
    rows = [row for row in results.rows if any(name in (results.headline(row) or {}) for name in names)]
    table = [[_method(row), *(further_figure(results.headline(row), name) for name in names)] for row in rows]
    for column, name in enumerate(names, 1):
        sign = 1 if FURTHER[name][2] else -1
        _embolden(table, column, [True] * len(rows), sign)
    yield f"Motion and appearance, {frames} frames (less is better, but for VMAF):\n"
    yield from table_lines(["method", *map(further_title, names)], table)


def _mark(results: Results, table: list[list[str]]) -> bool:
    """Mark in the headline's column which models are above and which below the best that was published, if any was.

    Returns:
        Whether there is a mark.
    """
    frames, colour = results.protocol.frames, results.protocol.colour
    name, chosen = f"psnr_{colour}", results.columns
    column = 1 + chosen.index((frames, colour)) if (frames, colour) in chosen else 1
    values = [row.value(frames, name) for row in results.rows]
    kinds = [row.kind for row in results.rows]
    best = max(
        (v for v, kind in zip(values, kinds, strict=True) if kind == "published" and v is not None), default=None
    )
    marked = False
    for cells, value, kind in zip(table, values, kinds, strict=True):
        if kind == "model" and best is not None and value is not None:
            cells[column] += f" {BETTER if value > best else WORSE}"
            marked = True
    return marked


def _per_clip(results: Results) -> Iterator[str]:
    names, frames, colour = results.data.clip_names, results.protocol.frames, results.protocol.colour
    rows = [row for row in results.rows if row.clips]
    measured = [row.is_measured for row in rows]
    table = [
        [_method(row), *(figure(row.clips[name].means[frames], colour, printed=not ours) for name in names)]
        for row, ours in zip(rows, measured, strict=True)
    ]
    for column in range(1, len(names) + 1):
        _embolden(table, column, measured)
    yield f"Clip by clip, {title(frames, colour)}:\n"
    yield from table_lines(["method", *names], table)


def _provenance(first: Provenance, rows: Sequence[Row] = (), clips: Sequence[ClipInfo] = ()) -> Iterator[str]:
    runs = [first, *(row.provenance for row in rows if row.provenance)]
    unique = [run for place, run in enumerate(runs) if run not in runs[:place]]
    for run in unique[::-1]:
        yield f"    {run.command}\n"
        yield f"{measured_on(run.environment)}\n" if len(unique) > 1 else measured_on(run.environment)
    weights = [f"{row.method} `{row.weights_sha256[:16]}…`" for row in rows if row.weights_sha256]
    if weights:
        yield f"SHA-256 of the weights: {', '.join(weights)}."
    packages = dict.fromkeys(package for row in rows for package in row.details.get("packages", ()))
    if packages:
        yield f"Programs of others: {', '.join(packages)}."
    if clips:
        named = ", ".join(f"{clip.name} `{clip.sha256[:8]}…`" for clip in clips[:MOST_CLIPS])
        more = f" and {len(clips) - MOST_CLIPS} more" if len(clips) > MOST_CLIPS else ""
        yield f"SHA-256 of the data: {named}{more}."
    yield ""


def _method(row: Row) -> str:
    if not row.is_measured:
        return f"{row.method} *(published: {row.source})*"
    return row.method if row.parameters is None else f"{row.method} ({row.parameters / 1e6:.2f} M)"


def _embolden(table: list[list[str]], column: int, eligible: Sequence[bool], sign: int = 1) -> None:
    """Mark the highest PSNR of a column among the rows that may win; with ``sign`` -1 the least of another figure.

    A column in which copies of the truth count among the frames has no winner: a method that keeps frames would win it
    with those that it did not make.
    """
    cells = [row[column] for row, may in zip(table, eligible, strict=True) if may]
    if any("*" in cell for cell in cells):
        return
    values = [
        sign * float(row[column].split(" ")[0]) if may and row[column] != "–" else float("-inf")
        for row, may in zip(table, eligible, strict=True)
    ]
    best = max(values, default=float("-inf"))
    for row, value in zip(table, values, strict=True):
        if value == best and value > float("-inf"):
            row[column] = f"**{row[column]}**"


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
