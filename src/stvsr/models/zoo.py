"""The models that ship with the package, read from their JSON alone, and which of them a task takes. Needs no torch."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

from stvsr.errors import StvsrError
from stvsr.models import families
from stvsr.physics.scale import Scale
from stvsr.settings import is_whole
from stvsr.text import one_line, quoted

WEIGHTS = Path(__file__).parent / "weights"
CONFIG, TENSORS = "config.json", "model.safetensors"
LARGEST_CONFIG = 1 << 20
LARGEST_FACTOR = 64
DEFAULT_RESTORER = "davsr-compact"
"""What undoes any degradation, where nothing else was asked for."""

Task = Literal["rescale", "restore", "deblur", "interpolate"]
"""``rescale``: shrinks clips and expands them again. ``restore``: undoes a degradation that it is given. ``deblur``:
the same for motion blur alone, at its own factors. ``interpolate``: makes frames between those that it is given."""
TASKS: tuple[Task, ...] = get_args(Task)
DEGRADATION = ("time", "space", "exposure", "shutter", "blur", "noise", "compression")
"""Settings of `stvsr.physics.degradation.Degradation`, by which a domain says what a model is for."""


@dataclass(frozen=True)
class Entry:
    """What a model folder's `config.json` says.

    Attributes:
        folder: Where the model lies.
        name: ``<family>[-<time>t<space>s][-compact]``, without factors for a model of several.
        task: What it does.
        scale: The factors from low to high; of a model for several, those of its default degradation.
        domain: What it is for, beside its task: the values that settings of a degradation may have, any where a setting
            is absent. It decides what is chosen, not what is possible.
        default_degradation: Settings of `stvsr.physics.degradation.Degradation` that a conditional model undoes unless
            it is given others.
        codec_trained: Whether it was trained for small videos that a lossy codec stores.
        iterations: Rounds that it was trained with; None for a model without rounds.
        model: The configuration that the network is built from.
        parameters: Number of trained numbers.
        training: Data, steps and the like.
        quality: Measured figures by data set.
        licence: Under what terms the weights may be used.
    """

    folder: Path
    name: str
    task: Task
    scale: Scale
    model: dict[str, Any]
    domain: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    default_degradation: Mapping[str, Any] = field(default_factory=dict)
    codec_trained: bool = False
    iterations: int | None = None
    parameters: int = 0
    training: dict[str, Any] = field(default_factory=dict)
    quality: dict[str, Any] = field(default_factory=dict)
    licence: str = "unknown"

    @property
    def family(self) -> str:
        """The method, such as ``staa``."""
        return str(self.model.get("family", ""))

    @property
    def is_conditional(self) -> bool:
        """Whether it is given the degradation that it undoes."""
        return self.task in ("restore", "deblur")

    def takes(self, axis: str) -> tuple[Fraction, ...] | None:
        """Return the factors that it is for in time or space, None for any."""
        values = self.domain.get(axis)
        return None if values is None else tuple(map(Fraction, values))

    def covers(self, scale: Scale | None, degradation: Mapping[str, Any] | None = None) -> bool:
        """Return whether the model is for some factors and a degradation; see `domain`.

        Args:
            scale: The factors; None for any change of the rate, at the same size.
            degradation: Its settings; what is absent counts as covered.
        """
        if scale is None:
            return self.takes("time") is None and self.covers(Scale(), degradation)
        if self.task == "rescale":
            return scale == self.scale
        wanted = {**(degradation or {}), "time": scale.time, "space": Fraction(scale.width)}
        return scale.height == scale.width and all(
            wanted[name] in ((self.takes(name) or ()) if name in ("time", "space") else values)
            for name, values in self.domain.items()
            if name in wanted
        )

    @property
    def checksum(self) -> str:
        """The SHA-256 of the weights, in hexadecimal.

        Raises:
            StvsrError: If they cannot be read.
        """
        path = self.folder / TENSORS
        try:
            if not path.is_file():  # a device or a pipe need not end
                raise FileNotFoundError("no such file")
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise StvsrError(f"{path}: not readable weights ({one_line(error)})") from error


def entries() -> list[Entry]:
    """Return all bundled models, by name."""
    if not WEIGHTS.is_dir():
        return []
    return [read_entry(folder) for folder in sorted(WEIGHTS.iterdir()) if (folder / CONFIG).is_file()]


def list_models() -> list[str]:
    """Return the names of all bundled models."""
    return [entry.name for entry in entries()]


def find(name_or_folder: str | Path) -> Entry:
    """Return the entry of a bundled name, of a folder on disk or of a hub id such as ``owner/model``.

    Raises:
        StvsrError: If there is no such model.
    """
    text = str(name_or_folder)
    if (Path(text) / CONFIG).is_file():
        return read_entry(Path(text))
    bundled = WEIGHTS / text
    if bundled.parent == WEIGHTS and (bundled / CONFIG).is_file():
        return read_entry(bundled)
    if Path(text).exists():
        raise StvsrError(f"{text}: no {CONFIG} in there; a model folder holds {CONFIG} and {TENSORS}")
    if text.count("/") == 1 and not text.startswith((".", "/")):
        return read_entry(_from_hub(text))
    names = list_models()
    close = difflib.get_close_matches(text.lower(), names, n=1)
    known = f"did you mean {close[0]!r}? Or " if close else ""
    known += f"give a folder, a hub id (owner/model) or one of: {', '.join(names) or 'none in this installation'}"
    raise StvsrError(f"no model {text!r}: {known}")


def choose(
    task: Task, scale: Scale | None = None, degradation: Mapping[str, Any] | None = None, *, codec: bool = False
) -> Entry:
    """Return the bundled model for a task, factors and a degradation: the one made most closely for it.

    What undoes any degradation also removes motion blur, where no model ships that does nothing else.

    Args:
        task: What is to be done.
        scale: The factors; None for any change of the rate, at the same size.
        degradation: Settings of `stvsr.physics.degradation.Degradation`, as its `to_dict` gives them.
        codec: Whether one that was trained for a lossy codec comes first, or last.

    Raises:
        StvsrError: If none ships.
    """
    able: list[Task] = [task, "restore"] if task == "deblur" else [task]
    known = [entry for entry in entries() if entry.task in able]
    fitting = [entry for entry in known if entry.covers(scale, degradation)]
    if not fitting:
        names = ", ".join(entry.name for entry in known) or "none"
        raise StvsrError(
            f"no model to {task} {f'by {scale}' if scale else 'by any rate'} ships with stvsr; there are: {names}"
        )

    def distance(entry: Entry) -> tuple[Any, ...]:
        last = not entry.name.endswith("-compact")
        return (able.index(entry.task), entry.codec_trained != codec, -len(entry.domain), last, entry.name)

    return min(fitting, key=distance)


def read_entry(folder: Path) -> Entry:
    """Read a model folder's `config.json`.

    Raises:
        StvsrError: If the file is missing, too large, not JSON, or lacks what it must have.
    """
    path = folder / CONFIG
    data = _read_table(path)
    if not families.is_known(data["model"].get("family")):
        raise StvsrError(
            f"{path}: unknown model family {quoted(data['model'].get('family'))}; update stvsr or check the file"
        )
    _check_scale(path, data["model"])
    model = with_task(data["model"])
    if model["task"] not in TASKS:
        raise StvsrError(f"{path}: task is {quoted(model['task'])}; it must be one of {', '.join(TASKS)}")
    if not str(data.get("name", "")).isprintable():
        raise StvsrError(f"{path}: name is {quoted(data['name'])}; it must be a name that can be printed")
    time, height, width = model["scale"]
    scale, iterations = Scale(Fraction(time), height, width), model.get("iterations")
    task: Task = model["task"]
    return Entry(
        folder=folder,
        name=one_line(data.get("name", folder.name)),
        task=task,
        scale=scale,
        model=model,
        domain=_domain(path, model, scale),
        default_degradation=_default_degradation(task, model, scale),
        codec_trained=bool(_table(data.get("training")).get("codec")),
        iterations=iterations if type(iterations) is int else None,
        parameters=_number(data.get("parameters")),
        training=_table(data.get("training")),
        quality=_table(data.get("quality")),
        licence=one_line(data.get("licence", "unknown")),
    )


def with_task(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a network with the task in it that files from before it was declared leave out.

    The one place that knows how those files say what they are.
    """
    model = dict(model)
    if "task" in model:
        return model
    if model.get("family", "staa") == "davsr":
        return {**model, "task": "restore"}
    if _table(model.get("downsampler")).get("constraint") == "exposure":
        shutter = model.pop("downsampler")
        return {**model, "task": "deblur", **({} if len(shutter) == 1 else {"downsampler": shutter})}
    scale = model.get("scale")
    time = scale[0] if isinstance(scale, list | tuple) and scale else 1
    task = "interpolate" if _is_ratio(time) and Fraction(time).denominator > 1 else "rescale"
    if task == "interpolate" and _table(model.get("upsampler")).get("network") == "warping":
        model["domain"] = {"space": [1]}
    return {**model, "task": task}


def _read_table(path: Path) -> dict[str, Any]:
    """Return what a `config.json` holds, with a table 'model' in it."""
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise StvsrError(f"{path}: larger than a configuration can be ({LARGEST_CONFIG} bytes)")
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique, parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise StvsrError(f"{path}: not a readable model configuration ({one_line(error)})") from error
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise StvsrError(f"{path}: no 'model' table in it; is this a model folder of stvsr?")
    return data


def _domain(path: Path, model: Mapping[str, Any], scale: Scale) -> dict[str, tuple[Any, ...]]:
    """Return what a model says it is for; one that says nothing, and takes no degradation of any factors, its scale."""
    said = model.get("domain")
    if said is None:
        return {} if model["task"] == "restore" else {"time": (str(scale.time),), "space": (scale.width,)}
    known: dict[str, Callable[[Any], bool]] = {
        "time": _is_ratio,
        "space": _is_factor,
        **dict.fromkeys(("shutter", "blur"), lambda value: isinstance(value, str)),
        **dict.fromkeys(("exposure", "noise", "compression"), lambda value: type(value) in (int, float)),
    }
    table = said if isinstance(said, dict) else {"": said}
    for name, values in table.items():
        if not (name in known and isinstance(values, list) and all(map(known[name], values))):
            raise StvsrError(
                f"{path}: domain is {quoted(said)}; it must be lists of values of {', '.join(DEGRADATION)}"
            )
    return {name: tuple(values) for name, values in table.items()}


def _default_degradation(task: Task, model: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    if task not in ("restore", "deblur"):
        return {}
    return {"time": int(scale.time), "space": scale.width, **_table(model.get("degradation"))}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse tables that say two things under one name."""
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name is given twice")
    return table


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _check_scale(path: Path, model: dict[str, Any]) -> None:
    """Refuse factors that no kernel in memory could have, before anything is computed with them."""
    value = model.get("scale")
    if not isinstance(value, list) or len(value) != 3 or not _is_ratio(value[0]) or not all(map(_is_factor, value[1:])):
        raise StvsrError(
            f"{path}: scale is {quoted(value)}; it must be [time, height, width], each from 1 to {LARGEST_FACTOR}"
        )
    degradation: Any = model.get("degradation")
    for name in ("time", "space") if isinstance(degradation, dict) else ():
        factor = degradation.get(name, 1)
        if not _is_factor(factor):
            raise StvsrError(
                f"{path}: degradation.{name} is {quoted(factor)}; it must be a whole number from 1 to {LARGEST_FACTOR}"
            )


def _is_factor(value: Any) -> bool:
    return is_whole(value, 1, LARGEST_FACTOR)


def _is_ratio(value: Any) -> bool:
    """Whether a value is a whole number, or a text such as ``6/5``; powers such as ``1e999999999`` take forever."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,4}(/0*[1-9][0-9]{0,3})?", value):
        return 1 <= Fraction(value) <= LARGEST_FACTOR
    return _is_factor(value)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _from_hub(identifier: str) -> Path:
    """Fetch the two files of a model from the hub, into its cache."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(identifier, allow_patterns=[CONFIG, TENSORS]))
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StvsrError(f"{identifier}: neither a local folder nor a model the hub gives ({reason})") from error
