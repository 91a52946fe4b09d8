"""Reading and writing model folders: `config.json` and `model.safetensors`. Nothing is ever unpickled."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from stvsr.errors import StvsrError
from stvsr.models.families import builder
from stvsr.models.network import Network
from stvsr.models.zoo import CONFIG, TENSORS, Entry, find, with_task
from stvsr.text import one_line, quoted

FLOATS = ("F32", "F16", "BF16")
LARGEST_HEADER = 8 << 20


def build(config: dict[str, Any], name: str = "staa") -> Network:
    """Build an untrained model from its configuration.

    Raises:
        StvsrError: If the family or a setting is unknown.
    """
    return builder(str(config.get("family", "staa")))(with_task(config), name)


def load(name_or_folder: str | Path, device: str | torch.device = "cpu") -> Network:
    """Load a model in evaluation mode.

    Args:
        name_or_folder: A bundled name (`stvsr models` lists them), a model folder, or a hub id ``owner/model``.
        device: Where its tensors go.

    Raises:
        StvsrError: If there is no such model, or its files do not belong together.
    """
    entry = find(name_or_folder)
    path = entry.folder / TENSORS
    _check_shapes(entry, path)
    model = build(entry.model, entry.name)
    model.load_state_dict(_tensors(path))
    return model.to(device).eval().requires_grad_(False)


def save(model: Network, folder: str | Path, extra: dict[str, Any] | None = None) -> None:
    """Write a model folder, each file complete or not at all.

    Args:
        model: The model; its tensors are stored in float32.
        folder: Made if missing.
        extra: More entries for `config.json`: ``training``, ``quality``, ``licence``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "name": model.name,
        "model": model.config.to_dict(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "operator": _describe_operator(model),
        **(extra or {}),
    }
    tensors = {key: value.detach().float().cpu().contiguous() for key, value in model.state_dict().items()}
    partial = folder / f".{TENSORS}.partial"
    save_file(tensors, partial)
    partial.replace(folder / TENSORS)
    partial = folder / f".{CONFIG}.partial"
    with partial.open("w", encoding="utf-8") as file:
        file.write(_readable(config) + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / CONFIG)


def _readable(config: dict[str, Any]) -> str:
    """Indented JSON with short lists on one line."""
    short = re.compile(r"\[\s+([^][{}]*?)\s+\]")
    return short.sub(lambda found: "[" + re.sub(r",\s+", ", ", found[1]) + "]", json.dumps(config, indent=1))


def _describe_operator(model: Network) -> dict[str, Any] | None:
    """What the kernel is, for readers of the JSON; the exact taps are those of the weights."""
    try:
        kernel = model.operator.kernel
    except StvsrError:  # it has none
        return None
    rounded = [[round(x, 4) for x in row] for row in kernel.centroid.tolist()]
    return {"origin": kernel.origin, "window": kernel.size, "centroid": rounded}


def _check_shapes(entry: Entry, path: Path) -> None:
    """Refuse weights that are not exactly those of the configured network, before anything large is allocated."""
    wanted = _wanted(entry)
    try:
        if path.exists() and not path.is_file():
            raise ValueError("not a regular file")
        with path.open("rb") as stream:
            if int.from_bytes(stream.read(8), "little") > LARGEST_HEADER:
                raise ValueError("its table of contents is larger than one can be")
        with safe_open(path, framework="pt") as file:
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
        found = {key: part.get_shape() for key, part in slices.items() if part.get_dtype() in FLOATS}
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise StvsrError(f"{path}: not readable weights ({one_line(error)})") from error
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            message = (
                f"tensor {quoted(key)} is {found.get(key, 'missing')}, the configuration wants "
                f"{wanted.get(key, 'none')}"
            )
            raise StvsrError(f"{path}: {message}; take both files from the same model")


def _wanted(entry: Entry) -> dict[str, list[int]]:
    """Return the shapes of the tensors of the configured network, without allocating them."""
    try:
        with torch.device("meta"):
            return {key: list(value.shape) for key, value in build(entry.model, entry.name).state_dict().items()}
    except StvsrError as error:
        raise StvsrError(f"{entry.folder / CONFIG}: {one_line(error)}") from error
    except Exception as error:  # whatever a stranger's settings make of the network's own code
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise StvsrError(f"{entry.folder / CONFIG}: describes no network that can be built ({reason})") from error


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise StvsrError(f"{path}: not readable weights ({one_line(error)})") from error
    for key, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise StvsrError(f"{path}: tensor {quoted(key)} holds values that are no numbers; take another copy")
    return tensors
