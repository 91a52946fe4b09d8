"""Captioned crops in rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics import Frames
from stvsr.evaluation.picture import CAPTION, GAP, INK, PAPER

if TYPE_CHECKING:
    from PIL.Image import Image


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
