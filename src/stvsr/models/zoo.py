"""The models that ship with the package, read from their JSON alone. Needs no torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from stvsr.errors import StvsrError
from stvsr.physics.scale import Scale

WEIGHTS = Path(__file__).parent / "weights"
CONFIG, TENSORS = "config.json", "model.safetensors"
LARGEST_CONFIG = 1 << 20
FAMILIES = ("staa", "davsr")


@dataclass(frozen=True)
class Entry:
    """What a model folder's `config.json` says.

    Attributes:
        folder: Where the model lies.
        name: ``<family>-<time>t<space>s[-compact]``.
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
    def scale(self) -> Scale:
        """The factors from low to high."""
        time, height, width = self.model["scale"]
        return Scale(Fraction(time), height, width)

    @property
    def checksum(self) -> str:
        """The SHA-256 of the weights, in hexadecimal."""
        return hashlib.sha256((self.folder / TENSORS).read_bytes()).hexdigest()


def entries() -> list[Entry]:
    """Return all bundled models, by name."""
    if not WEIGHTS.is_dir():
        return []
    return [read_entry(folder) for folder in sorted(WEIGHTS.iterdir()) if (folder / CONFIG).is_file()]


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
    names = ", ".join(entry.name for entry in entries()) or "none in this installation"
    raise StvsrError(f"no model {text!r}: give a folder, a hub id (owner/model) or one of: {names}")


def find_by_scale(scale: Scale, family: str = "staa") -> Entry:
    """Return the bundled model of that family and scale, the compact one where there are two.

    Raises:
        StvsrError: If none ships.
    """
    fitting = [entry for entry in entries() if entry.family == family and entry.scale == scale]
    if not fitting:
        names = ", ".join(entry.name for entry in entries() if entry.family == family) or "none"
        raise StvsrError(f"no {family} model for {scale} ships with stvsr; there are: {names}")
    return min(fitting, key=lambda entry: (not entry.name.endswith("-compact"), entry.name))


def read_entry(folder: Path) -> Entry:
    """Read a model folder's `config.json`.

    Raises:
        StvsrError: If the file is missing, too large, not JSON, or lacks what it must have.
    """
    path = folder / CONFIG
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise StvsrError(f"{path}: larger than a configuration can be ({LARGEST_CONFIG} bytes)")
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise StvsrError(f"{path}: not a readable model configuration ({error})") from error
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise StvsrError(f"{path}: no 'model' table in it; is this a model folder of stvsr?")
    if data["model"].get("family") not in FAMILIES:
        raise StvsrError(
            f"{path}: unknown model family {data['model'].get('family')!r}; update stvsr or check the file"
        )
    _check_scale(path, data["model"].get("scale"))
    return Entry(
        folder=folder,
        name=str(data.get("name", folder.name)),
        model=data["model"],
        parameters=_number(data.get("parameters")),
        training=_table(data.get("training")),
        quality=_table(data.get("quality")),
        licence=str(data.get("licence", "unknown")),
    )


def _check_scale(path: Path, value: Any) -> None:
    try:
        time, height, width = value
        Scale(Fraction(time), height, width)
    except (TypeError, ValueError, ZeroDivisionError, StvsrError) as error:
        raise StvsrError(f"{path}: scale is {value!r}; it must be [time, height, width]") from error


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
