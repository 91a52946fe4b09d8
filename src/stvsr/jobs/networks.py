"""Which model a job takes, and loading it once however many videos there are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias, cast

import torch

from stvsr.device import choose_device
from stvsr.errors import StvsrError
from stvsr.models import zoo
from stvsr.models.cascade import Cascade, in_space, is_sharp_in_time
from stvsr.models.checkpoint import load
from stvsr.models.contract import ConditionalModel, Interpolator, Model, Restorer
from stvsr.models.zoo import TENSORS, Entry, choose, find
from stvsr.physics.degradation import DEFAULT, Degradation, has_effect

Device: TypeAlias = str | torch.device
ModelName: TypeAlias = str | Path
"""A bundled name, a model folder or a hub id."""


def load_network(entry: Entry, device: Device = "auto") -> Model:
    """Return a model in eval mode; the same one for the same weights.

    Raises:
        StvsrError: If it cannot be read, or there is no such device.
    """
    where = choose_device(device) if isinstance(device, str) else device
    weights = entry.folder / TENSORS
    return _loaded(entry.folder, where, weights.stat().st_mtime_ns if weights.is_file() else 0)


@lru_cache(maxsize=4)
def _loaded(folder: Path, device: torch.device, changed: int) -> Model:
    return load(folder, device)


def find_general(model: ModelName | None) -> Entry:
    """Return the model of a name, the default one if None.

    Raises:
        StvsrError: If there is none, or it cannot undo a degradation that it is told of.
    """
    entry = find(model or zoo.DEFAULT_RESTORER)
    if not entry.is_conditional:
        raise StvsrError(
            f"model {entry.name} is made to {entry.task}, and is given no degradation that it could undo; "
            f"take one that restores, such as {zoo.DEFAULT_RESTORER}"
        )
    return entry


def find_deblurrer(degradation: Degradation) -> Entry | None:
    """Return the bundled model for sharp frames at these factors, if there is one and nothing else is to be undone."""
    try:
        entry = choose("deblur", degradation.scale, degradation.to_dict())
    except StvsrError:
        return None
    return entry if entry.task == "deblur" else None


def find_interpolator() -> Entry | None:
    """Return the bundled model that makes frames between frames for any rate, if one is installed."""
    try:
        return choose("interpolate")
    except StvsrError:
        return None


def default_degradation(model: ModelName | ConditionalModel | None, defaults: Mapping[str, Any]) -> Degradation:
    """Return how a video is taken to be degraded that says nothing.

    Args:
        model: The model, or its name.
        defaults: The command's own settings.

    Raises:
        StvsrError: If there is no such model.
    """
    own: Mapping[str, Any] = {}
    if model is None or isinstance(model, ModelName):
        entry = find_general(model)
        own = entry.default_degradation if entry.task == "deblur" else {}
    return DEFAULT.but(**{**defaults, **own})


def load_restorer(
    model: ModelName | ConditionalModel | None,
    degradation: Degradation,
    iterations: int | None = None,
    device: Device = "auto",
) -> Restorer:
    """Return the model that undoes a degradation.

    Without a name it is what ships for that: where low frames are sharp in time, a model in space and one between
    frames, see `stvsr.models.cascade`; elsewhere one for all of it.

    Args:
        model: A name, None for what ships, or a model as `stvsr.load` returns it.
        degradation: What it is to undo.
        iterations: Rounds of restoration; the model's own if None.
        device: Where a model of a name is to lie.

    Raises:
        StvsrError: If there is no such model or device, or it cannot undo that.
    """
    if model is not None and not isinstance(model, ModelName):
        return model.bind(degradation, iterations)
    between = None if model else _between(degradation)
    rest = in_space(degradation) if between else degradation
    restorer = None
    if not between or has_effect(rest):
        restorer = cast("ConditionalModel", load_network(_restoring(model, degradation), device))
    if between:
        return Cascade(degradation, restorer, load_interpolator(between, device), iterations)
    assert restorer is not None
    return restorer.bind(degradation, iterations)


def _between(degradation: Degradation) -> Entry | None:
    """Return the model that makes the frames between recorded ones, where these are sharp and there are to be more."""
    wanted = degradation.time > 1 and is_sharp_in_time(degradation)
    return find_interpolator() if wanted else None


def _restoring(model: ModelName | None, degradation: Degradation) -> Entry:
    """Return the model of a name, the one that ships for what is left of a degradation in space, or the default one."""
    if model is not None:
        return find_general(model)
    rest = in_space(degradation) if _between(degradation) else degradation
    try:
        return choose("restore", rest.scale, rest.to_dict())
    except StvsrError:
        return find_general(None)


def load_interpolator(entry: Entry, device: Device = "auto") -> Interpolator:
    """Return a model that makes frames between frames; see `load_network`."""
    return cast("Interpolator", load_network(entry, device))


def iterations_notice(
    model: ModelName | ConditionalModel | None, iterations: int | None, degradation: Degradation = DEFAULT
) -> str | None:
    """Return what to say if more rounds are asked for than a model of a name, or what ships, was trained with."""
    if iterations is None or not (model is None or isinstance(model, ModelName)):
        return None
    entry = _restoring(model, degradation)
    trained = entry.iterations
    if trained is None or iterations <= trained:
        return None
    rounds = "iteration" if trained == 1 else "iterations"
    return f"{entry.name} was trained for {trained} {rounds}: more take longer and can be worse"
