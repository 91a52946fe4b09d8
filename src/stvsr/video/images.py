"""Still pictures: the type of a frame, and reading image files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from stvsr.errors import StvsrError

if TYPE_CHECKING:
    import PIL.Image

Image: TypeAlias = npt.NDArray[Any]
"""One frame: RGB, ``(height, width, 3)``, uint8 or, where asked for, uint16."""
VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3g2", "3gp", "asf", "avi", "dv", "f4v", "flv", "gif", "ivf", "m2ts", "m2v", "m4v", "mjpeg", "mkv"),
        *("mov", "mp4", "mpeg", "mpg", "mts", "mxf", "nut", "ogv", "ts", "vob", "webm", "wmv", "y4m"),
    )
)
IMAGE_SUFFIXES = frozenset([".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"])


def read_image(path: Path) -> Image:
    """Read one image as ``(height, width, 3)`` uint8 RGB.

    Raises:
        StvsrError: If Pillow is missing or the file is not an image that it can read.
    """
    with _opened(path) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def image_size(path: Path) -> tuple[int, int]:
    """Return ``(height, width)`` of an image without decoding it.

    Raises:
        StvsrError: As for `read_image`.
    """
    with _opened(path) as image:
        return image.height, image.width


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[PIL.Image.Image]:
    try:
        import PIL.Image
    except ImportError as error:
        raise StvsrError("reading images needs Pillow: pip install 'stvsr[train]'") from error
    try:
        with PIL.Image.open(path) as image:
            yield image
    except (OSError, ValueError, SyntaxError) as error:
        raise StvsrError(f"{path}: not a readable image; replace it or take it out of the folder") from error
