"""Everything that the frames of a job depend on, as one checksum: the key under which finished segments are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import torch

from stvsr._version import __version__
from stvsr.device import device_of
from stvsr.errors import StvsrError
from stvsr.models.contract import Reducer, Restorer
from stvsr.text import reason

VERSION = 1
"""The way in which segments are cut and kept."""
_BLOCK = 1 << 20


def fingerprint(source: Path, model: Reducer, options: Mapping[str, Any], device: str | None = None) -> str:
    """Return the checksum of everything that decides a job's frames, in hexadecimal.

    Args:
        source: The input, of which every byte counts and neither name nor date does.
        model: What computes, with its weights.
        options: What else there is: the encoder, sizes, times, memory; anything with a telling ``repr``.
        device: What kind of device computes; the one on which the model lies if None.

    Raises:
        StvsrError: If the input cannot be read.
    """
    facts = {
        "version": VERSION,
        **environment(),
        "source": _of_file(source),
        "model": _of_model(model) | {"device": device or device_of(model).type},
        "options": {name: repr(value) for name, value in options.items()},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def environment() -> dict[str, Any]:
    """Return the versions of what makes frames of numbers and numbers of frames."""
    return {
        "stvsr": __version__,
        "torch": torch.__version__,
        "libraries": {name: list(version) for name, version in av.library_versions.items()},
    }


def _of_file(path: Path) -> str:
    digest = hashlib.blake2b()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise StvsrError(f"{path} cannot be read ({reason(error)}); check its permissions") from error
    return digest.hexdigest()


def _of_model(model: Reducer) -> dict[str, str]:
    """Describe a model by its class, settings and weights."""
    described = {"scale": repr(model.scale), "down_context": repr(model.down_context), "identity": repr(model.identity)}
    if isinstance(model, Restorer):
        described |= {"name": model.name, "context": repr(model.context)}
    digest = hashlib.sha256()
    if isinstance(model, torch.nn.Module):
        for name, tensor in sorted(model.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return described | {
        "class": type(model).__qualname__,  # not its module: unfinished jobs outlive the moving of code
        "weights": digest.hexdigest(),
        "kernel": _of_kernel(model),
    }


def _of_kernel(model: Reducer) -> str:
    """Describe the blur, which may have come from a file."""
    try:
        kernel = model.operator.kernel
    except StvsrError:  # an adaptive filter is described by its weights
        return ""
    taps = kernel.taps.detach().cpu().contiguous().numpy().tobytes()
    return f"{kernel.origin} {hashlib.sha256(taps).hexdigest()}"
