"""From scores to results: what was measured, with what is known of the methods, as values that a file holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.measure import ClipScores, MethodScores, clip_extra
from stvsr.evaluation.metrics.psnr_ssim import Score
from stvsr.evaluation.protocols import FRAME_SETS, Protocol
from stvsr.evaluation.results import ClipFigures, ClipInfo, Data, Figures, ProtocolInfo, Provenance, Results, Row
from stvsr.jobs.degraded import describe

DIGITS = 5
MOST_CURVES = 100
"""Clips of which the figures of every frame are kept; of larger sets a file has the means of each clip alone."""


def results_of(
    scores: Sequence[MethodScores],
    protocol: Protocol,
    clips: Sequence[TestClip],
    *,
    data: str = "",
    details: Mapping[str, Mapping[str, Any]] | None = None,
    published: Sequence[Row] = (),
    provenance: Provenance | None = None,
) -> Results:
    """Return what was measured.

    Args:
        scores: Of every method on every clip.
        protocol: What was counted.
        clips: The data.
        data: Name of the data set.
        details: For each method that is no baseline, by its name: ``parameters``, ``weights_sha256`` and the like.
        published: Rows to stand first.
        provenance: Where the figures come from.
    """
    known, then = details or {}, provenance or Provenance()
    sizes = {clip.clip: clip.size for one in scores for clip in one.clips}
    measured = Data(data, tuple(clip_info(clip, sizes[clip.name]) for clip in clips if clip.name in sizes))
    rows = (*published, *(row_of(one, known.get(one.method)) for one in scores))
    return Results(protocol_info(protocol), measured, rows, then.command, then.environment)


def protocol_info(protocol: Protocol) -> ProtocolInfo:
    """Return a protocol as a file has it."""
    return ProtocolInfo(
        protocol.name,
        protocol.title,
        str(protocol.scale),
        protocol.frames,
        protocol.colour,
        protocol.source,
        protocol.describe(),
        None if protocol.degradation is None else describe(protocol.degradation),
    )


def clip_info(clip: TestClip, size: tuple[int, ...] = ()) -> ClipInfo:
    """Return a clip as a file has it; ``size`` are frames, height and width that were measured."""
    return ClipInfo(clip.name, size, clip.sha256(), start=clip.start or None, crop=clip.size)


def row_of(scores: MethodScores, details: Mapping[str, Any] | None = None) -> Row:
    """Return the row of a method: a baseline's where nothing else is known of it."""
    rest = dict(details or {})
    kind = rest.pop("kind", "baseline" if details is None else "model")
    typed = {name: rest.pop(name) for name in ("parameters", "weights_sha256") if name in rest}
    seconds = scores.seconds_per_megapixel
    return Row(
        scores.method,
        kind,
        {frames: _figures(scores.mean(frames), scores.extra_mean(frames)) for frames in FRAME_SETS},
        {clip.clip: _clip(clip, scores.protocol, len(scores.clips)) for clip in scores.clips},
        seconds_per_megapixel=float(f"{seconds:.4g}") if math.isfinite(seconds) else None,
        details=rest,
        **typed,
    )


def _clip(clip: ClipScores, protocol: Protocol, clips: int) -> ClipFigures:
    means: dict[str, Figures | None] = {
        frames: _figures(protocol.clip_mean(clip.scores, frames), clip_extra(clip, protocol, frames))
        for frames in FRAME_SETS
    }
    if clips > MOST_CURVES:
        return ClipFigures(means)
    curves: dict[str, list[float | None]] = {
        name: [round(getattr(score, name), DIGITS) for score in clip.scores]
        for name in ("psnr_rgb", "ssim_rgb", "psnr_y", "ssim_y")
        if all(math.isfinite(getattr(score, name)) for score in clip.scores)
    }
    for name, curve in clip.extra.items():
        if any(math.isfinite(value) for value in curve):
            curves[name] = [round(value, DIGITS) if math.isfinite(value) else None for value in curve]
    return ClipFigures(means, curves)


def _figures(score: Score | None, extra: Mapping[str, float]) -> Figures | None:
    if score is None:
        return None
    figures = {**asdict(score), **extra}
    return {name: round(value, DIGITS) for name, value in figures.items() if math.isfinite(value)}
