"""Where the frames of a training set lie on disk: videos, folders of frames, Vimeo-90k, REDS.

Each layout turns a folder into recordings: a name, what the frames depend on, and a way to get them.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stvsr.data.cache import Frames, file_identity
from stvsr.errors import StvsrError
from stvsr.video.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES, read_image
from stvsr.video.reader import VideoReader

if TYPE_CHECKING:
    pass

log = logging.getLogger("stvsr.data")

REDS_FOLDERS = ("train_orig", "train_sharp", "train_blur", "train_blur_bicubic/X4", "train_sharp_bicubic/X4")


@dataclass(frozen=True)
class Recording:
    """Frames that can be had, not yet decoded.

    Attributes:
        name: What to call it in messages.
        key: JSON-like description of everything the frames depend on.
        frames: Opens it and gives the frames, each ``(height, width, 3)`` uint8.
        may_cut: Whether there may be scene cuts in it.
        images: The files of its frames, where each has its own.
    """

    name: str
    key: dict[str, Any]
    frames: Callable[[], Iterator[Frames]]
    may_cut: bool = False
    images: tuple[Path, ...] = ()


def videos(folder: Path) -> list[Recording]:
    """Find every video in a folder and the folders below it; ``folder`` may also be one video.

    Raises:
        StvsrError: If the folder is missing or holds no video.
    """
    if folder.is_file():
        return [_video(folder, folder.name)]
    found = [path for path in _walk(folder) if path.suffix.lower() in VIDEO_SUFFIXES]
    if not found:
        raise StvsrError(f"{folder}: no video in there; give a folder with files such as .mp4, .mkv or .mov")
    return [_video(path, path.relative_to(folder).as_posix()) for path in found]


def frames(folder: Path, *, may_cut: bool = True) -> list[Recording]:
    """Find every folder of images, at any depth: one clip each, its frames in the order of their names.

    Args:
        folder: Where to look.
        may_cut: Whether there may be scene cuts in them.

    Raises:
        StvsrError: If the folder is missing or holds no image.
    """
    groups: dict[Path, list[Path]] = {}
    for path in images(folder):
        groups.setdefault(path.parent, []).append(path)
    return [_images(paths, parent.relative_to(folder).as_posix(), may_cut) for parent, paths in groups.items()]


def vimeo90k(folder: Path, listing: str = "sep_trainlist.txt") -> list[Recording]:
    """Find the septuplets of Vimeo-90k in a list: ``sequences/00001/0001/im1.png`` to ``im7.png``.

    Raises:
        StvsrError: If the list is missing or empty, or a septuplet in it is not complete.
    """
    _need_folder(folder)
    path = folder / listing
    if not path.is_file():
        raise StvsrError(f"{path}: missing; a Vimeo-90k folder holds 'sequences' and {listing}")
    names = path.read_text(encoding="utf-8").split()
    if not names:
        raise StvsrError(f"{path}: the list is empty; each line names a septuplet such as 00001/0001")
    return [_septuplet(folder / "sequences" / name, name) for name in names]


def reds(folder: Path, part: str | None = None) -> list[Recording]:
    """Find the clips of REDS: ``train_orig/000/00000000.png`` and so on.

    Args:
        folder: The folder that holds ``train_orig`` and the like, or such a folder itself.
        part: Which of them (``train_blur_bicubic/X4`` for instance); by default the first that is there of
            `REDS_FOLDERS`.

    Raises:
        StvsrError: If there is no such part, or it is empty.
    """
    _need_folder(folder)
    parts = [part] if part else [name for name in REDS_FOLDERS if (folder / name).is_dir()]
    if parts:
        return frames(folder / parts[0], may_cut=False)
    if any(_images_in(child) for child in folder.iterdir() if child.is_dir()):
        return frames(folder, may_cut=False)
    raise StvsrError(f"{folder}: not a REDS folder; it should hold one of {', '.join(REDS_FOLDERS)}")


def images(folder: Path) -> list[Path]:
    """Return every image in a folder and the folders below it, in the order of their names.

    Raises:
        StvsrError: If the folder is missing or holds no image.
    """
    found = [path for path in _walk(folder) if path.suffix.lower() in IMAGE_SUFFIXES]
    if not found:
        raise StvsrError(f"{folder}: no image in there; give a folder with .png, .jpg or .webp files")
    return found


def _need_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise StvsrError(f"{folder}: no such folder; correct the 'path' of this data source")


def _walk(folder: Path) -> list[Path]:
    _need_folder(folder)
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _images_in(folder: Path) -> bool:
    return any(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.iterdir())


def _septuplet(folder: Path, name: str) -> Recording:
    paths = [folder / f"im{index}.png" for index in range(1, 8)]
    missing = next((path for path in paths if not path.is_file()), None)
    if missing:
        raise StvsrError(f"{missing}: missing; finish the download, or take {name} out of the list")
    return _images(paths, name, may_cut=False)


def _video(path: Path, name: str) -> Recording:
    def read() -> Iterator[Frames]:
        with VideoReader(path) as reader:
            whole = iter(reader)
            for count in itertools.count():
                try:
                    frame = next(whole, None)
                except StvsrError as error:
                    if count == 0:
                        raise
                    log.warning("only the first %d frames are used: %s", count, error)
                    return
                if frame is None:
                    return
                yield frame.rgb

    return Recording(name, {"video": file_identity(path)}, read, may_cut=True)


def _images(paths: Sequence[Path], name: str, may_cut: bool) -> Recording:
    def read() -> Iterator[Frames]:
        return (read_image(path) for path in paths)

    return Recording(name, {"images": [file_identity(path) for path in paths]}, read, may_cut, tuple(paths))
