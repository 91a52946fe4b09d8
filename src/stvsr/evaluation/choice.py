"""Which models are measured, under which protocol, and beside which baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch

from stvsr.errors import StvsrError
from stvsr.evaluation.methods.contract import Method
from stvsr.evaluation.methods.external import load_external, stored_results
from stvsr.evaluation.methods.interpolation import Subsampling, baselines_for, interpolations
from stvsr.evaluation.methods.motion import Retimed, cascades, rate_changes
from stvsr.evaluation.options import EvaluationOptions
from stvsr.evaluation.protocols import Protocol, degraded_protocol, protocol_for
from stvsr.jobs.degraded import check_effect
from stvsr.models import zoo
from stvsr.models.contract import Restorer
from stvsr.models.zoo import DEFAULT_RESTORER, Entry, Task, entries, find
from stvsr.physics.degradation import DEFAULT, Degradation
from stvsr.physics.scale import Scale

if TYPE_CHECKING:
    from stvsr.models.contract import ConditionalModel

RESTORING: tuple[Task, ...] = ("deblur", "restore")
"""Tasks of models that are given the degradation."""


@dataclass(frozen=True)
class Choice:
    """Models and the protocol under which they are measured.

    Attributes:
        entries: The models.
        protocol: What counts, and how the low clip comes about.
        iterations: K of the models that iterate, where it is not their own.
    """

    entries: Sequence[Entry]
    protocol: Protocol
    iterations: int | None = None

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
        """What results say of each model."""
        return {
            label: {"parameters": entry.parameters, "weights_sha256": entry.checksum}
            for label, entry in zip(self.labels, self.entries, strict=True)
        }

    def baselines(self) -> list[Method | Restorer]:
        """Return what needs no training, the best known first."""
        if self.protocol.rates:
            return [*rate_changes(self.protocol.rates)]
        if self.protocol.degradation is None:
            scale = self.protocol.scale
            motion = cascades(Subsampling(scale).degradation) if scale.height == scale.width else []
            return [*baselines_for(scale), *motion]
        return [*interpolations(self.protocol.degradation), *cascades(self.protocol.degradation)]

    def models(self, device: torch.device | str) -> list[Method | Restorer]:
        """Load the models, each bound to the degradation or the change of rate where there is one."""
        import stvsr

        loaded: list[Method | Restorer] = []
        for label, entry in zip(self.labels, self.entries, strict=True):
            model = stvsr.load(entry.folder, device)
            model.name = label
            if self.protocol.rates and entry.is_conditional:
                loaded.append(Retimed(self.protocol.rates, cast("ConditionalModel", model), label, self.iterations))
            elif self.protocol.degradation is not None and entry.is_conditional:
                loaded.append(cast("ConditionalModel", model).bind(self.protocol.degradation, self.iterations))
            else:
                loaded.append(model)
        return loaded


def other_methods(protocol: Protocol, options: EvaluationOptions) -> list[Method]:
    """Return the methods that are not of this package, where some were asked for.

    Raises:
        StvsrError: If one is not there, or the protocol changes the rate or height and width unequally.
    """
    scale, given = protocol.scale, protocol.degradation
    if options.external and (protocol.rates or scale.height != scale.width):
        raise StvsrError(f"--external: a function is not told of {scale}; measure its frames with --frames-of")
    functions = [load_external(text, given or Subsampling(scale).degradation) for text in options.external]
    return [*peers_of(protocol, options), *functions, *(stored_results(text, scale) for text in options.frames_of)]


def details_of(others: Sequence[Method]) -> dict[str, dict[str, Any]]:
    """Return what results say of methods that are not of this package."""
    return {method.name: {"kind": "external", **getattr(method, "details", {})} for method in others}


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
    if own and not any(entry.is_conditional for entry in found):
        return _own(found, given)
    if not models:
        found = [entry for entry in entries() if entry.name == DEFAULT_RESTORER]
    return _degraded(found, given, iterations)


def choose_for(protocol: Protocol, models: Sequence[str], iterations: int | None = None) -> Choice:
    """Return what of the given models can be measured under a protocol; without any, what ships for it.

    Args:
        protocol: What counts.
        models: Names, folders or hub ids.
        iterations: K, where the user chose it.
    """
    found = [find(name) for name in models] if models else bundled_for(protocol)
    return Choice([entry for entry in found if fits(entry, protocol)], protocol, iterations)


def bundled_for(protocol: Protocol) -> list[Entry]:
    """Return the models that ship for a protocol: chosen by task and scale, for a codec only where there is one."""
    if protocol.rates:
        return [entry for entry in entries() if entry.name == DEFAULT_RESTORER or entry.task == "interpolate"]
    if protocol.degradation is None:
        return _shipped("rescale", protocol.scale)
    settings = protocol.degradation.to_dict()
    found = [entry for task in RESTORING for entry in _shipped(task, protocol.scale, settings)]
    return [entry for number, entry in enumerate(found) if entry not in found[:number]]


def _shipped(task: Task, scale: Scale, degradation: Mapping[str, Any] | None = None) -> list[Entry]:
    try:
        entry = zoo.choose(task, scale, degradation)
    except StvsrError:
        return []
    return [] if entry.codec_trained else [entry]


def fits(entry: Entry, protocol: Protocol) -> bool:
    """Return whether a model can be measured under a protocol: given a degradation or rates, or made for its scale.

    What shrinks clips by itself is not given a low clip that was made otherwise, unless the data set has it.
    """
    if entry.task == "restore":
        return protocol.degradation is not None or protocol.rates is not None
    if entry.task == "deblur":
        return protocol.degradation is not None and entry.scale == protocol.scale
    if entry.task == "interpolate":
        return protocol.rates is not None and entry.scale == protocol.scale
    return entry.scale == protocol.scale and (protocol.degradation is None or protocol.low == "stored")


def _own(found: list[Entry], given: Mapping[str, Any]) -> Choice:
    """Return the measurement of models that shrink by themselves."""
    time, space = given.get("time"), given.get("space")
    scale = Scale.of(2 if time is None else time, 4 if space is None else space)
    if found:
        scale = found[0].scale
        if time not in (None, scale.time) or (space is not None and {space} != {scale.height, scale.width}):
            raise StvsrError(f"{found[0].name} is made for {scale}; leave --time and --space out")
        return Choice(found, protocol_for(scale))
    return Choice(_shipped("rescale", scale), protocol_for(scale))


def _degraded(found: list[Entry], given: Mapping[str, Any], iterations: int | None) -> Choice:
    """Return the measurement of models that are conditioned on the degradation."""
    for entry in found:
        if not entry.is_conditional:
            raise StvsrError(
                f"{entry.name} shrinks clips by itself: measure it without --exposure, --shutter, --blur, --noise and "
                f"--iterations, and apart from models that are given a degradation"
            )
    usual = [Degradation.from_dict(entry.default_degradation) for entry in found] or [DEFAULT]
    settings = {one.but(**given) for one in usual}
    if len(settings) > 1:
        raise StvsrError("these models have different defaults: say --time, --space, --exposure and so on for all")
    degradation = settings.pop()
    check_effect(degradation)
    return Choice(found, degraded_protocol(degradation), iterations)


def peers_of(protocol: Protocol, options: EvaluationOptions) -> Sequence[Method]:
    """Return the published networks that serve a protocol, where they were asked for.

    Raises:
        StvsrError: If some of what they need is not installed, or they serve no such protocol.
    """
    if not options.peers:
        return ()
    from stvsr.evaluation.methods.peers.chains import peers_for

    found = peers_for(protocol, options.torch_device)
    if not found and options.protocol is None:
        raise StvsrError(f"--peers: there are none for {protocol.scale}: they enlarge by 2 or 4; leave it out")
    return found
