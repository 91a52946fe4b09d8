"""A measurement as a JSON document, complete enough to be checked and to be drawn from.

{protocol, data: {name, clips}, rows: [{method, kind, mean, clips, ...}], command, environment}

Means and curves of metrics beyond PSNR and SSIM stand beside these, where they were asked for; ``null`` marks a frame
that has no value, such as the first one of a metric of motion.

A study holds several: {study, measurements: [{label, ...}], command, environment}; so does a table of a paper
(`stvsr.evaluation.papers.measure`): {table, measurements: [{label, part, ...}], command, environment}.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.excerpt import described
from stvsr.evaluation.measure import ClipScores, MethodScores, clip_extra
from stvsr.evaluation.metrics.psnr_ssim import Score
from stvsr.evaluation.papers.published import Published
from stvsr.evaluation.papers.tables import published_for
from stvsr.evaluation.protocols import FRAME_SETS, Protocol
from stvsr.jobs.degraded import describe

Document = dict[str, Any]
VERSION = 1
DIGITS = 5
SEVERAL = ("study", "table")
MOST_CURVES = 100
"""Clips of which the figures of every frame are kept; of larger sets a document has the means of each clip alone."""
DIFFERENT = "what the file holds was measured on other data or by another protocol: choose another file for --json"


@dataclass(frozen=True)
class Measurement:
    """Everything that `evaluate` was given and gave.

    Attributes:
        data: Name of the data set.
        clips: Its clips.
        protocol: What was counted.
        results: What was measured.
        details: For each method that is no baseline, by its name: ``parameters``, ``weights_sha256`` and the like.
        command: The command that does it again.
        environment: As `stvsr.evaluation.provenance.environment` gives it.
        published: What others published; ``None`` for what is known to belong to the data.
    """

    data: str
    clips: Sequence[TestClip]
    protocol: Protocol
    results: Sequence[MethodScores]
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    command: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    published: Sequence[Published] | None = None

    def document(self) -> Document:
        """Return the measurement as plain JSON values, the published figures of the same data among the rows."""
        measured = [_row(result, self.details.get(result.method)) for result in self.results]
        frames = {clip.clip: clip.size[0] for clip in self.results[0].clips} if self.results else {}
        whole = not any(described(clip) for clip in self.clips)
        known = published_for(self.protocol.name, frames) if whole else ()
        rows = known if self.published is None else self.published
        published = [published_row(row, self.protocol.frames, [clip.name for clip in self.clips]) for row in rows]
        return {
            "version": VERSION,
            "protocol": describe_protocol(self.protocol),
            "data": {"name": self.data, "clips": self._clips()},
            "rows": published + measured,
            "command": self.command,
            "environment": dict(self.environment),
        }

    def _clips(self) -> list[dict[str, Any]]:
        sizes = {clip.clip: clip.size for result in self.results for clip in result.clips}
        return [
            {"name": clip.name, "size": list(sizes[clip.name]), "sha256": clip.sha256(), **described(clip)}
            for clip in self.clips
            if clip.name in sizes
        ]


def published_row(row: Published, frames: str, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return a published row as a document has it.

    Args:
        row: What was printed.
        frames: The set of frames that counts.
        names: The clips of the document.
    """

    def figures(psnr: float | None, ssim: float | None) -> dict[str, Any]:
        known = {"psnr_rgb": psnr, "ssim_rgb": ssim}
        return {frames: {name: value for name, value in known.items() if value is not None}}

    clips = {name: figures(*row.clips[name.lower()]) for name in names if name.lower() in row.clips}
    cost = {"parameters": row.parameters, "gmac_per_megasample": row.gmac}
    return {
        "method": row.method,
        "kind": "published",
        "source": row.source,
        **{name: value for name, value in cost.items() if value is not None},
        "mean": figures(row.psnr, row.ssim),
        **({"clips": clips} if clips else {}),
    }


def describe_protocol(protocol: Protocol) -> dict[str, Any]:
    """Return a protocol as a document has it."""
    given = {} if protocol.degradation is None else {"degradation": describe(protocol.degradation)}
    return {
        "name": protocol.name,
        "title": protocol.title,
        "scale": str(protocol.scale),
        "frames": protocol.frames,
        "colour": protocol.colour,
        "source": protocol.source,
        "text": protocol.describe(),
        **given,
    }


def _row(result: MethodScores, details: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "method": result.method,
        "kind": "baseline" if details is None else "model",
        **(details or {}),
        "mean": {frames: _figures(result.mean(frames), result.extra_mean(frames)) for frames in FRAME_SETS},
        "clips": {clip.clip: _clip(clip, result.protocol, len(result.clips)) for clip in result.clips},
        **_speed(result.seconds_per_megapixel),
    }


def _speed(seconds: float) -> dict[str, float]:
    return {"seconds_per_megapixel": float(f"{seconds:.4g}")} if math.isfinite(seconds) else {}


def _clip(clip: ClipScores, protocol: Protocol, clips: int) -> dict[str, Any]:
    curves = {
        name: [round(getattr(score, name), DIGITS) for score in clip.scores]
        for name in ("psnr_rgb", "ssim_rgb", "psnr_y", "ssim_y")
        if all(math.isfinite(getattr(score, name)) for score in clip.scores)
    }
    further = {
        name: [round(value, DIGITS) if math.isfinite(value) else None for value in curve]
        for name, curve in clip.extra.items()
        if any(math.isfinite(value) for value in curve)
    }
    means: dict[str, Any] = {
        frames: _figures(protocol.clip_mean(clip.scores, frames), clip_extra(clip, protocol, frames))
        for frames in FRAME_SETS
    }
    return {**means, "frames": curves | further} if clips <= MOST_CURVES else means


def _figures(score: Score | None, extra: Mapping[str, float]) -> dict[str, float] | None:
    if score is None:
        return None
    figures = {**asdict(score), **extra}
    return {name: round(value, DIGITS) for name, value in figures.items() if math.isfinite(value)}


def check_same(earlier: Document, protocol: Protocol, clips: Sequence[TestClip]) -> None:
    """Make sure, before anything is measured, that a document is of the same protocol and data.

    Raises:
        StvsrError: If it is not.
    """
    if any(kind in earlier for kind in SEVERAL):
        raise StvsrError(DIFFERENT)
    then = [{key: value for key, value in clip.items() if key != "size"} for clip in earlier["data"]["clips"]]
    now = [{"name": clip.name, "sha256": clip.sha256(), **described(clip)} for clip in clips]
    if earlier["protocol"] != describe_protocol(protocol) or then != now:
        raise StvsrError(DIFFERENT)


def merged(earlier: Document, later: Document) -> Document:
    """Return a document with the rows of both; where both measured a method, that of the later one.

    Raises:
        StvsrError: If they differ in data or protocol.
    """
    if any(earlier[part] != later[part] for part in ("protocol", "data")):
        raise StvsrError(DIFFERENT)
    again = {row["method"] for row in later["rows"]}
    provenance = {key: earlier[key] for key in ("command", "environment")}
    kept = [
        row if row["kind"] == "published" else {**row, "provenance": row.get("provenance", provenance)}
        for row in earlier["rows"]
        if row["method"] not in again
    ]
    order = ("published", "baseline", "external", "model")
    return {**later, "rows": sorted(kept + later["rows"], key=lambda row: order.index(row["kind"]))}


def to_json(document: Document) -> str:
    """Return a document as JSON text: indented, but with every list of plain values on one line."""
    return _json(document, "") + "\n"


def _json(value: Any, indent: str) -> str:
    """`json.dumps` would give each of thousands of frames a line of its own."""
    inner = indent + " "
    if isinstance(value, dict) and value:
        items = [f"{inner}{json.dumps(key)}: {_json(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return "[\n" + ",\n".join(inner + _json(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value)


def read(path: Path) -> Document:
    """Read a document that `to_json` wrote: a measurement, or a study or a table of several.

    Raises:
        StvsrError: If it is no such document, or one of a later version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = document["version"]
        several = next((kind for kind in SEVERAL if kind in document), None)
        parts = (several, "measurements") if several else ("protocol", "data", "rows")
        complete = all(key in document for key in (*parts, "command", "environment"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StvsrError(f"{path}: not a result of 'stvsr evaluate --json'; measure again") from error
    if version != VERSION or not complete:
        raise StvsrError(f"{path}: written by another version of stvsr; measure again")
    return dict(document)
