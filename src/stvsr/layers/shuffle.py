"""Rearrange channels into space-time samples and back (STAA, section 3.2)."""

from __future__ import annotations

from torch import Tensor


def space_time_shuffle(x: Tensor, time: int, height: int, width: int) -> Tensor:
    """Spread groups of ``time * height * width`` channels over a finer space-time grid.

    Output sample ``(c, n * time + i, y * height + j, x * width + k)`` is input channel
    ``((c * time + i) * height + j) * width + k`` at ``(n, y, x)``.

    Args:
        x: Features ``(B, C * time * height * width, N, H, W)``.
        time: Samples in time made of each input frame.
        height: Samples in height made of each input row.
        width: Samples in width made of each input column.

    Returns:
        ``(B, C, N * time, H * height, W * width)``.

    Raises:
        ValueError: If the channels are no multiple of ``time * height * width``.
    """
    batch, channels, frames, rows, columns = x.shape
    samples = time * height * width
    if channels % samples:
        raise ValueError(f"{channels} channels cannot be shared out among {samples} samples each")
    grouped = x.reshape(batch, channels // samples, time, height, width, frames, rows, columns)
    interleaved = grouped.permute(0, 1, 5, 2, 6, 3, 7, 4)
    return interleaved.reshape(batch, -1, frames * time, rows * height, columns * width)


def space_time_unshuffle(x: Tensor, time: int, height: int, width: int) -> Tensor:
    """Gather ``time * height * width`` neighbouring samples into channels: undoes `space_time_shuffle`.

    Args:
        x: Features ``(B, C, N * time, H * height, W * width)``.
        time: Neighbouring frames to gather.
        height: Neighbouring rows to gather.
        width: Neighbouring columns to gather.

    Returns:
        ``(B, C * time * height * width, N, H, W)``.

    Raises:
        ValueError: If a size is no multiple of its factor.
    """
    batch, channels, frames, rows, columns = x.shape
    if frames % time or rows % height or columns % width:
        raise ValueError(f"a size of {(frames, rows, columns)} is no multiple of {(time, height, width)}")
    frames, rows, columns = frames // time, rows // height, columns // width
    split = x.reshape(batch, channels, frames, time, rows, height, columns, width)
    gathered = split.permute(0, 1, 3, 5, 7, 2, 4, 6)
    return gathered.reshape(batch, -1, frames, rows, columns)
