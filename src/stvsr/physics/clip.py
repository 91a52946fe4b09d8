"""What a clip has to be, checked in one place, so that a wrong one is one clear line and no error from deep inside."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from stvsr.errors import StvsrError

AXES = "(batch, channel, time, height, width)"
_KINDS = (torch.float32, torch.float64)


def check_clip(clip: Any, model: nn.Module | None = None) -> tuple[int, int, int]:
    """Return the size of a clip in time, height and width, after making sure that it is one.

    Args:
        clip: Should be float ``(B, C, T, H, W)``; its values are not looked at.
        model: What it goes into, which wants three colours, of the type and on the device of its parameters.

    Raises:
        StvsrError: If it is anything else.
    """
    if not isinstance(clip, Tensor):
        kind = f"{type(clip).__module__}.{type(clip).__qualname__}".removeprefix("builtins.")
        raise StvsrError(f"a clip is a torch tensor {AXES}, not a {kind}; torch.from_numpy makes one of an array")
    shape = tuple(clip.shape)
    if clip.ndim != 5:
        advice = "; give clip[None], a batch of one" if clip.ndim == 4 else ""
        raise StvsrError(f"a clip has the shape {AXES}, not {shape}{advice}")
    if not clip.is_floating_point():
        raise StvsrError(f"a clip holds floats in [0, 1], not {_name(clip)}; give clip.float() / 255 of 8-bit values")
    if clip.dtype not in _KINDS:
        raise StvsrError(f"a clip holds float32, not {_name(clip)}, in which values get lost; give clip.float()")
    if 0 in shape:
        raise StvsrError(f"a clip of the shape {shape} is empty")
    if model is not None:
        _check_fit(clip, model)
    frames, height, width = clip.shape[2:]
    return (frames, height, width)


def _check_fit(clip: Tensor, model: nn.Module) -> None:
    """Raise StvsrError unless a model's layers take a clip."""
    if clip.shape[1] != 3:
        raise StvsrError(f"a model takes red, green and blue, not {clip.shape[1]} channels: {AXES} is the order")
    weight = next(model.parameters(), None)
    if weight is None:
        return
    if clip.device != weight.device:
        raise StvsrError(f"the clip lies on {clip.device}, the model on {weight.device}; give clip.to(the latter)")
    if clip.dtype != weight.dtype:
        raise StvsrError(f"the clip is {_name(clip)}, the model {_name(weight)}; give clip.to(the latter)")


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
