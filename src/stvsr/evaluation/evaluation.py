"""What `stvsr evaluate` measures: which models, under which protocol, beside which baselines; and that measurement."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.excerpt import Excerpt
from stvsr.evaluation.measure import Measure, Report, evaluate
from stvsr.evaluation.methods.contract import Method
from stvsr.evaluation.methods.external import load_external, stored_results
from stvsr.evaluation.methods.front import fronts
from stvsr.evaluation.methods.interpolation import baselines_for, interpolations, usual_degradation
from stvsr.evaluation.methods.motion import Retimed, cascades, rate_changes
from stvsr.evaluation.metrics.registry import makers
from stvsr.evaluation.papers.published import Published
from stvsr.evaluation.protocols import Protocol, degraded_protocol, protocol_for
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.results import Document, Measurement
from stvsr.jobs.degraded import check_effect
from stvsr.models.zoo import Entry, entries, find, find_by_scale
from stvsr.physics.degradation import DEFAULT, Degradation
from stvsr.physics.scale import Scale

if TYPE_CHECKING:
    from stvsr.models.conditional import ToldModel
    from stvsr.models.davsr.model import DAVSR

GENERAL = "davsr"
GENERAL_MODEL = "davsr-compact"
SETTINGS = ("time", "space", "exposure", "shutter", "blur", "noise")


@dataclass(frozen=True)
class Choice:
    """What is to be measured.

    Attributes:
        entries: The models.
        protocol: What counts, and how the low clip comes about.
        iterations: K of the models that iterate, where it is not their own.
        external: ``MODULE:FUNCTION`` of other methods (`stvsr.evaluation.methods.external`).
        frames_of: ``FOLDER`` or ``NAME=FOLDER`` of results that others made.
        peers: Published networks (`stvsr.evaluation.methods.peers`).
    """

    entries: Sequence[Entry]
    protocol: Protocol
    iterations: int | None = None
    external: Sequence[str] = ()
    frames_of: Sequence[str] = ()
    peers: Sequence[Method] = ()

    @property
    def labels(self) -> list[str]:
        """What tables call the models: their names, where several share one their folders, and K if it was chosen."""
        names = [entry.name for entry in self.entries]
        labels = [
            name if names.count(name) == 1 else f"{name} ({entry.folder.parent.name}/{entry.folder.name})"
            for name, entry in zip(names, self.entries, strict=True)
        ]
        return [label if self.iterations is None else f"{label}, K = {self.iterations}" for label in labels]

    @property
    def details(self) -> dict[str, dict[str, Any]]:
        """What a document says of each method that is no baseline."""
        models = {
            label: {"parameters": entry.parameters, "weights_sha256": entry.checksum}
            for label, entry in zip(self.labels, self.entries, strict=True)
        }
        others = {method.name: {"kind": "external", **getattr(method, "details", {})} for method in self.others()}
        return {**others, **models}

    def baselines(self) -> list[Method]:
        """Return what needs no training, the best known first."""
        if self.protocol.rates:
            return [*rate_changes(self.protocol.rates)]
        if self.protocol.degradation is None:
            scale = self.protocol.scale
            return [*baselines_for(scale), *(cascades(usual_degradation(scale)) if scale.height == scale.width else [])]
        return [*interpolations(self.protocol.degradation), *cascades(self.protocol.degradation)]

    def others(self) -> list[Method]:
        """Return the methods that are not of this package.

        Raises:
            StvsrError: If one is not there, or the protocol changes the rate or height and width unequally.
        """
        scale, given = self.protocol.scale, self.protocol.degradation
        if self.external and (self.protocol.rates or scale.height != scale.width):
            raise StvsrError(f"--external: a function is not told of {scale}; measure its frames with --frames-of")
        functions = [load_external(text, given or usual_degradation(scale)) for text in self.external]
        return [*self.peers, *functions, *(stored_results(text, scale) for text in self.frames_of)]

    def models(self, device: torch.device | str) -> list[Method]:
        """Load the models, each bound to the degradation or the change of rate where there is one."""
        import stvsr

        loaded: list[Method] = []
        for label, entry in zip(self.labels, self.entries, strict=True):
            model = stvsr.load(entry.folder, device)
            model.name = label
            if self.protocol.rates and entry.family == GENERAL:
                loaded.append(Retimed(self.protocol.rates, cast("DAVSR", model), label, self.iterations))
            elif self.protocol.degradation is not None and entry.told:
                loaded.append(cast("ToldModel", model).bind(self.protocol.degradation, self.iterations))
            else:
                loaded.append(model)
        return loaded


def choose(models: Sequence[str] | None, given: Mapping[str, Any], iterations: int | None = None) -> Choice:
    """Return what the user wants measured.

    Args:
        models: Names, folders or hub ids; without any, what ships for the rest.
        given: Those settings of `Degradation` that the user chose. With ``time`` and ``space`` alone, and no model
            that is told how a clip was degraded, methods that shrink by themselves are measured.
        iterations: K, where the user chose it.

    Raises:
        StvsrError: If models and settings do not fit.
    """
    found = [find(name) for name in models or []]
    own = set(given) <= {"time", "space"} and iterations is None
    if own and not any(entry.told for entry in found):
        return _own(found, given)
    if not models:
        found = [entry for entry in entries() if entry.name == GENERAL_MODEL]
    return _degraded(found, given, iterations)


def choose_for(protocol: Protocol, models: Sequence[str], iterations: int | None = None) -> Choice:
    """Return what of the given models can be measured under a protocol; without any, what ships for it.

    Args:
        protocol: What counts.
        models: Names, folders or hub ids.
        iterations: K, where the user chose it.
    """
    if models:
        found = [find(name) for name in models]
    elif protocol.degradation is not None or protocol.rates:
        found = [entry for entry in entries() if entry.name == GENERAL_MODEL or _retimes(entry, protocol)]
    else:
        found = [entry for entry in entries() if not entry.told and entry.scale == protocol.scale]
        found = sorted(found, key=lambda entry: not entry.name.endswith("-compact"))[:1]
    return Choice([entry for entry in found if fits(entry, protocol)], protocol, iterations)


def fits(entry: Entry, protocol: Protocol) -> bool:
    """Return whether a model can be measured under a protocol: told of degradation or rates, or made for its scale.

    What shrinks clips by itself is not given a low clip that was made otherwise, unless the data set has it.
    """
    if entry.family == GENERAL:
        return protocol.degradation is not None or protocol.rates is not None
    if entry.deblurs:
        return protocol.degradation is not None and entry.scale == protocol.scale
    if entry.retimes:
        return _retimes(entry, protocol)
    return entry.scale == protocol.scale and (protocol.degradation is None or protocol.low == "stored")


def _retimes(entry: Entry, protocol: Protocol) -> bool:
    return entry.retimes and protocol.rates is not None and entry.scale == protocol.scale


def _own(found: list[Entry], given: Mapping[str, Any]) -> Choice:
    """Return the measurement of models that shrink by themselves."""
    time, space = given.get("time"), given.get("space")
    scale = Scale.of(2 if time is None else time, 4 if space is None else space)
    if found:
        scale = found[0].scale
        if time not in (None, scale.time) or (space is not None and {space} != {scale.height, scale.width}):
            raise StvsrError(f"{found[0].name} is made for {scale}; leave --time and --space out")
        return Choice(found, protocol_for(scale))
    try:
        return Choice([find_by_scale(scale)], protocol_for(scale))
    except StvsrError:
        return Choice([], protocol_for(scale))


def _degraded(found: list[Entry], given: Mapping[str, Any], iterations: int | None) -> Choice:
    """Return the measurement of models that are told how the low clip came about."""
    for entry in found:
        if not entry.told:
            raise StvsrError(
                f"{entry.name} shrinks clips by itself: measure it without --exposure, --shutter, --blur, --noise and "
                f"--iterations, and apart from models that are told how a clip was degraded"
            )
    usual = [Degradation.from_dict(entry.degradation) for entry in found] or [DEFAULT]
    settings = {one.but(**given) for one in usual}
    if len(settings) > 1:
        raise StvsrError("these models have different defaults: say --time, --space, --exposure and so on for all")
    degradation = settings.pop()
    check_effect(degradation)
    return Choice(found, degraded_protocol(degradation), iterations)


@dataclass(frozen=True)
class Request:
    """What was asked for, beside the data.

    Attributes:
        models: Names, folders or hub ids.
        settings: Those settings of `Degradation` that the user chose, by their names in `SETTINGS`.
        iterations: K, where the user chose it.
        frames: Use only so many frames of each clip.
        external: ``MODULE:FUNCTION`` of other methods.
        frames_of: ``FOLDER`` or ``NAME=FOLDER`` of stored results.
        baselines: Whether to measure what needs no training.
        ssim: Whether to measure SSIM.
        metrics: Names of `stvsr.evaluation.metrics.registry.METERS`.
        device: Where to compute.
        peers: Whether to measure published networks that other packages carry.
        excerpt: What of each clip is used, beside ``frames``.
    """

    models: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    iterations: int | None = None
    frames: int | None = None
    external: Sequence[str] = ()
    frames_of: Sequence[str] = ()
    baselines: bool = True
    ssim: bool = True
    metrics: Sequence[str] = ()
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    peers: bool = False
    excerpt: Excerpt = field(default_factory=Excerpt)

    def command(self, data: Path | None, models: Sequence[str], protocol: str | None = None) -> str:
        """Return the command that measures the same again, free of this machine's folders.

        Args:
            data: What was measured on.
            models: Names of the models.
            protocol: What was given as ``--protocol``.
        """
        words = ["stvsr", "evaluate", *([data.resolve().name] if data else [])]
        words += ["--protocol", protocol] if protocol else []
        limits = {"iterations": self.iterations, "frames": self.frames, **self.excerpt.options()}
        for name, value in {**{name: self.settings.get(name) for name in SETTINGS}, **limits}.items():
            if value is not None:
                words += [f"--{name}", Path(str(value)).name if name == "blur" else str(value)]
        known = [word for name in models for word in ("--model", name)]
        words[3 if data else 2 : 3 if data else 2] = known
        for text in self.external:
            place, _, function = text.rpartition(":")
            words += ["--external", f"{Path(place).name}:{function}"]
        for text in self.frames_of:
            name, _, place = text.rpartition("=")
            folder = Path(place).resolve().name
            words += ["--frames-of", f"{name}={folder}" if name else folder]
        for name in self.metrics:
            words += ["--metric", name]
        words += ["--peers"] if self.peers else []
        words += [] if self.baselines else ["--no-baselines"]
        return shlex.join(words + ([] if self.ssim else ["--no-ssim"]))


def peers_of(protocol: Protocol, request: Request) -> Sequence[Method]:
    """Return the published networks that serve a protocol, where they were asked for.

    Raises:
        StvsrError: If some of what they need is not installed.
    """
    if not request.peers:
        return ()
    from stvsr.evaluation.methods.peers.chains import peers_for

    return peers_for(protocol, request.device)


def prepare(request: Request, report: Report) -> Measure:
    """Return how to measure.

    Raises:
        StvsrError: If a metric needs what is not installed.
    """
    # Metrics need double precision, which only CUDA has beside the CPU.
    device = str(request.device) if request.device.type == "cuda" else "cpu"
    return Measure(report, device, request.ssim, meters=makers(request.metrics, device))


def measure(
    clips: Sequence[TestClip],
    choice: Choice,
    request: Request,
    how: Measure,
    published: Sequence[Published] | None = None,
    *,
    methods: Sequence[Method] | None = None,
    details: Mapping[str, Mapping[str, Any]] | None = None,
) -> Document:
    """Measure all methods of a choice on clips.

    Args:
        clips: The truth.
        choice: What to measure.
        request: What was asked for.
        how: As `prepare` returns it.
        published: Rows that others published; ``None`` for those that are known to belong to the data.
        methods: What to measure instead of the choice's models.
        details: What the document says of these, as of `Choice.details`.
    """
    baselines = choice.baselines() if request.baselines else []
    trained = choice.models(request.device) if methods is None else methods
    details = choice.details if details is None else details
    bars = fronts(trained) if request.baselines and methods is None else []
    methods = [*baselines, *bars, *choice.others(), *trained]
    results = evaluate(methods, clips, choice.protocol, how)
    used = environment(str(request.device))
    return Measurement("", clips, choice.protocol, results, details, "", used, published).document()
