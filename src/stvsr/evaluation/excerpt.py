"""A part of each clip: some frames of it, and the middle of every frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip

MIDDLE: Literal["middle"] = "middle"


@dataclass(frozen=True)
class Excerpt:
    """What is used of each clip, as the user says it.

    Attributes:
        start: The number of the first frame, or ``middle``: as many frames are left out before as after.
        size: Width and height of what is used of every frame, around its middle; ``None``: all of it.
    """

    start: int | Literal["middle"] = 0
    size: tuple[int, int] | None = None

    def options(self) -> dict[str, str]:
        """Return what stands for it on the command line, by the options' names."""
        size = {"crop": "x".join(map(str, self.size))} if self.size else {}
        return {**({"start": str(self.start)} if self.start else {}), **size}

    def title(self, data: str) -> str:
        """Return the name of a data set and, where not all of it is used, of what is."""
        start = "from the middle of each clip" if self.start == MIDDLE else f"from frame {self.start}"
        parts = [start] if self.start else []
        parts += ["{}x{} in the middle".format(*self.size)] if self.size else []
        return f"{data} ({', '.join(parts)})" if parts else data

    def of(self, clip: TestClip) -> TestClip:
        """Return the clip with this part of it alone, which needs all of it decoded once to find its middle.

        Raises:
            StvsrError: If the clip cannot be read, or has no frame at the start.
        """
        start = self.start
        if start == MIDDLE or start:
            total = sum(1 for _ in replace(clip, limit=None).frames())
            start = max(total - (clip.limit or total), 0) // 2 if start == MIDDLE else start
            if start >= total:
                raise StvsrError(f"--start {start}: {clip.name} has only {total} frames")
        return replace(clip, start=start, size=self.size)


def excerpt(start: str | None, crop: str | None) -> Excerpt:
    """Return what ``--start`` and ``--crop`` stand for.

    Raises:
        StvsrError: If one of them cannot be understood.
    """
    if start not in (None, MIDDLE) and not str(start).isdecimal():
        raise StvsrError(f"--start {start}: give the number of the first frame, counted from 0, or {MIDDLE}")
    sides = crop.lower().split("x") if crop is not None else []
    if crop is not None and (len(sides) != 2 or not all(side.isdecimal() and int(side) for side in sides)):
        raise StvsrError(f"--crop {crop}: give WIDTHxHEIGHT, such as 384x240")
    return Excerpt(
        MIDDLE if start == MIDDLE else int(start or 0),
        (int(sides[0]), int(sides[1])) if sides else None,
    )
