"""The clips of a test set: one video, one folder of frames, or a folder of either (the layout of Vid4)."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.psnr_ssim import Frames
from stvsr.video.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES, read_image

TRUTH_FOLDERS = ("gt", "hr", "original")


@dataclass(frozen=True)
class TestClip:
    """The truth of one clip.

    Attributes:
        name: What tables call it.
        files: One video, or the frames as images in their order.
        limit: Use only so many frames.
        low: The low clip that the data set has for it, if any.
        start: The number of the first frame that is used.
        size: Width and height of what is used of every frame, around its middle; ``None``: all of it.
    """

    name: str
    files: Sequence[Path]
    limit: int | None = None
    low: TestClip | None = None
    start: int = 0
    size: tuple[int, int] | None = None

    __test__ = False  # pytest would collect a class of this name

    def frames(self) -> Iterator[Frames]:
        """Decode frame by frame, each ``(height, width, 3)`` uint8 RGB.

        Raises:
            StvsrError: If a file cannot be read or the frames differ in size.
        """
        size: tuple[int, ...] | None = None
        stop = None if self.limit is None else min(self.start + self.limit, sys.maxsize)
        for frame in map(self._cropped, islice(self._decode(), self.start, stop)):
            if size is not None and frame.shape != size:
                raise StvsrError(f"{self.name}: its frames differ in size; give a clip of one size")
            size = frame.shape
            yield frame

    def _decode(self) -> Iterator[Frames]:
        if self.files[0].suffix.lower() in IMAGE_SUFFIXES:
            yield from (read_image(path) for path in self.files)
            return
        from stvsr.video.reader import VideoReader

        with VideoReader(self.files[0]) as reader:
            for frame in reader:
                yield frame.rgb

    def _cropped(self, frame: Frames) -> Frames:
        if self.size is None:
            return frame
        (width, height), (rows, columns, _) = self.size, frame.shape
        top, left = (rows - height) // 2, (columns - width) // 2
        if min(top, left) < 0:
            raise StvsrError(f"{self.name}: its frames are {columns}x{rows}, less than --crop {width}x{height}")
        return frame[top : top + height, left : left + width]

    def sha256(self) -> str:
        """Return the checksum of the file, or of all frames' files one after the other."""
        digest = hashlib.sha256()
        for path in self.files:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()


def find_clips(path: Path | str, limit: int | None = None) -> list[TestClip]:
    """Find the clips under a path.

    A folder with images in it is one clip. Otherwise each video in it is a clip, and its folders are
    searched; where one of them is called GT, HR or original, only that one, for the others then hold degraded
    copies.

    Args:
        path: A video, a folder of frames, or a folder of clips.
        limit: Use only so many frames from the start of each clip.

    Raises:
        StvsrError: If there is nothing at the path, or nothing to evaluate in it.
    """
    path = Path(path)
    if limit is not None and limit < 1:
        raise StvsrError(f"--frames {limit}: give at least one frame")
    if path.is_file():
        return [TestClip(path.stem, [path], limit)]
    if not path.is_dir():
        raise StvsrError(f"{path}: no such file or folder; give a video, a folder of frames or a folder of clips")
    clips = list(_search(path, limit))
    if not clips:
        raise StvsrError(
            f"{path}: no video and no image in there; give a video, a folder of frames or a folder of clips"
        )
    names = [clip.name for clip in clips]
    if len(set(names)) < len(names):
        return [replace(clip, name=_place(clip, path)) for clip in clips]
    return clips


def _place(clip: TestClip, folder: Path) -> str:
    """Return where a clip lies in the folder that was searched, a name that no other clip has."""
    first = clip.files[0]
    return (first.parent if first.suffix.lower() in IMAGE_SUFFIXES else first).relative_to(folder).as_posix()


def _search(folder: Path, limit: int | None) -> Iterator[TestClip]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    images = [entry for entry in entries if entry.suffix.lower() in IMAGE_SUFFIXES and entry.is_file()]
    if images:
        yield TestClip(folder.resolve().name, images, limit)
        return
    folders = [entry for entry in entries if entry.is_dir()]
    truth = [entry for entry in folders if entry.name.lower() in TRUTH_FOLDERS]
    for entry in entries:
        if entry.is_file() and entry.suffix.lower() in VIDEO_SUFFIXES:
            yield TestClip(entry.stem, [entry], limit)
        elif entry in (truth or folders):
            yield from _search(entry, limit)
