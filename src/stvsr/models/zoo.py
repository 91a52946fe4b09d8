"""The models that ship with the package, read from their JSON alone. Needs no torch."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Any

from stvsr.errors import StvsrError
from stvsr.physics.scale import Scale
from stvsr.text import one_line, quoted

WEIGHTS = Path(__file__).parent / "weights"
CONFIG, TENSORS = "config.json", "model.safetensors"
LARGEST_CONFIG = 1 << 20
LARGEST_FACTOR = 64
FAMILIES = ("staa", "davsr")


@dataclass(frozen=True)
class Entry:
    """What a model folder's `config.json` says.

    Attributes:
        folder: Where the model lies.
        name: ``<family>[-<time>t<space>s][-compact]``, without factors for a model that is told any.
        model: The configuration that the network is built from.
        parameters: Number of trained numbers.
        training: Data, steps and the like.
        quality: Measured figures by data set.
        licence: Under what terms the weights may be used.
    """

    folder: Path
    name: str
    model: dict[str, Any]
    parameters: int
    training: dict[str, Any]
    quality: dict[str, Any]
    licence: str

    @property
    def family(self) -> str:
        """The method: ``staa`` or ``davsr``."""
        return str(self.model.get("family", ""))

    @property
    def general(self) -> bool:
        """Whether it is made for any factors, of which `scale` names the usual ones."""
        return self.family == "davsr" and not re.search(r"-\d+t\d+s", self.name)

    @property
    def deblurs(self) -> bool:
        """Whether it undoes a camera's exposure, at its own factors, rather than what it shrank itself."""
        return self.family == "staa" and _table(self.model.get("downsampler")).get("constraint") == "exposure"

    @property
    def told(self) -> bool:
        """Whether it undoes a degradation that it is told of."""
        return self.family == "davsr" or self.deblurs

    @property
    def degradation(self) -> dict[str, Any]:
        """Settings of `stvsr.physics.degradation.Degradation` that it undoes unless told otherwise, if it is told."""
        if self.deblurs:
            return {"time": int(self.scale.time), "space": self.scale.width}
        return _table(self.model.get("degradation"))

    @property
    def coded(self) -> bool:
        """Whether it was trained for small videos that a lossy codec stores."""
        return bool(self.training.get("codec"))

    @property
    def retimes(self) -> bool:
        """Whether it makes frames between those that it is given, by a ratio p/q."""
        return self.family == "staa" and self.scale.time.denominator > 1

    @property
    def any_rate(self) -> bool:
        """Whether it makes frames between those that it is given at any instant, whatever its ratio."""
        return self.retimes and _table(self.model.get("upsampler")).get("network") == "warping"

    @property
    def scale(self) -> Scale:
        """The factors from low to high."""
        time, height, width = self.model["scale"]
        return Scale(Fraction(time), height, width)

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
    close = get_close_matches(text, names, n=1)
    meant = f"did you mean {close[0]}? Else " if close else ""
    known = ", ".join(names) or "none in this installation"
    raise StvsrError(f"no model {text!r}: {meant}give a folder, a hub id (owner/model) or one of: {known}")


def find_by_scale(scale: Scale, family: str = "staa", *, coded: bool = False) -> Entry:
    """Return the bundled model of that family and scale, the compact one where there are two; none that only deblurs.

    Args:
        scale: The factors.
        family: The method.
        coded: Whether one that was trained for a lossy codec comes first, or last.

    Raises:
        StvsrError: If none ships.
    """
    known = [entry for entry in entries() if entry.family == family and not entry.deblurs]
    fitting = [entry for entry in known if entry.scale == scale]
    if not fitting:
        names = ", ".join(entry.name for entry in known) or "none"
        raise StvsrError(f"no {family} model for {scale} ships with stvsr; there are: {names}")
    return min(fitting, key=lambda e: (e.coded != coded, not e.name.endswith("-compact"), e.name))


def read_entry(folder: Path) -> Entry:
    """Read a model folder's `config.json`.

    Raises:
        StvsrError: If the file is missing, too large, not JSON, or lacks what it must have.
    """
    path = folder / CONFIG
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise StvsrError(f"{path}: larger than a configuration can be ({LARGEST_CONFIG} bytes)")
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique, parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise StvsrError(f"{path}: not a readable model configuration ({one_line(error)})") from error
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise StvsrError(f"{path}: no 'model' table in it; is this a model folder of stvsr?")
    if data["model"].get("family") not in FAMILIES:
        raise StvsrError(
            f"{path}: unknown model family {quoted(data['model'].get('family'))}; update stvsr or check the file"
        )
    _check_scale(path, data["model"])
    if not str(data.get("name", "")).isprintable():
        raise StvsrError(f"{path}: name is {quoted(data['name'])}; it must be a name that can be printed")
    return Entry(
        folder=folder,
        name=one_line(data.get("name", folder.name)),
        model=data["model"],
        parameters=_number(data.get("parameters")),
        training=_table(data.get("training")),
        quality=_table(data.get("quality")),
        licence=one_line(data.get("licence", "unknown")),
    )


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
    return type(value) is int and 1 <= value <= LARGEST_FACTOR


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
