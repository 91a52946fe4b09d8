"""Modulated deformable convolution in plain PyTorch ("Deformable ConvNets v2", Zhu et al., CVPR 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Size2d = tuple[int, int]

# Sampling makes one value for each tap and channel. Once those outgrow the cache before they are multiplied
# with the weights, memory sets the pace, so taps are taken a few at a time: at 64×192×192 on a CPU, three at
# once need 0.6 of the time of all nine at once. An accelerator wants fewer and larger steps.
SAMPLED_BYTES_CPU = 32 << 20
SAMPLED_BYTES_ACCELERATOR = 512 << 20


def deform_conv2d(
    x: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    weight: Tensor,
    bias: Tensor | None = None,
    padding: int | Size2d = 0,
    dilation: int | Size2d = 1,
    taps_at_once: int | None = None,
) -> Tensor:
    """Convolve with stride 1, reading each tap of the kernel at its own, fractional place.

    ``y(p) = bias + sum_k weight_k * mask_k(p) * x(p + k + offset_k(p))``, where ``x`` is interpolated
    linearly between samples and is zero outside the image. Positions are reckoned in float32 or wider
    whatever the types of ``x`` and ``offset``: bfloat16 cannot tell column 257 from column 258.

    Args:
        x: Features ``(B, C, H, W)``.
        offset: Displacements in pixels ``(B, groups * taps * 2, H', W')``, in the order group, tap (row by
            row), (down, right). Each group moves its own ``C / groups`` channels; this shape says how many.
        mask: Factors ``(B, groups * taps, H', W')``; ``None`` stands for 1 everywhere.
        weight: Kernel ``(C', C, kernel height, kernel width)``.
        bias: ``(C',)`` or ``None``.
        padding: Zeros around the image, (height, width) or one number for both.
        dilation: Distance between neighbouring taps, (height, width) or one number for both.
        taps_at_once: How many taps to sample before multiplying with the weights: fewer need less memory.
            Chosen by size unless told.

    Returns:
        ``(B, C', H', W')`` with ``H' = H + 2 * padding - dilation * (kernel height - 1)``, ``W'`` likewise.

    Raises:
        ValueError: If the shapes do not belong together.
    """
    batch, channels, height, width = x.shape
    out_channels, _, rows, columns = weight.shape
    taps = rows * columns
    (top, left), (row_step, column_step) = _pair(padding), _pair(dilation)
    out_height = height + 2 * top - row_step * (rows - 1)
    out_width = width + 2 * left - column_step * (columns - 1)
    groups = _count_groups(x, offset, mask, weight, (out_height, out_width))

    moves = offset.to(torch.promote_types(offset.dtype, torch.float32))
    moves = moves.reshape(batch * groups, taps, 2, out_height, out_width)
    images = x.to(moves.dtype).reshape(batch * groups, channels // groups, height, width)
    tap = torch.arange(taps, device=x.device)
    down = _grid_positions(tap // columns * row_step - top, out_height, height, moves.dtype)
    right = _grid_positions(tap % columns * column_step - left, out_width, width, moves.dtype)
    factors = None if mask is None else mask.reshape(batch * groups, 1, taps, out_height, out_width)
    kernel = weight.reshape(out_channels, channels, taps)

    result = None if bias is None else bias[:, None]
    step = taps_at_once or _choose_taps(images, taps, out_height * out_width)
    for part in (slice(first, first + step) for first in range(0, taps, step)):
        vertical = torch.add(down[part, :, None], moves[:, part, 0], alpha=2 / height)
        horizontal = torch.add(right[part, None, :], moves[:, part, 1], alpha=2 / width)
        grid = torch.stack((horizontal, vertical), dim=-1).flatten(1, 2)
        sampled = F.grid_sample(images, grid, align_corners=False)
        if factors is not None:
            sampled = sampled * factors[:, :, part].flatten(2, 3)
        columns_of_x = sampled.to(x.dtype).reshape(batch, -1, out_height * out_width)
        product = kernel[:, :, part].flatten(1) @ columns_of_x
        result = product if result is None else result + product
    assert result is not None
    return result.reshape(batch, out_channels, out_height, out_width)


def _exporting() -> bool:
    """Whether a graph is being recorded, in which sizes may be symbols and nothing can be noted."""
    return torch.compiler.is_exporting() or torch.onnx.is_in_onnx_export()


def _pair(value: int | Size2d) -> Size2d:
    return (value, value) if isinstance(value, int) else value


def _grid_positions(starts: Tensor, length: int, size: int, dtype: torch.dtype) -> Tensor:
    """Return ``(taps, length)`` positions ``start + 0 .. length - 1`` in the units of `F.grid_sample`.

    Those run from -1 to 1 between the outer edges of the image (``align_corners=False``), which is defined
    for a single sample too; between the outer samples (``align_corners=True``) it would divide by zero.
    """
    pixels = starts[:, None] + torch.arange(length, device=starts.device)
    return (2 * pixels.to(dtype) + 1) / size - 1


def _choose_taps(images: Tensor, taps: int, places: int) -> int:
    """Return how many taps to sample at once, all of them in an exported graph."""
    if _exporting():
        return taps
    budget = SAMPLED_BYTES_CPU if images.device.type == "cpu" else SAMPLED_BYTES_ACCELERATOR
    bytes_per_tap = images.shape[0] * images.shape[1] * places * images.element_size()
    passes = -(-taps * bytes_per_tap // budget)
    return max(1, -(-taps // passes))


def _count_groups(x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, size: Size2d) -> int:
    """Return the number of groups that the offsets are for, or raise ValueError if the shapes disagree."""
    taps = weight.shape[2] * weight.shape[3]
    groups = offset.shape[1] // (2 * taps)
    if groups < 1 or offset.shape[1] % (2 * taps) or x.shape[1] % groups or weight.shape[1] != x.shape[1]:
        raise ValueError(
            f"offsets with {offset.shape[1]} channels and a kernel {tuple(weight.shape)} do not fit "
            f"{x.shape[1]} channels: offsets need groups * taps * 2"
        )
    if _exporting():
        return groups
    expected = {"offset": (len(x), groups * taps * 2, *size), "mask": (len(x), groups * taps, *size)}
    for name, tensor in (("offset", offset), ("mask", mask)):
        if tensor is not None and tuple(tensor.shape) != expected[name]:
            raise ValueError(f"{name} is {tuple(tensor.shape)} and should be {expected[name]}")
    return groups


class OffsetRecord:
    """How far a deformable convolution has reached since `clear`; kept on its device, without waiting."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.total: Tensor | None = None
        self.largest: Tensor | None = None
        self.count = 0

    def add(self, offset: Tensor) -> None:
        """Take note of offsets of any shape, in pixels."""
        offset = offset.detach().float()
        total, largest = torch.linalg.vector_norm(offset, 1), torch.linalg.vector_norm(offset, torch.inf)
        self.total = total if self.total is None else self.total + total
        self.largest = largest if self.largest is None else torch.maximum(self.largest, largest)
        self.count += offset.numel()


class DeformableConv2d(nn.Module):
    """Deformable convolution that predicts its own offsets and masks from guiding features.

    ::

        guide ── conv ─┬─ offsets ─────┐
                       └─ 2·sigmoid ── masks
                                       │
        x ──────────────────── deformable conv ──>

    The predicting convolution starts at zero and masks are twice a sigmoid, so a fresh layer is an ordinary
    convolution exactly: every offset 0, every mask 1.

    Args:
        features: Channels of the input, the guide and the output.
        groups: Sets of offsets; each moves ``features / groups`` channels.
        kernel: Odd size of both the kernel and the predicting one; the image size is kept.
    """

    def __init__(self, features: int, groups: int = 8, kernel: int = 3) -> None:
        super().__init__()
        self.padding = kernel // 2
        self.offset_channels = 2 * groups * kernel**2
        ordinary = nn.Conv2d(features, features, kernel)
        self.weight, self.bias = ordinary.weight, ordinary.bias
        self.predict = nn.Conv2d(features, 3 * groups * kernel**2, kernel, padding=self.padding)
        nn.init.zeros_(self.predict.weight)
        assert self.predict.bias is not None
        nn.init.zeros_(self.predict.bias)
        self.offsets = OffsetRecord()

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        """Convolve ``x`` as ``guide`` says; both and the result are ``(B, features, H, W)``."""
        predicted = self.predict(guide)
        offset, logits = predicted[:, : self.offset_channels], predicted[:, self.offset_channels :]
        if not _exporting():
            self.offsets.add(offset)
        return deform_conv2d(x, offset, 2 * logits.sigmoid(), self.weight, self.bias, self.padding)


def clear_offset_statistics(module: nn.Module) -> None:
    """Forget the offsets that the deformable convolutions inside ``module`` have used."""
    for record in _offset_records(module):
        record.clear()


def offset_statistics(module: nn.Module) -> dict[str, float]:
    """Return ``mean`` and ``max`` absolute offset in pixels inside ``module`` since they were last cleared.

    Offsets that run away are the usual way in which networks with deformable convolutions diverge, so
    training logs these. Empty if there was no forward pass. Waits for the device.
    """
    records = [record for record in _offset_records(module) if record.count]
    if not records:
        return {}
    total = sum(float(record.total) for record in records if record.total is not None)
    largest = max(float(record.largest) for record in records if record.largest is not None)
    return {"mean": total / sum(record.count for record in records), "max": largest}


def _offset_records(module: nn.Module) -> list[OffsetRecord]:
    """Return the record of every layer that keeps one as its ``offsets``."""
    kept = (getattr(layer, "offsets", None) for layer in module.modules())
    return [record for record in kept if isinstance(record, OffsetRecord)]
