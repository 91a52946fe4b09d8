"""Measuring a whole table of a paper: what its data sets allow, and what to fetch for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.datasets import clips_in
from stvsr.evaluation.evaluation import Choice, Request, choose_for, fits, measure, peers_of, prepare
from stvsr.evaluation.measure import Measure, Report
from stvsr.evaluation.methods.ablation import ablations
from stvsr.evaluation.papers.cost import cost_row, paper_model
from stvsr.evaluation.papers.tables import PaperTable, Part, is_whole
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.results import VERSION, Document, describe_protocol, published_row
from stvsr.models.checkpoint import load
from stvsr.models.davsr.model import DAVSR
from stvsr.models.staa import STAA
from stvsr.models.zoo import find

Found = list[tuple[Part, list[TestClip]]]


def find_data(table: PaperTable, data: Path | None, limit: int | None = None) -> Found:
    """Return the clips of each part, none where its data set is absent.

    Where no data set of the table is in the folder, its clips, whatever they are, serve for all parts that need no low
    clip of a data set.

    Args:
        table: What is to be measured.
        data: A data set, or a folder of such.
        limit: Use only so many frames from the start of each clip.

    Raises:
        StvsrError: If there is nothing at all in the folder.
    """
    if data is None:
        return [(part, []) for part in table.parts]
    if not data.exists():
        raise StvsrError(f"{data}: no such file or folder; leave it out to read what {table.name} needs")
    found = [(part, part.dataset.find(data, limit) if part.dataset else []) for part in table.parts]
    if any(clips for _, clips in found) or all(part.protocol.low == "stored" for part in table.parts):
        return found
    clips = clips_in(data, limit)
    return [(part, clips if part.dataset and part.protocol.low == "made" else []) for part in table.parts]


def choices(table: PaperTable, request: Request) -> list[Choice]:
    """Return what is to be measured of each part.

    Raises:
        StvsrError: If the user gave settings, or a model that fits no part.
    """
    if request.excerpt.options():
        name = next(iter(request.excerpt.options()))
        raise StvsrError(f"--{name}: {table.name} is measured on whole clips; leave it out")
    if request.settings:
        name = next(iter(request.settings))
        raise StvsrError(f"--{name}: {table.name} says itself how clips are degraded; leave it out")
    for name in request.models:
        if not any(fits(find(name), part.protocol) for part in table.parts):
            raise StvsrError(f"{name} fits no part of {table.name}: leave it out")
    made = []
    for part in table.parts:
        choice = choose_for(part.protocol, request.models, request.iterations)
        others = () if part.measured == "cost" else request.external
        peers = () if part.measured == "cost" else peers_of(part.protocol, request)
        made.append(Choice(choice.entries, choice.protocol, choice.iterations, others, request.frames_of, peers))
    return made


def measure_table(
    table: PaperTable, found: Found, chosen: Sequence[Choice], request: Request, data: Path | None, report: Report
) -> Document:
    """Measure every part of a table whose data are there.

    Args:
        table: What is to be measured.
        found: As `find_data` returns it.
        chosen: As `choices` returns it.
        request: What was asked for.
        data: Where the data were found.
        report: Told about every frame.

    Returns:
        ``{table, measurements: [{label, part, ...}], command, environment}``; a part that could not be measured has no
        clips, and says under ``missing`` what it lacks.
    """
    how = prepare(request, report)
    measurements = []
    for (part, clips), choice in zip(found, chosen, strict=True):
        one = _measure_part(table, part, clips, choice, request, how)
        if clips and "missing" not in one:
            assert data is not None
            _with_published(table, part, one, data.resolve().name)
        measurements.append({"label": part.label, "part": part.name, "kept": round(part.kept, 5), **one})
    models = dict.fromkeys(entry.name for choice in chosen for entry in choice.entries)
    return {
        "version": VERSION,
        "table": {"name": table.name, "source": table.source, "title": table.title, "text": table.text},
        "measurements": measurements,
        "command": request.command(data, list(models) if request.models else [], table.name),
        "environment": environment(str(request.device)),
    }


def _measure_part(
    table: PaperTable, part: Part, clips: list[TestClip], choice: Choice, request: Request, how: Measure
) -> Document:
    if part.measured == "cost":
        return _described(table, part, _costs(part, choice))
    if not clips:
        assert part.dataset is not None
        return {**_described(table, part, []), "missing": part.dataset.fetch}
    if part.measured == "parts of the model":
        return _ablated(table, part, clips, choice, request, how)
    if not (choice.entries or request.baselines or choice.others()):
        missing = f"no model for {choice.protocol.title} ships: give one with --model"
        return {**_described(table, part, []), "missing": missing}
    return measure(clips, choice, request, how, ())


def _with_published(table: PaperTable, part: Part, document: Document, folder: str) -> None:
    """Add what was published where the whole data set was measured, or where the paper's is not public."""
    assert part.dataset is not None
    frames = {clip["name"]: clip["size"][0] for clip in document["data"]["clips"]}
    known = is_whole(part, frames)
    document["data"]["name"] = part.dataset.title if known else folder
    if known or not part.dataset.public:
        names = [clip["name"] for clip in document["data"]["clips"]]
        document["rows"] = _published(table, part, names) + document["rows"]


def _published(table: PaperTable, part: Part, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    return [published_row(row, part.protocol.frames, names) for row in table.published(part)]


def _described(table: PaperTable, part: Part, rows: list[dict[str, Any]]) -> Document:
    """Return the document of a part without measured clips."""
    title = part.dataset.title if part.dataset else "any clip"
    return {
        "protocol": describe_protocol(part.protocol),
        "data": {"name": title, "clips": []},
        "rows": _published(table, part) + rows,
        "command": "",
        "environment": {},
    }


def _costs(part: Part, choice: Choice) -> list[dict[str, Any]]:
    scale = part.protocol.scale
    models = [load(entry.folder) for entry in choice.entries]
    rows = [cost_row(model, model.name) for model in models if isinstance(model, STAA)]
    return [*rows, cost_row(paper_model(scale), "STAA, built here")]


def _ablated(
    table: PaperTable, part: Part, clips: list[TestClip], choice: Choice, request: Request, how: Measure
) -> Document:
    degradation = part.protocol.degradation
    assert degradation is not None
    if len(choice.entries) != 1:
        missing = "parts are taken away from one model: give one of the family davsr with --model"
        return {**_described(table, part, []), "missing": missing}
    (entry,) = choice.entries
    model = load(entry.folder, request.device)
    assert isinstance(model, DAVSR)
    details = {"parameters": entry.parameters, "weights_sha256": entry.checksum}
    methods = ablations(model.bind(degradation, request.iterations))
    known = {method.name: details for method in methods}
    return measure(clips, choice, request, how, (), methods=methods, details=known)
