"""Measuring a whole table of a paper: what its data sets allow, and what to fetch for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stvsr.errors import StvsrError
from stvsr.evaluation.choice import Choice, choose_for, details_of, fits, other_methods
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.datasets import clips_in
from stvsr.evaluation.documents import PaperResults
from stvsr.evaluation.evaluation import Evaluation
from stvsr.evaluation.measure import Report, silent
from stvsr.evaluation.methods.ablation import ablations
from stvsr.evaluation.methods.contract import Method
from stvsr.evaluation.methods.front import fronts
from stvsr.evaluation.options import EvaluationOptions
from stvsr.evaluation.papers.cost import cost_row, paper_model
from stvsr.evaluation.papers.tables import PaperTable, Part, is_whole
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.results import Data, Provenance, Results, Row
from stvsr.evaluation.rows import protocol_info
from stvsr.models.checkpoint import load
from stvsr.models.contract import Restorer
from stvsr.models.davsr.model import DAVSR
from stvsr.models.staa import STAA
from stvsr.models.zoo import find


@dataclass(frozen=True)
class PartEvaluation:
    """One part of a table, with what is there to measure it.

    Attributes:
        table: The table.
        part: The part.
        clips: Its data; none where they are absent.
        choice: The models.
        options: What was asked for.
    """

    table: PaperTable
    part: Part
    clips: Sequence[TestClip]
    choice: Choice
    options: EvaluationOptions

    def run(self, report: Report = silent) -> Results:
        """Measure, or say under ``missing`` what is not there."""
        kept = round(self.part.kept, 5)
        return replace(self._run(report), label=self.part.label, part=self.part.name, kept=kept)

    def _run(self, report: Report) -> Results:
        if self.part.measured == "cost":
            return self._described(_costs(self.part, self.choice))
        if not self.clips:
            assert self.part.dataset is not None
            return self._described(missing=self.part.dataset.fetch)
        others = other_methods(self.part.protocol, self.options)
        if self.part.measured == "parts of the model":
            if len(self.choice.entries) != 1:
                return self._described(
                    missing="parts are taken away from one model: give one of the family davsr with --model"
                )
            return self._measured(others, self._ablations(), self._ablation_details(), report)
        if not (self.choice.entries or self.options.baselines or others):
            return self._described(missing=f"no model for {self.choice.protocol.title} ships: give one with --model")
        models = self.choice.models(self.options.torch_device)
        bars = fronts(models) if self.options.baselines else []
        return self._measured(others, models, self.choice.details, report, bars)

    def _measured(
        self,
        others: Sequence[Method],
        models: Sequence[Method | Restorer],
        details: dict[str, dict[str, object]],
        report: Report,
        bars: Sequence[Restorer] = (),
    ) -> Results:
        baselines = self.choice.baselines() if self.options.baselines else []
        results = Evaluation(
            [*baselines, *bars, *others, *models],
            self.clips,
            self.part.protocol,
            self.options.metric,
            str(self.options.torch_device),
            self.options.ssim,
            details={**details_of(others), **details},
            published=(),
        ).run(report)
        return self._with_published(results)

    def _with_published(self, results: Results) -> Results:
        """Add what was published where the whole data set was measured, or where the paper's is not public."""
        dataset = self.part.dataset
        assert dataset is not None
        assert self.options.data is not None
        known = is_whole(self.part, {clip.name: clip.size[0] for clip in results.data.clips})
        named = replace(results.data, name=dataset.title if known else self.options.data.resolve().name)
        rows = self._published(named.clip_names) if known or not dataset.public else []
        return replace(results, data=named, rows=(*rows, *results.rows))

    def _published(self, clips: Sequence[str] = ()) -> list[Row]:
        return [one.row(self.part.protocol.frames, clips) for one in self.table.published(self.part)]

    def _described(self, rows: Sequence[Row] = (), missing: str = "") -> Results:
        """Return the results of a part without measured clips."""
        title = self.part.dataset.title if self.part.dataset else "any clip"
        return Results(protocol_info(self.part.protocol), Data(title), (*self._published(), *rows), missing=missing)

    def _ablations(self) -> list[Restorer]:
        degradation = self.part.protocol.degradation
        assert degradation is not None
        model = load(self.choice.entries[0].folder, self.options.torch_device)
        assert isinstance(model, DAVSR)
        return ablations(model.bind(degradation, self.options.iterations))

    def _ablation_details(self) -> dict[str, dict[str, object]]:
        (entry,) = self.choice.entries
        details = {"parameters": entry.parameters, "weights_sha256": entry.checksum}
        return {method.name: details for method in self._ablations()}


@dataclass(frozen=True)
class PaperEvaluation:
    """All parts of a table.

    Attributes:
        table: The table.
        parts: Its parts.
        options: What was asked for.
    """

    table: PaperTable
    parts: tuple[PartEvaluation, ...]
    options: EvaluationOptions

    @staticmethod
    def of(table: PaperTable, options: EvaluationOptions) -> PaperEvaluation:
        """Return the evaluation that options ask for.

        Raises:
            StvsrError: If they contradict the table, or there is nothing at all where they say that the data are.
        """
        chosen = choices(table, options)
        found = find_data(table, options.data, options.frames)
        parts = [
            PartEvaluation(table, part, clips, choice, options)
            for (part, clips), choice in zip(found, chosen, strict=True)
        ]
        return PaperEvaluation(table, tuple(parts), options)

    def run(self, report: Report = silent) -> PaperResults:
        """Measure every part whose data are there.

        Args:
            report: Told about every frame.
        """
        measurements = tuple(part.run(report) for part in self.parts)
        models = dict.fromkeys(entry.name for part in self.parts for entry in part.choice.entries)
        command = self.options.command(list(models) if self.options.models else [])
        provenance = Provenance(command, environment(str(self.options.torch_device)))
        table = self.table
        return PaperResults(table.name, table.source, table.title, table.text, measurements, provenance)


def find_data(table: PaperTable, data: Path | None, limit: int | None = None) -> list[tuple[Part, list[TestClip]]]:
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


def choices(table: PaperTable, options: EvaluationOptions) -> list[Choice]:
    """Return the models that are measured of each part.

    Raises:
        StvsrError: If the user gave settings or a part of the clips, or a model that fits no part.
    """
    whole, said = options.excerpt.options(), options.settings
    if whole:
        raise StvsrError(f"--{next(iter(whole))}: {table.name} is measured on whole clips; leave it out")
    if said:
        raise StvsrError(f"--{next(iter(said))}: {table.name} says itself how clips are degraded; leave it out")
    for name in options.models:
        if not any(fits(find(name), part.protocol) for part in table.parts):
            raise StvsrError(f"{name} fits no part of {table.name}: leave it out")
    return [choose_for(part.protocol, options.models, options.iterations) for part in table.parts]


def _costs(part: Part, choice: Choice) -> list[Row]:
    scale = part.protocol.scale
    models = [load(entry.folder) for entry in choice.entries]
    rows = [cost_row(model, model.name) for model in models if isinstance(model, STAA)]
    return [*rows, cost_row(paper_model(scale), "STAA, built here")]
