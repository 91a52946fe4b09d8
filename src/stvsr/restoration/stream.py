"""A model applied to a video of any length, in bounded memory.

The law: streaming equals processing the whole clip at once, wherever the model's receptive field lies within
the context that it declares.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

import numpy as np
import torch
from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.restoration.contract import Image, Reducer, Restorer
from stvsr.restoration.plan import LONGEST_WINDOW, Plan, Span, Window, plan, spans, whole, windows

DEVICES = ("cpu", "cuda", "mps", "xpu")
MOST_ON_CPU = 4_000_000_000
CPU_SHARE, GPU_SHARE = 0.25, 0.6
BYTES_PER_LOW_PIXEL = 8192
"""Assumed of models that do not say: 64 features in float32, 32 copies of them."""
BYTES_PER_HIGH_PIXEL = 96
"""Of any downsampler: three colours in float32, eight copies of them."""


def downsample_stream(
    model: Reducer,
    frames: Iterable[Image],
    *,
    budget: int | None = None,
    finish: Callable[[Tensor, int], Tensor] | None = None,
) -> Iterator[Image]:
    """Yield the low frames of a stream of high frames.

    Args:
        model: The model; the time factor of its scale must be whole.
        frames: RGB uint8 ``(height, width, 3)``, all of one size.
        budget: Bytes of working memory to aim at; None for what suits the device.
        finish: Applied before rounding to each piece of the low clip ``(1, 3, time, height, width)`` as it comes,
            given the number of low frames before it.

    Yields:
        ``ceil(frames / scale.time)`` frames, those that ``model.downsample`` gives for the whole clip.
    """
    step = model.scale.steps[0]
    first, stream = _peek(frames)
    if first is None:
        return
    margin = whole(model.down_context, step)
    budget = budget or default_budget(model)
    affordable = budget // (first.shape[0] * first.shape[1] * BYTES_PER_HIGH_PIXEL) - 2 * margin
    core = whole(max(1, min(affordable - step + 1, LONGEST_WINDOW)), step)
    done = 0
    for window in windows(stream, core, margin):
        low = _downsample(model, window)
        yield from _to_frames(low if finish is None else finish(low, done))
        done += low.shape[2]


def upsample_stream(
    model: Restorer,
    low_frames: Iterable[Image],
    high_size: tuple[int, int, int] | None = None,
    *,
    budget: int | None = None,
    layout: Plan | None = None,
) -> Iterator[Image]:
    """Yield the high frames of a stream of low frames.

    Args:
        model: The model.
        low_frames: RGB uint8 ``(height, width, 3)``, all of one size.
        high_size: Frames, height and width to crop to, where they are known; else all that the model gives.
        budget: Bytes of working memory to aim at; None for what suits the device.
        layout: Windows and tiles, instead of those that ``budget`` leads to.

    Raises:
        StvsrError: If memory runs out, or there are too few low frames for ``high_size``.
    """
    first, stream = _peek(low_frames)
    if first is None:
        return
    if layout is None:
        per_pixel = int(getattr(model, "bytes_per_low_pixel", BYTES_PER_LOW_PIXEL))
        count = None if high_size is None else model.scale.low_size(high_size)[0]
        size = (count, first.shape[0], first.shape[1])
        layout = plan(model.scale, model.context, size, per_pixel, budget or default_budget(model))
    frames = _upsampled(model, stream, layout)
    if high_size is None:
        yield from frames
        return
    count, height, width = high_size
    done = 0
    for frame in islice(frames, count):
        yield np.ascontiguousarray(frame[:height, :width])
        done += 1
    if done < count:
        raise StvsrError(f"the low video ends early: it holds {done} of {count} frames; make it again")


def _upsampled(model: Restorer, low_frames: Iterable[Image], layout: Plan) -> Iterator[Image]:
    factor = model.scale.time
    margin = whole(model.context[0], factor.denominator)
    for window in windows(low_frames, whole(layout.frames, factor.denominator), margin):
        high = _upsample(model, window.frames, window.lead, window.core, layout)
        yield from high


def choose_device(name: str) -> torch.device:
    """Return the device that ``auto`` (CUDA where there is one) or a name such as ``cuda:1`` stands for.

    Raises:
        StvsrError: If PyTorch does not find it here, or it is none to compute on (`DEVICES`).
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        if torch.device(name).type not in DEVICES:
            raise RuntimeError("such as meta, which holds no numbers")
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise StvsrError(f"--device {name}: PyTorch finds no such device here; use --device cpu") from error


def default_budget(model: Reducer) -> int:
    """Return the bytes of working memory that suit a model's device.

    Most of what a GPU has free, or a quarter of the machine's memory, at most 4 GB.
    """
    device = _device(model)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] * GPU_SHARE)
    try:
        installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every system
        return MOST_ON_CPU // 2
    return min(int(installed * CPU_SHARE), MOST_ON_CPU)


@torch.inference_mode()
def _downsample(model: Reducer, window: Window[Image]) -> Tensor:
    """Return what the window keeps of its low clip."""
    step = model.scale.steps[0]
    start = window.lead // step
    return model.downsample(_to_clip(window.frames, model))[:, :, start : start + -(-window.core // step)]


@torch.inference_mode()
def _upsample(model: Restorer, frames: Sequence[Image], lead: int, core: int, layout: Plan) -> Image:
    """Return the high frames ``(time, height, width, 3)`` of the low frames ``lead .. lead + core``."""
    scale, border = model.scale, model.context[1]
    height, width = frames[0].shape[:2]
    first = int(lead * scale.time)
    count = int((lead + core) * scale.time) - first
    canvas = np.empty((count, height * scale.height, width * scale.width, 3), np.uint8)
    for row in spans(height, layout.rows, border):
        for column in spans(width, layout.columns, border):
            crops = [frame[row.first : row.last, column.first : column.last] for frame in frames]
            high = model.upsample(_to_clip(crops, model))[:, :, first : first + count]
            vertical, above = _kept(row, scale.height)
            horizontal, left = _kept(column, scale.width)
            canvas[:, vertical, horizontal] = _to_frames(high[..., above, left])
    return canvas


def _kept(span: Span, factor: int) -> tuple[slice, slice]:
    """Where the kept part of a span lies in the high frame, and where in the high tile."""
    start, stop = span.start * factor, span.stop * factor
    shift = span.first * factor
    return slice(start, stop), slice(start - shift, stop - shift)


def _to_clip(frames: Sequence[Image], model: Reducer) -> Tensor:
    """Return frames as a clip ``(1, 3, time, height, width)`` on the model's device."""
    stacked = torch.from_numpy(np.stack(frames)).to(_device(model))
    return stacked.permute(3, 0, 1, 2)[None].float() / 255


def _device(model: Reducer) -> torch.device:
    tensors = model.parameters() if isinstance(model, torch.nn.Module) else iter(())
    return next((tensor.device for tensor in tensors), torch.device("cpu"))


def _to_frames(clip: Tensor) -> Image:
    """Return a clip ``(1, 3, time, height, width)`` as 8-bit frames ``(time, height, width, 3)``."""
    codes = (clip[0].float().clamp(0, 1) * 255).round().to(torch.uint8)
    frames: Image = codes.permute(1, 2, 3, 0).contiguous().cpu().numpy()
    return frames


def _peek(frames: Iterable[Image]) -> tuple[Image | None, Iterator[Image]]:
    """Return the first frame, and the stream as if it had not been looked at."""
    source = iter(frames)
    first = next(source, None)
    return first, source if first is None else chain([first], source)
