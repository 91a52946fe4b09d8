"""A measurement as a JSON document, complete enough to be checked and to be drawn from.

{protocol, data: {name, clips}, rows: [{method, kind, mean, clips, ...}], command, environment}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.metrics import Score
from stvsr.evaluation.protocol import FRAME_SETS, Protocol
from stvsr.evaluation.published import published_for
from stvsr.evaluation.run import ClipScores, MethodScores

Document = dict[str, Any]
VERSION = 1
DIGITS = 5


@dataclass(frozen=True)
class Measurement:
    """Everything that `evaluate` was given and gave.

    Attributes:
        data: Name of the data set.
        clips: Its clips.
        protocol: What was counted.
        results: What was measured.
        details: For each trained model, by its name: ``parameters``, ``weights_sha256`` and the like.
        command: The command that does it again.
        environment: As `stvsr.evaluation.provenance.environment` gives it.
    """

    data: str
    clips: Sequence[TestClip]
    protocol: Protocol
    results: Sequence[MethodScores]
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    command: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> Document:
        """Return the measurement as plain JSON values, the published figures of the same data among the rows."""
        measured = [_row(result, self.details.get(result.method)) for result in self.results]
        frames = {clip.clip: clip.size[0] for clip in self.results[0].clips} if self.results else {}
        published = [
            {
                "method": row.method,
                "kind": "published",
                "source": row.source,
                "mean": {self.protocol.frames: {"psnr_rgb": row.psnr_rgb, "ssim_rgb": row.ssim_rgb}},
            }
            for row in published_for(self.protocol.name, frames)
        ]
        return {
            "version": VERSION,
            "protocol": _describe(self.protocol),
            "data": {"name": self.data, "clips": self._clips()},
            "rows": published + measured,
            "command": self.command,
            "environment": dict(self.environment),
        }

    def _clips(self) -> list[dict[str, Any]]:
        sizes = {clip.clip: clip.size for result in self.results for clip in result.clips}
        return [
            {"name": clip.name, "size": list(sizes[clip.name]), "sha256": clip.sha256()}
            for clip in self.clips
            if clip.name in sizes
        ]


def _describe(protocol: Protocol) -> dict[str, Any]:
    return {
        "name": protocol.name,
        "title": protocol.title,
        "scale": str(protocol.scale),
        "frames": protocol.frames,
        "colour": protocol.colour,
        "source": protocol.source,
        "text": protocol.describe(),
    }


def _row(result: MethodScores, details: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "method": result.method,
        "kind": "baseline" if details is None else "model",
        **(details or {}),
        "mean": {frames: _figures(result.mean(frames)) for frames in FRAME_SETS},
        "clips": {clip.clip: _clip(clip, result.protocol) for clip in result.clips},
        "seconds_per_megapixel": float(f"{result.seconds_per_megapixel:.4g}"),
    }


def _clip(clip: ClipScores, protocol: Protocol) -> dict[str, Any]:
    curves = {
        name: [round(getattr(score, name), DIGITS) for score in clip.scores]
        for name in ("psnr_rgb", "ssim_rgb", "psnr_y", "ssim_y")
    }
    means: dict[str, Any] = {frames: _figures(protocol.clip_mean(clip.scores, frames)) for frames in FRAME_SETS}
    return {**means, "frames": curves}


def _figures(score: Score | None) -> dict[str, float] | None:
    if score is None:
        return None
    return {name: round(value, DIGITS) for name, value in asdict(score).items()}


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
    """Read a document that `to_json` wrote.

    Raises:
        StvsrError: If it is no such document, or one of a later version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = document["version"]
        complete = all(key in document for key in ("protocol", "data", "rows", "command", "environment"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StvsrError(f"{path}: not a result of 'stvsr evaluate --json'; measure again") from error
    if version != VERSION or not complete:
        raise StvsrError(f"{path}: written by another version of stvsr; measure again")
    return dict(document)
