"""What a run tells about itself: in ``config.json`` of the model, and as work done per second."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from stvsr.models.network import Network
from stvsr.settings import plain
from stvsr.training.losses import Loss, objective
from stvsr.training.recipe import Recipe
from stvsr.training.state import Progress


def describe(
    recipe: Recipe, progress: Progress, measured: Mapping[str, float], processes: int, device: torch.device
) -> dict[str, Any]:
    """Return what ``config.json`` says about the training; ``${VARIABLES}`` in folders stay as written.

    Args:
        recipe: What was asked for.
        progress: What was done.
        measured: Validation results in dB of exactly these weights; may be empty.
        processes: How many shared the work.
        device: Of each process.
    """
    data = recipe.data
    samples = {"frames": data.frames, "patch": data.patch, "batch": data.batch * processes}
    return {
        "training": {
            "data": plain(data.train),
            "samples": samples,
            "steps": progress.step,
            "loss": recipe.loss,
            "hours": round(progress.seconds / 3600, 3),
            "device": device_name(device),
            "start_from": recipe.start_from or None,
            **({"degradation": plain(recipe.degradation)} if recipe.degradation.times else {}),
            **({"flow": recipe.flow} if recipe.flow else {}),
            **({"codec": plain(recipe.codec)} if recipe.codec.name else {}),
            "notes": recipe.notes,
        },
        "quality": {"validation": {name: round(value, 3) for name, value in measured.items()}},
        "licence": recipe.licence,
    }


def device_name(device: torch.device) -> str:
    """Return the name of a device as a person knows it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"


def operations_per_step(model: Network, loss: Loss, clip: Tensor) -> float:
    """Return how many floating-point operations a step takes, forward and backward, in convolutions and products.

    Leaves the gradients empty and the random state as it was.
    """
    devices = [clip.device] if clip.is_cuda else []
    with torch.random.fork_rng(devices=devices), FlopCounterMode(display=False) as counter:
        objective(loss, model(clip)[1], model.targets(clip), 0).backward()  # type: ignore[no-untyped-call]
    model.zero_grad(set_to_none=True)
    return float(counter.get_total_flops())
