"""Pictures that show what figures cannot: crops of successive frames, and slices through space and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.psnr_ssim import Frames

if TYPE_CHECKING:
    from PIL.Image import Image

GAP = 6
CAPTION = 22
PAPER, INK = (255, 255, 255), (20, 20, 20)


@dataclass(frozen=True)
class Region:
    """A rectangle of a frame, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, frames: Frames) -> Frames:
        """Return the rectangle of ``(..., H, W, 3)``."""
        return frames[..., self.top : self.top + self.height, self.left : self.left + self.width, :]


def busiest_region(frames: Frames, first: int, side: int) -> Region:
    """Return the square in which the frames ``first`` and ``first + 1`` of the truth differ most.

    Chosen on the truth alone, so that it favours no method.

    Args:
        frames: ``(T, H, W, 3)`` uint8.
        first: The earlier frame.
        side: Of the square, in pixels; smaller where the frame is.
    """
    change = np.abs(frames[first + 1].astype(np.float64) - frames[first]).sum(axis=2)
    height, width = (min(side, size) for size in change.shape)
    total = np.pad(change, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    sums = total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    return Region(int(top), int(left), height, width)


def compare(clips: Sequence[tuple[str, Frames]], region: Region, first: int, last: int, zoom: int = 3) -> Image:
    """Draw one row for each clip: its crops at the frames ``first`` to ``last``, then its x-t slice.

    The slice (`time_slice`) is that of the region's middle line.

    Args:
        clips: Captions and frames ``(T, H, W, 3)`` uint8, all of one shape.
        region: What to crop.
        first: The first frame to show.
        last: The last one.
        zoom: Each pixel becomes a square of this side.

    Returns:
        The picture (Pillow, RGB).

    Raises:
        StvsrError: If Pillow is missing.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise StvsrError("drawing needs Pillow: pip install 'stvsr[evaluate]'") from error

    rows = [_row(region.cut(frames), first, last, zoom) for _, frames in clips]
    height = sum(row.shape[0] + CAPTION + GAP for row in rows) + GAP
    canvas = Image.new("RGB", (rows[0].shape[1] + 2 * GAP, height), PAPER)
    draw = ImageDraw.Draw(canvas)
    top = GAP
    for (caption, _), row in zip(clips, rows, strict=True):
        draw.text((GAP, top), caption, fill=INK, font_size=16)
        canvas.paste(Image.fromarray(row), (GAP, top + CAPTION))
        top += row.shape[0] + CAPTION + GAP
    return canvas


def _row(crops: Frames, first: int, last: int, zoom: int) -> Frames:
    """Return the enlarged crops and the slice ``(zoom * height, ..., 3)``, side by side."""
    height = zoom * crops.shape[1]
    parts = [_enlarge(crops[i], zoom) for i in range(first, last + 1)]
    parts.append(time_slice(crops, crops.shape[1] // 2, height).repeat(zoom, axis=1))
    gap = np.full((height, GAP, 3), PAPER, np.uint8)
    spaced = [piece for part in parts for piece in (part, gap)][:-1]
    return np.concatenate(spaced, axis=1)


def time_slice(frames: Frames, row: int, height: int | None = None) -> NDArray[np.uint8]:
    """Return the x-t slice of a clip: the same row of every frame, the first frame on top.

    What moves evenly is a slanted straight line there, what stands still is upright, what jitters has steps.

    Args:
        frames: ``(T, H, W, 3)`` uint8.
        row: Which row, 0 at the top.
        height: Stretched to so many rows, every frame getting the same share of them, give or take one; T if None.

    Returns:
        ``(height, W, 3)`` uint8.

    Raises:
        StvsrError: If the frames have no such row, or nothing would be left.
    """
    if not 0 <= row < frames.shape[1]:
        raise StvsrError(f"row {row} is outside frames of {frames.shape[1]} rows: give 0 to {frames.shape[1] - 1}")
    height = len(frames) if height is None else height
    if height < 1:
        raise StvsrError(f"a slice of height {height} is impossible: give 1 or more")
    places = np.arange(height) * len(frames) // height
    slice_: NDArray[np.uint8] = frames[places, row]
    return slice_


def _enlarge(image: NDArray[np.uint8], zoom: int) -> NDArray[np.uint8]:
    return image.repeat(zoom, axis=0).repeat(zoom, axis=1)


def hold(low: Frames, time: int, height: int, width: int, size: tuple[int, int, int]) -> Frames:
    """Return a low clip as it is, each pixel a block and each frame held, cropped to a size.

    Args:
        low: ``(t, h, w, 3)``.
        time: How often each frame is shown.
        height: Rows that each pixel becomes.
        width: Columns that each pixel becomes.
        size: Frames, height and width of the result.
    """
    frames, rows, columns = size
    large = low.repeat(time, axis=0)[:frames].repeat(height, axis=1).repeat(width, axis=2)
    return large[:, :rows, :columns]


def strip(rows: Sequence[Sequence[tuple[str, Frames]]], zoom: int = 2) -> Image:
    """Draw crops side by side, each under its caption.

    Args:
        rows: Of captions and crops ``(height, width, 3)`` uint8, all of one size.
        zoom: Each pixel becomes a square of this side.

    Returns:
        The picture (Pillow, RGB).

    Raises:
        StvsrError: If Pillow is missing.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise StvsrError("drawing needs Pillow: pip install 'stvsr[evaluate]'") from error

    height, width = (zoom * size for size in rows[0][0][1].shape[:2])
    columns = max(len(row) for row in rows)
    size = (columns * (width + GAP) + GAP, len(rows) * (height + CAPTION + GAP) + GAP)
    canvas = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(canvas)
    for i, row in enumerate(rows):
        for j, (caption, crop) in enumerate(row):
            left, top = GAP + j * (width + GAP), GAP + i * (height + CAPTION + GAP)
            draw.text((left, top), caption, fill=INK, font_size=16)
            canvas.paste(Image.fromarray(crop.repeat(zoom, axis=0).repeat(zoom, axis=1)), (left, top + CAPTION))
    return canvas
