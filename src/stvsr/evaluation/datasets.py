"""The data sets that the papers measure on: how each is recognised on disk, and what to fetch where it is absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stvsr.data.layouts import vimeo90k
from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TRUTH_FOLDERS, TestClip, find_clips
from stvsr.video.images import IMAGE_SUFFIXES

VID4 = {"calendar": 41, "city": 34, "foliage": 49, "walk": 47}
"""The clips of Vid4 and how many frames each has."""
REDS4 = dict.fromkeys(("000", "011", "015", "020"), 500)
"""The clips of REDS4 and how many frames each has at 120 frames a second."""
REDS_VALIDATION = {f"{number:03d}": 500 for number in range(30)}
SEPTUPLETS = 7824
"""How many septuplets the test list of Vimeo-90k has."""
LISTING = "sep_testlist.txt"
REDS_PARTS = ("orig", "sharp", "blur", "blur_bicubic/X4", "sharp_bicubic/X4")

Finder = Callable[[Path, int | None], list[TestClip]]


@dataclass(frozen=True)
class Dataset:
    """One test set.

    Attributes:
        name: Short and stable.
        title: What a reader calls it.
        fetch: What to fetch, and where to put it.
        find: Returns its clips where a folder is or holds it, none where not; at most so many frames of each.
        frames: The clips of the whole set and their frames; empty where it has none that everybody knows.
    """

    name: str
    title: str
    fetch: str
    find: Finder
    frames: Mapping[str, int]

    @property
    def public(self) -> bool:
        """Whether the clips that the paper measured on can be had."""
        return bool(self.frames) or self.name == "vimeo90k"

    def whole(self, measured: Mapping[str, int]) -> bool:
        """Return whether the clips that were found, with their frames, are all of the set."""
        if self.name == "vimeo90k":
            return len(measured) == SEPTUPLETS and set(measured.values()) == {7}
        return bool(self.frames) and {name.lower(): count for name, count in measured.items()} == dict(self.frames)


def _vid4(root: Path, limit: int | None) -> list[TestClip]:
    for folder in _places(root):
        for place in (folder, *(child for child in _folders(folder) if child.name.lower() in TRUTH_FOLDERS)):
            names = {path.stem.lower() for path in place.iterdir()}
            if names >= set(VID4):
                return [clip for clip in find_clips(place, limit) if clip.name.lower() in VID4]
    return []


def _vimeo(root: Path, limit: int | None) -> list[TestClip]:
    for folder in _places(root):
        if (folder / LISTING).is_file() and (folder / "sequences").is_dir():
            return [TestClip(one.name, one.images, limit) for one in vimeo90k(folder, LISTING)]
    return []


def _reds(split: str, low: str, names: Sequence[str]) -> Finder:
    """Return what finds clips of REDS: ``<split>_orig`` as the truth, and one of its other parts as the low clip."""

    def find(root: Path, limit: int | None) -> list[TestClip]:
        truth, small = (reds_part(root, f"{split}_{part}") for part in ("orig", low))
        if truth is None or small is None:
            return []
        found = [name for name in names if (truth / name).is_dir() and (small / name).is_dir()]
        return [replace(_one(truth / name, limit), low=_one(small / name, None)) for name in found]

    return find


def _fast(root: Path, limit: int | None) -> list[TestClip]:
    truth = reds_part(root, "val_orig")
    return find_clips(truth if truth else root, limit)


def reds_part(root: Path, part: str) -> Path | None:
    """Return the folder of a part of REDS such as ``train_blur_bicubic/X4``; ``None`` where it is absent.

    Args:
        root: Where it is looked for: here, in ``train`` or ``val`` here, and in the folders here.
        part: The split and the kind.
    """
    split = part.partition("_")[0]
    for folder in _places(root):
        for place in (folder / part, folder / split / part):
            if place.is_dir():
                return place
    return None


def clips_in(path: Path | str, limit: int | None = None) -> list[TestClip]:
    """Find the clips of any folder; of a data set that is known by its layout those to test on.

    Of Vimeo-90k those of its test list; of REDS the truth alone: of its validation part, or the four clips of REDS4 of
    its training part, at 120 frames a second where these are there, else the sharp ones. Anything else is as
    `find_clips` takes it, Vid4 among it.

    Raises:
        StvsrError: If nothing is there.
    """
    path = Path(path)
    if limit is not None and limit < 1:
        raise StvsrError(f"--frames {limit}: give at least one frame")
    if not path.is_dir():
        return find_clips(path, limit)
    if (path / LISTING).is_file():
        return _vimeo(path, limit)
    for kind in REDS_PARTS[:2]:
        for split, names in (("val", REDS_VALIDATION), ("train", REDS4)):
            folder = next((p for p in (path / f"{split}_{kind}", path / split / f"{split}_{kind}") if p.is_dir()), None)
            if folder:
                return [_one(folder / name, limit) for name in names if (folder / name).is_dir()]
    return find_clips(path, limit)


def _one(folder: Path, limit: int | None) -> TestClip:
    clips = find_clips(folder, limit)
    if len(clips) != 1:
        raise StvsrError(f"{folder}: {len(clips)} clips in there, and one is due: finish the download")
    return clips[0]


def _places(root: Path) -> Iterator[Path]:
    """Yield the folder and those directly in it, unless it holds frames."""
    if not root.is_dir():
        return
    yield root
    yield from _folders(root)


def _folders(root: Path) -> list[Path]:
    entries = sorted(entry for entry in root.iterdir() if not entry.name.startswith("."))
    if any(entry.suffix.lower() in IMAGE_SUFFIXES for entry in entries):
        return []
    return [entry for entry in entries if entry.is_dir()]


DATASETS = {
    one.name: one
    for one in (
        Dataset(
            "vid4",
            "Vid4",
            "fetch Vid4 (Liu and Sun, 2014; four clips, of which most video super-resolution projects have a link) "
            "and put the original frames into vid4/calendar, vid4/city, vid4/foliage and vid4/walk, or videos so "
            "named",
            _vid4,
            VID4,
        ),
        Dataset(
            "vimeo90k",
            "Vimeo-90k septuplets, test list",
            "fetch 'The original training + test set' of septuplets (82 GB) from http://toflow.csail.mit.edu and "
            f"unpack it to vimeo_septuplet, with {LISTING} and sequences in it",
            _vimeo,
            {},
        ),
        Dataset(
            "reds4",
            "REDS4",
            "fetch 120 fps 'train_orig' and 'train_blur_bicubic' of REDS from "
            "https://seungjunnah.github.io/Datasets/reds.html and unpack them to REDS/train_orig and "
            "REDS/train_blur_bicubic/X4; the clips 000, 011, 015 and 020 are enough",
            _reds("train", "blur_bicubic/X4", list(REDS4)),
            REDS4,
        ),
        Dataset(
            "reds-validation",
            "REDS, validation part",
            "fetch 120 fps 'val_orig' and 'val_blur' of REDS from https://seungjunnah.github.io/Datasets/reds.html and "
            "unpack them to REDS/val_orig and REDS/val_blur",
            _reds("val", "blur", list(REDS_VALIDATION)),
            REDS_VALIDATION,
        ),
        Dataset(
            "fast",
            "clips of 120 frames a second",
            "give any folder of clips of 120 frames a second; 'val_orig' of REDS, from "
            "https://seungjunnah.github.io/Datasets/reds.html, has thirty",
            _fast,
            {},
        ),
    )
}
