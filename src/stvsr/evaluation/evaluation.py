"""An evaluation as a value: methods, clips and what counts; run, it gives results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.measure import MethodScores, Report, check_clip, score_clip, silent
from stvsr.evaluation.methods.contract import Method, as_method
from stvsr.evaluation.metrics.psnr_ssim import check_installed
from stvsr.evaluation.metrics.registry import MeterFactory, metrics_named
from stvsr.evaluation.papers.tables import published_for
from stvsr.evaluation.protocols import Protocol
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.results import Provenance, Results, Row
from stvsr.evaluation.rows import results_of
from stvsr.models.contract import Restorer


@dataclass(frozen=True)
class Evaluation:
    """Every method on the same frames of every clip: shrink, restore, round to 8 bits, compare with the truth.

    Attributes:
        methods: Models and baselines, all of the protocol's scale.
        clips: The truth.
        protocol: What counts, and how the low clip comes about.
        metrics: Names of further metrics (`stvsr.evaluation.metrics.registry.METRICS`).
        device: Where low clips are made and metrics computed; the methods run where they are.
        ssim: Whether to compute SSIM, which takes most of the time of a quick method.
        seed: Of the noise of a degradation that has some; the same noise for every method.
        details: What results say of each method that is no baseline, by its name.
        data: What the results call the clips.
        command: The command that does it again.
        published: Rows that others published; ``None`` for those that are known to belong to the data.
    """

    methods: Sequence[Method | Restorer]
    clips: Sequence[TestClip]
    protocol: Protocol
    metrics: Sequence[str] = ()
    device: str = "cpu"
    ssim: bool = True
    seed: int = 0
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    data: str = ""
    command: str = ""
    published: Sequence[Row] | None = None

    def check(self) -> None:
        """Find out what is wrong before hours go into measuring.

        Raises:
            StvsrError: If a method has another scale, a clip is unreadable, too small or too short, or torchmetrics
                or what a metric needs is missing.
        """
        for method in self.methods:
            if method.scale != self.protocol.scale:
                raise StvsrError(
                    f"{method.name} is made for {method.scale} and cannot be measured at {self.protocol.scale}: "
                    "evaluate models of one scale at a time"
                )
        check_installed()
        _ = self._makers
        for clip in self.clips:
            check_clip(clip, self.protocol)

    def scores(self, report: Report = silent) -> list[MethodScores]:
        """Measure every frame.

        Args:
            report: Told about every frame.

        Raises:
            StvsrError: As `check`, or if a method cannot shrink where the protocol wants it to.
        """
        self.check()
        settings: Any = {"device": self._exact_device, "ssim": self.ssim, "seed": self.seed}
        methods = [as_method(method) for method in self.methods]
        scored = [MethodScores(method.name, self.protocol) for method in methods]
        for clip in self.clips:
            for method, scores in zip(methods, scored, strict=True):
                meters = [make() for make in self._makers]
                scores.clips.append(score_clip(method, clip, self.protocol, meters, report, **settings))
        return scored

    def run(self, report: Report = silent) -> Results:
        """Measure, and return the results with the published figures of the same data among their rows.

        Args:
            report: Told about every frame.

        Raises:
            StvsrError: As `scores`.
        """
        scores = self.scores(report)
        return results_of(
            scores,
            self.protocol,
            self.clips,
            data=self.data,
            details=self.details,
            published=published_rows(scores, self.clips, self.protocol) if self.published is None else self.published,
            provenance=Provenance(self.command, environment(self.device)),
        )

    @cached_property
    def _makers(self) -> list[MeterFactory]:
        return metrics_named(self.metrics, self._exact_device)

    @property
    def _exact_device(self) -> str:
        """Metrics need double precision, which only CUDA has beside the CPU."""
        return self.device if self.device.startswith("cuda") else "cpu"


def published_rows(scores: Sequence[MethodScores], clips: Sequence[TestClip], protocol: Protocol) -> list[Row]:
    """Return what others published of clips that were measured, if they are whole and the whole of a data set."""
    if not scores or any(clip.start or clip.size for clip in clips):
        return []
    frames = {clip.clip: clip.size[0] for clip in scores[0].clips}
    names = [clip.name for clip in clips]
    return [one.row(protocol.frames, names) for one in published_for(protocol.name, frames)]
