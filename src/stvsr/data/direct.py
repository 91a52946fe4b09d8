"""Folders of images read anew for every sample: no space on disk, but more work for each crop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stvsr.data.augment import area_average
from stvsr.data.cache import Frames
from stvsr.data.layouts import Recording
from stvsr.errors import StvsrError
from stvsr.video.images import image_size, read_image


class DirectClips:
    """A `stvsr.data.clips.ClipSet` over image files, without a cache and without a search for cuts.

    Args:
        recordings: With their ``images``.
        max_frames: Frames of each clip to use, from its start.
        shrink: Whole factor by which every frame is area-averaged.

    Raises:
        StvsrError: If a recording has no image files, or the first of them is unreadable.
    """

    def __init__(self, recordings: Sequence[Recording], max_frames: int, shrink: int) -> None:
        if not all(recording.images for recording in recordings):
            raise StvsrError("data source: 'direct' reads images only; leave it out for videos and synthetic scenes")
        self.names: Sequence[str] = [recording.name for recording in recordings]
        self._images = [recording.images[:max_frames] for recording in recordings]
        self._sizes = [image_size(images[0]) for images in self._images]
        self._shrink = shrink

    def __len__(self) -> int:
        return len(self._images)

    def shape(self, index: int) -> tuple[int, int, int]:
        """Return ``(frames, height, width)`` of a clip."""
        height, width = self._sizes[index]
        return len(self._images[index]), height // self._shrink, width // self._shrink

    def crop(self, index: int, start: int, frames: int, y: int, x: int, height: int, width: int) -> Frames:
        """Read ``(frames, height, width, 3)`` uint8 from frame ``start``, row ``y``, column ``x`` on.

        Raises:
            StvsrError: If an image is unreadable, or not as large as the first of its clip.
        """
        factor = self._shrink
        rows, columns = slice(y * factor, (y + height) * factor), slice(x * factor, (x + width) * factor)
        crops = []
        for path in self._images[index][start : start + frames]:
            image = read_image(path)
            if image.shape[:2] != self._sizes[index]:
                raise StvsrError(f"{path}: not of the size of the first frame in its folder; put it elsewhere")
            crops.append(area_average(image[rows, columns], factor))
        return np.stack(crops)
