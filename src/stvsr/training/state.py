"""The file from which a run resumes: written whole or not at all, checked when read, never unpickled blindly.

state.partial --fsync--> state.pt --next time--> state.previous.pt
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stvsr.errors import StvsrError

CURRENT, PREVIOUS, PARTIAL = "state.pt", "state.previous.pt", "state.partial"
VERSION = 1


@dataclass
class Progress:
    """Everything a run counts.

    Attributes:
        step: Steps done.
        skipped: Steps whose loss or gradient was not finite, or far above the mean, so that they changed nothing.
        running: Running mean of the losses, against which one that is far too high is known.
        followed: Which loss it is the mean of.
        seen: How many losses it has taken in.
        loss_sum: Sum of the losses since the last row of the table.
        norm_sum: Sum of the gradient norms since then.
        summed: Steps in these sums.
        best: Best validation PSNR in dB so far.
        best_step: The step it belongs to.
        seconds: Time spent training, over all resumptions.
        table_bytes: Length of ``metrics.csv``.
    """

    step: int = 0
    skipped: int = 0
    running: float = 0.0
    followed: str = ""
    seen: int = 0
    loss_sum: float = 0.0
    norm_sum: float = 0.0
    summed: int = 0
    best: float = float("-inf")
    best_step: int = 0
    seconds: float = 0.0
    table_bytes: int = 0


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors, numbers, texts and containers of them; the one before it is kept.

    Whenever the process dies, one complete state remains under its name. A SHA-256 follows the contents.

    Raises:
        StvsrError: If the disk is full or not writable; the states already there are left as they were.
    """
    buffer = io.BytesIO()
    torch.save({"version": VERSION, **state}, buffer)
    contents = buffer.getbuffer()
    partial = folder / PARTIAL
    try:
        with partial.open("wb") as file:
            file.write(contents)
            file.write(hashlib.sha256(contents).digest())
            file.flush()
            os.fsync(file.fileno())
        if (folder / CURRENT).exists():
            (folder / CURRENT).replace(folder / PREVIOUS)
        partial.replace(folder / CURRENT)
        sync_folder(folder)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StvsrError(f"{folder}: the checkpoint cannot be written: {error.strerror or error}") from None


def read_state(folder: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """Read the newest complete state of a run.

    Returns:
        The state, or None if the folder never had one, and a line for each state that had to be passed over.

    Raises:
        StvsrError: If there are states and none is complete.
    """
    problems: list[str] = []
    candidates = [path for path in (folder / CURRENT, folder / PREVIOUS) if path.exists()]
    for path in candidates:
        try:
            return _read(path), problems
        except StvsrError as error:
            problems.append(str(error))
    if candidates:
        raise StvsrError(f"{problems[0]}; no other checkpoint is left: start again with --fresh")
    return None, problems


def _read(path: Path) -> dict[str, Any]:
    data = memoryview(path.read_bytes())
    contents, digest = data[:-32], data[-32:]
    if hashlib.sha256(contents).digest() != bytes(digest):
        raise StvsrError(f"{path}: damaged or incomplete (its checksum does not fit)")
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError):
        raise StvsrError(f"{path}: holds more than tensors and numbers, so it is not opened") from None
    if state.get("version") != VERSION:
        raise StvsrError(f"{path}: written by another version of stvsr (format {state.get('version')})")
    return state


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder survive a loss of power, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows does not open folders
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def random_state() -> dict[str, Any]:
    """Return the state of every random generator of this process: Python, NumPy, torch, CUDA."""
    version, internal, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    state: dict[str, Any] = {
        "python": [version, list(internal), gauss],
        "numpy": [str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: dict[str, Any]) -> None:
    """Put every random generator back to where `random_state` found it."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def to_cpu(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dictionary with every tensor on the CPU."""
    return {name: value.detach().cpu() for name, value in state.items()}
