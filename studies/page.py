"""The page of results, generated from the JSON documents.

Run it as ``python -m studies.page results docs/results.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studies import rate_report
from stvsr.errors import StvsrError
from stvsr.evaluation.format import (
    FURTHER,
    MOST_CLIPS,
    columns,
    figure,
    further,
    further_figure,
    further_title,
    measured_on,
    title,
)
from stvsr.evaluation.results import Document, read

HEADER = """\
# Results

This page is generated from the JSON files in `results/`, which hold every figure, frame by frame, that is averaged
here. Each of them was written by the command that is given with its table.

    python -m studies.page results docs/results.md

PSNR (dB) / SSIM. The best measured figure of a column is bold. Rows marked *published* were measured by others,
with their own programs; all other rows of a table were measured on the same frames.
"""
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


def markdown(documents: Sequence[Document]) -> str:
    """Return the whole page."""
    # Measurements first, then tables of papers, studies last.
    ordered = sorted(documents, key=lambda one: ("study" in one, "table" in one))
    sections = ["\n".join(_any(one)) for one in ordered]
    return "\n".join([HEADER, *sections])


def _any(document: Document) -> Iterator[str]:
    if "study" in document:
        kinds = {"motion": _motion, "rate-distortion": _rates}
        return kinds.get(document["study"]["name"], _study)(document)
    return _paper(document) if "table" in document else _section(document)


def _paper(document: Document) -> Iterator[str]:
    """All parts of a table of a paper, each under a heading of its own."""
    table = document["table"]
    yield f"## {table['source']}: {table['title']}\n"
    yield table["text"] + "\n"
    for one in document["measurements"]:
        yield f"### {one['label']}\n"
        if "missing" in one:
            yield f"Not measured: {one['missing']}.\n"
        elif any("gmac_per_megasample" in row for row in one["rows"]):
            yield from _costs(one)
        else:
            yield f"Measured on {one['data']['name']}. {one['protocol']['text']}\n"
        if one["data"]["clips"] or ("missing" in one and one["rows"]):
            yield from _tables(one)
    yield from _provenance({**document, "rows": _distinct(document), "data": {"clips": _all_clips(document)}})


def _distinct(document: Document) -> list[Mapping[str, Any]]:
    """Return one row of each model, for the checksums."""
    rows = {row["method"]: row for one in document["measurements"] for row in one["rows"] if "weights_sha256" in row}
    return list(rows.values())


def _all_clips(document: Document) -> list[Mapping[str, Any]]:
    clips = {clip["name"]: clip for one in document["measurements"] for clip in one["data"]["clips"]}
    return list(clips.values())


def _costs(document: Document) -> Iterator[str]:
    rows = [row for row in document["rows"] if "gmac_per_megasample" in row]
    table = [[_method(row), f"{row['gmac_per_megasample']:.2f}"] for row in rows]
    yield from _table(["method", "GMAC per million output samples"], table)


def _section(document: Document) -> Iterator[str]:
    protocol, data = document["protocol"], document["data"]
    yield f"## {data['name']}, {protocol['title']}\n"
    yield protocol["text"] + (f" ({protocol['source']}.)" if protocol["source"] else "") + "\n"
    yield from _tables(document)
    yield from _provenance(document)


def _tables(document: Document) -> Iterator[str]:
    yield from _means(document)
    yield from _further(document)
    if 1 < len(document["data"]["clips"]) <= MOST_CLIPS:
        yield from _per_clip(document)


def _study(document: Document) -> Iterator[str]:
    """One table of all measurements: a row for each where there are many, else a column."""
    study, measurements = document["study"], document["measurements"]
    data = measurements[0]["data"]
    methods = list(dict.fromkeys(row["method"] for one in measurements for row in one["rows"]))
    cells = {(one["label"], row["method"]): _headline(one, row) for one in measurements for row in one["rows"]}
    labels = [one["label"] for one in measurements]
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
    yield f"## {study['title']}\n"
    yield f"{study['model']} on {data['name']}. {study['text']}\n"
    yield from _table(["task" if across else "", *heads], table)
    yield f"{_shared(measurements)}\n"
    yield from _provenance({**document, "rows": measurements[0]["rows"][-1:], "data": data})


def _motion(document: Document) -> Iterator[str]:
    """How evenly an edge moves after a change of the rate; the best of each column is bold."""
    study, rows = document["study"], document["measurements"]
    yield f"## {study['title']}\n"
    yield f"{study['text']}\n"
    table = [[row["label"], f"{row['rms']:.2f}", f"{row['largest']:.2f}", f"{row['smear']:.2f}"] for row in rows]
    for column in (1, 2, 3):
        _embolden(table, column, [True] * len(rows), -1)
    yield from _table(["method", "off its line, rms (pixels)", "at most", "smear (pixels)"], table)
    yield from _provenance({**document, "rows": [], "data": {"clips": []}})


def _rates(document: Document) -> Iterator[str]:
    """Quality against bits."""
    yield f"## {document['study']['title']}\n"
    yield f"{document['study']['text']}\n"
    for text, head, rows in rate_report.tables(document):
        yield text + "\n"
        yield from _table(head, rows)
    (one,) = document["measurements"]
    yield from _provenance({**document, **one})


def _headline(document: Document, row: Mapping[str, Any]) -> str:
    protocol = document["protocol"]
    return figure(row["mean"].get(protocol["frames"]), protocol["colour"])


def _shared(measurements: Sequence[Document]) -> str:
    """Return how was measured, in the words of the only protocol, or in those that several share."""
    texts = {one["protocol"]["text"] for one in measurements}
    if len(texts) == 1:
        return str(texts.pop())
    return COMMON if any("degradation" in one["protocol"] for one in measurements) else COMMON_SHRUNK


def _means(document: Document) -> Iterator[str]:
    chosen = columns(document)
    speed = "s per output megapixel"
    table = []
    for row in document["rows"]:
        printed = row["kind"] == "published"
        cells = [figure(row["mean"].get(frames), colour, printed=printed) for frames, colour in chosen]
        seconds = row.get("seconds_per_megapixel")
        table.append([_method(row), *cells, "–" if seconds is None else f"{seconds:.3g}"])
    measured = [row["kind"] != "published" for row in document["rows"]]
    for column in range(1, len(chosen) + 1):
        _embolden(table, column, measured)
    compared = _mark(document, table)
    yield from _table(["method", *(title(*column) for column in chosen), speed], table)
    if compared:
        yield f"{BETTER} above, {WORSE} below the best published PSNR.\n"
    if any("*" in cell.replace("**", "") for row in table for cell in row[1:]):
        yield IDENTICAL_NOTE + "\n"


def _further(document: Document) -> Iterator[str]:
    """The metrics on demand, where there are some; the best of each is bold."""
    names, frames = further(document), document["protocol"]["frames"]
    if not names:
        return
    rows = [row for row in document["rows"] if any(name in (row["mean"].get(frames) or {}) for name in names)]
    table = [[_method(row), *(further_figure(row["mean"][frames], name) for name in names)] for row in rows]
    for column, name in enumerate(names, 1):
        sign = 1 if FURTHER[name][2] else -1
        _embolden(table, column, [True] * len(rows), sign)
    yield f"Motion and appearance, {frames} frames (less is better, but for VMAF):\n"
    yield from _table(["method", *map(further_title, names)], table)


def _mark(document: Document, table: list[list[str]]) -> bool:
    """Mark in the headline's column which models are above and which below the best that was published, if any was.

    Returns:
        Whether there is a mark.
    """
    frames, colour = document["protocol"]["frames"], document["protocol"]["colour"]
    name, chosen = f"psnr_{colour}", columns(document)
    column = 1 + chosen.index((frames, colour)) if (frames, colour) in chosen else 1
    values = [(row["mean"].get(frames) or {}).get(name) for row in document["rows"]]
    kinds = [row["kind"] for row in document["rows"]]
    best = max(
        (v for v, kind in zip(values, kinds, strict=True) if kind == "published" and v is not None), default=None
    )
    marked = False
    for cells, value, kind in zip(table, values, kinds, strict=True):
        if kind == "model" and best is not None and value is not None:
            cells[column] += f" {BETTER if value > best else WORSE}"
            marked = True
    return marked


def _per_clip(document: Document) -> Iterator[str]:
    protocol = document["protocol"]
    names = [clip["name"] for clip in document["data"]["clips"]]
    frames, colour = protocol["frames"], protocol["colour"]
    rows = [row for row in document["rows"] if "clips" in row]
    measured = [row["kind"] != "published" for row in rows]
    table = [
        [_method(row), *(figure(row["clips"][name][frames], colour, printed=not ours) for name in names)]
        for row, ours in zip(rows, measured, strict=True)
    ]
    for column in range(1, len(names) + 1):
        _embolden(table, column, measured)
    yield f"Clip by clip, {title(protocol['frames'], protocol['colour'])}:\n"
    yield from _table(["method", *names], table)


def _provenance(document: Document) -> Iterator[str]:
    runs = [{"command": document["command"], "environment": document["environment"]}]
    runs += [row["provenance"] for row in document["rows"] if "provenance" in row]
    unique = [run for place, run in enumerate(runs) if run not in runs[:place]]
    for run in unique[::-1]:
        yield f"    {run['command']}\n"
        yield f"{measured_on(run['environment'])}\n" if len(unique) > 1 else measured_on(run["environment"])
    weights = [f"{r['method']} `{r['weights_sha256'][:16]}…`" for r in document["rows"] if "weights_sha256" in r]
    if weights:
        yield f"SHA-256 of the weights: {', '.join(weights)}."
    packages = dict.fromkeys(package for row in document["rows"] for package in row.get("packages", ()))
    if packages:
        yield f"Programs of others: {', '.join(packages)}."
    clips = document["data"]["clips"]
    if clips:
        named = ", ".join(f"{clip['name']} `{clip['sha256'][:8]}…`" for clip in clips[:MOST_CLIPS])
        more = f" and {len(clips) - MOST_CLIPS} more" if len(clips) > MOST_CLIPS else ""
        yield f"SHA-256 of the data: {named}{more}."
    yield ""


def _method(row: Mapping[str, Any]) -> str:
    match row["kind"]:
        case "published":
            return f"{row['method']} *(published: {row['source']})*"
        case "model":
            return f"{row['method']} ({row['parameters'] / 1e6:.2f} M)"
    return str(row["method"])


def _embolden(table: list[list[str]], column: int, eligible: Sequence[bool], sign: int = 1) -> None:
    """Mark the highest PSNR of a column among the rows that may win; with ``sign`` -1 the least of another figure."""
    values = [
        sign * float(row[column].split(" ")[0].rstrip("*")) if may and row[column] != "–" else float("-inf")
        for row, may in zip(table, eligible, strict=True)
    ]
    best = max(values, default=float("-inf"))
    for row, value in zip(table, values, strict=True):
        if value == best and value > float("-inf"):
            row[column] = f"**{row[column].replace('*', chr(92) + '*')}**"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def main(arguments: Sequence[str]) -> int:
    """Write the page: ``main(["results", "docs/results.md"])``. Returns the exit code."""
    if len(arguments) != 2:
        print("usage: python -m studies.page RESULTS_FOLDER OUTPUT.md", file=sys.stderr)
        return 2
    folder, output = (Path(argument) for argument in arguments)
    try:
        documents = [read(path) for path in sorted(folder.glob("[!.]*.json"))]
        if not documents:
            raise StvsrError(f"{folder}: no results in there; make some with 'stvsr evaluate DATA --json'")
        output.write_text(markdown(documents), encoding="utf-8")
    except (StvsrError, OSError) as error:
        print(f"stvsr: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
