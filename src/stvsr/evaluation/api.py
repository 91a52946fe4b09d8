"""`stvsr.evaluate`: from what a user says to results, with everything checked before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from stvsr.errors import StvsrError
from stvsr.evaluation.choice import Choice, choose, choose_for, details_of, fits, other_methods
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.datasets import clips_in
from stvsr.evaluation.documents import PaperResults
from stvsr.evaluation.evaluation import Evaluation
from stvsr.evaluation.measure import Report, silent
from stvsr.evaluation.methods.front import fronts
from stvsr.evaluation.metrics.psnr_ssim import check_installed
from stvsr.evaluation.options import EvaluationOptions
from stvsr.evaluation.papers.measure import PaperEvaluation
from stvsr.evaluation.papers.tables import TABLES
from stvsr.evaluation.protocols import PROTOCOLS
from stvsr.evaluation.results import Results
from stvsr.evaluation.rows import clip_info, protocol_info
from stvsr.files import atomic_write
from stvsr.models.zoo import CONFIG, TENSORS, find
from stvsr.video.output import check_output


def evaluate(
    models: str | Sequence[str] = (),
    data: str | PathLike[str] | None = None,
    *,
    report: Report = silent,
    **options: Any,
) -> Results | PaperResults:
    """Measure PSNR and SSIM of models and baselines: shrink clips, restore them, compare with the truth.

    >>> results = stvsr.evaluate(["staa-2t4s-compact"], "vid4")
    >>> print(results.table())
    >>> results.save("vid4.json")

    Args:
        models: Names, folders or hub ids; none for what ships.
        data: A video, a folder of frames, a folder of such clips, or data sets as they unpack.
        report: Called with the method, the clip and the number of frames done.
        options: Those of ``stvsr evaluate``, by their names and with their defaults there
            (`stvsr.evaluation.options.EvaluationOptions`): ``protocol``, ``time``, ``exposure``, ``metric`` and so on.

    Returns:
        The results; of a table of a paper, chosen by ``protocol``, those of all its parts.

    Raises:
        StvsrError: If options contradict each other, or something cannot be read, restored or measured.
    """
    names = [models] if isinstance(models, str) else list(models)
    given = EvaluationOptions(names, None if data is None else Path(data), **options)
    return plan_evaluation(given).run(report)


@dataclass(frozen=True)
class PlannedEvaluation:
    """An evaluation that was checked, and where its results go.

    Attributes:
        evaluation: What is measured.
        output: The file to write, if any.
        earlier: Results that these are added to.
        notes: What a user should know before.
    """

    evaluation: Evaluation | PaperEvaluation
    output: Path | None = None
    earlier: Results | None = None
    notes: tuple[str, ...] = ()

    def run(self, report: Report = silent) -> Results | PaperResults:
        """Measure, and write the file if there is to be one; one that cannot be written is found before.

        Args:
            report: Told about every frame.
        """
        with atomic_write(self.output) if self.output else nullcontext() as file:
            results = self.evaluation.run(report)
            if self.earlier and isinstance(results, Results):
                results = self.earlier.merged(results)
            if file:
                file.write_text(results.to_json(), encoding="utf-8")
        return results


def plan_evaluation(options: EvaluationOptions) -> PlannedEvaluation:
    """Return the evaluation that options ask for, with its models loaded and nothing measured.

    Raises:
        StvsrError: If options contradict each other, or something is not there.
    """
    check_installed()
    _ = options.torch_device
    if options.protocol in TABLES:
        return _plan_table(options)
    if options.data is None:
        raise StvsrError("give what to measure on: a video, a folder of frames or a folder of such clips")
    excerpt = options.excerpt
    clips = [excerpt.of(clip) for clip in clips_in(options.data, options.frames)]
    choice = _choice(options)
    others = other_methods(choice.protocol, options)
    notes = _notes(options, choice, bool(others))
    earlier = _earlier(options, clips, [choice])
    models = choice.models(options.torch_device)
    baselines = [*choice.baselines(), *fronts(models)] if options.baselines else []
    evaluation = Evaluation(
        [*baselines, *others, *models],
        clips,
        choice.protocol,
        options.metric,
        str(options.torch_device),
        options.ssim,
        details={**details_of(others), **choice.details},
        data=excerpt.title(options.data.resolve().name),
        command=_described(options, choice).command([entry.name for entry in choice.entries]),
    )
    return PlannedEvaluation(evaluation, options.json, earlier, notes)


def _plan_table(options: EvaluationOptions) -> PlannedEvaluation:
    """Plan the parts of a table whose data are there."""
    if options.add:
        raise StvsrError("--add: a table is measured as a whole; leave it out")
    evaluation = PaperEvaluation.of(TABLES[str(options.protocol)], options)
    _earlier(options, [clip for part in evaluation.parts for clip in part.clips], [p.choice for p in evaluation.parts])
    return PlannedEvaluation(evaluation, options.json)


def _choice(options: EvaluationOptions) -> Choice:
    """Return what is measured: under the protocol that the user named, or that the settings stand for."""
    name = options.protocol
    if name is None:
        return choose(options.models, options.settings, options.iterations)
    if name not in PROTOCOLS:
        raise StvsrError(f"--protocol {name}: there is none of that name; '--protocol list' names them all")
    if options.settings:
        raise StvsrError(f"--{next(iter(options.settings))}: {name} says itself how clips are degraded; leave it out")
    for model in options.models:
        if not fits(find(model), PROTOCOLS[name]):
            raise StvsrError(f"{model} cannot be measured under {name}: choose another one")
    return choose_for(PROTOCOLS[name], options.models, options.iterations)


def _notes(options: EvaluationOptions, choice: Choice, others: bool) -> tuple[str, ...]:
    """Return what a user should know; refuse to measure nothing."""
    found: list[str] = []
    if options.peers:
        from stvsr.evaluation.methods.peers.packages import conflict

        found += filter(None, [conflict()])
    if not (choice.entries or options.baselines or others):
        what = choice.protocol.title
        raise StvsrError(f"nothing to measure: no model ships for {what}; give --model or leave --no-baselines out")
    if not choice.entries and not others:
        found.append(f"no model ships for {choice.protocol.scale}: measuring interpolation only")
    return tuple(found)


def _earlier(options: EvaluationOptions, clips: Iterable[TestClip], choices: Sequence[Choice]) -> Results | None:
    """Return the results to add to; refuse to write over a file that is read, or to add what does not belong."""
    output, measured = options.json, list(clips)
    if output is None:
        if options.add:
            raise StvsrError("--add: give the file to add to with --json")
        return None
    for source in (file for clip in measured for file in (*clip.files, *(clip.low.files if clip.low else ()))):
        check_output(source, output)
    for entry in (entry for choice in choices for entry in choice.entries):
        check_output(entry.folder / CONFIG, output)
        check_output(entry.folder / TENSORS, output)
    if not options.add or not output.exists():
        return None
    earlier = Results.load(output)
    earlier.check_same(protocol_info(choices[0].protocol), [clip_info(clip) for clip in measured])
    return earlier


def _described(options: EvaluationOptions, choice: Choice) -> EvaluationOptions:
    """Return the options with the scale in them that only their defaults told."""
    if options.protocol or choice.entries or choice.protocol.degradation is not None:
        return options
    scale = choice.protocol.scale
    return replace(options, time=int(scale.time), space=scale.width)
