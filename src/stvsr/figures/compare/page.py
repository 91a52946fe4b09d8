"""A comparison as one HTML page: a slider between any two videos, which play in step. Needs no network.

The videos are tiles of a single file, so that nothing can get out of step; the page draws the tiles it wants. The file
is inside the page where it is small, else beside it.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import numpy as np

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.psnr_ssim import Frames, score_frames
from stvsr.figures.compare.matched import Lineup, Moment
from stvsr.figures.picture import Region
from stvsr.files import atomic_write
from stvsr.video.encoders import encoder
from stvsr.video.output import check_output
from stvsr.video.writer import VideoWriter

MOST_SIDE, MOST_PIXELS = 4096, 4096 * 2304
"""What of one frame every decoder of H.264 plays (level 5.1)."""
BLOCK = 16
"""Tiles begin at whole coding blocks, so that no colour runs from one into the next."""
MOST_EMBEDDED, MOST_BYTES = 16_000_000, 64_000_000
QUALITIES = (12, 18, 24, 30)
"""H.264's rate factors, from the best; the next one is taken where a file would be larger than `MOST_BYTES`."""
TICK = Fraction(1, 90_000)
TYPE = "video/mp4"


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        page: The page.
        film: The video beside it; None if it is inside.
        frames: How many there are.
        bytes: Of all of it.
    """

    page: Path
    film: Path | None
    frames: int
    bytes: int


@dataclass(frozen=True)
class Tiles:
    """Where the videos lie in the common frame.

    Attributes:
        region: What is shown of every video.
        places: Left and top of each tile, in pixels.
        size: Width and height of the common frame.
    """

    region: Region
    places: list[tuple[int, int]]
    size: tuple[int, int]

    def join(self, frames: list[Frames]) -> Frames:
        """Return the common frame; what fills a tile up to whole blocks repeats its edge."""
        joined = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        below, beside = -self.region.height % BLOCK, -self.region.width % BLOCK
        for (left, top), frame in zip(self.places, frames, strict=True):
            tile = np.pad(self.region.cut(frame), ((0, below), (0, beside), (0, 0)), mode="edge")
            joined[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
        return joined


def arrange(count: int, region: Region) -> Tiles | None:
    """Return the squarest arrangement of so many tiles that players can show; None where there is none."""
    width, height = (-(-side // BLOCK) * BLOCK for side in (region.width, region.height))
    fitting = []
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        size = (columns * width, rows * height)
        if max(size) <= MOST_SIDE and size[0] * size[1] <= MOST_PIXELS:
            fitting.append((size[0] * size[1], max(size), columns, size))
    if not fitting:
        return None
    _, _, columns, size = min(fitting)
    return Tiles(region, [(i % columns * width, i // columns * height) for i in range(count)], size)


def largest_region(count: int, region: Region) -> Region:
    """Return the largest part, about the middle of a region, of which so many tiles can be shown."""
    share = 1.0
    while True:
        height, width = (max(1, round(side * share)) for side in (region.height, region.width))
        top, left = region.top + (region.height - height) // 2, region.left + (region.width - width) // 2
        part = Region(top, left, height, width)
        if arrange(count, part):
            return part
        share *= 0.97


@dataclass(frozen=True)
class Page:
    """What a page shows.

    Attributes:
        lineup: The videos.
        region: What of them; a part of it where that is more than players can show.
        first: The reference's first frame that is shown.
        seconds: For how long, at most.
        plays: Whether it plays from the start, where the reader's settings do not forbid it.
    """

    lineup: Lineup
    region: Region
    first: int
    seconds: float
    plays: bool = True

    def write(self, path: Path) -> Written:
        """Write the page, and the video beside it where it is too large to be in it.

        Raises:
            StvsrError: If a video cannot be read, there is no such frame, or a file cannot be written.
        """
        film = path.with_name(f"{path.stem}-video.mp4")
        for source in self.lineup.paths:
            check_output(source, film)
        tiles = arrange(len(self.lineup.names), largest_region(len(self.lineup.names), self.region))
        assert tiles is not None
        with atomic_write(path) as output:
            times, psnr, end = self._encode(tiles, film)
            stored = film.stat().st_size
            embedded = stored <= MOST_EMBEDDED
            text = self._text(tiles, film, embedded, times, psnr, end)
            output.write_text(text, encoding="utf-8")
            if embedded:
                film.unlink()
        size = path.stat().st_size + (0 if embedded else stored)
        return Written(path, None if embedded else film, len(times), size)

    def _moments(self) -> Iterator[Moment]:
        start: Fraction | None = None
        for moment in self.lineup.moments(self.first):
            start = moment.time if start is None else start
            if moment.time - start >= self.seconds:
                return
            yield moment

    def _encode(self, tiles: Tiles, film: Path) -> tuple[list[Fraction], list[list[float]], Fraction]:
        """Write the video; return the frames' times, their PSNR for each video but the truth, and its end."""
        times: list[Fraction] = []
        psnr: list[list[float]] = []
        for quality in QUALITIES:
            measured = bool(times)
            chosen = encoder("h264", quality)
            with VideoWriter(film, *tiles.size, self.lineup.rate, encoder=chosen, time_base=TICK) as writer:
                for moment in self._moments():
                    if not measured:
                        times.append(round(moment.time / TICK) * TICK)
                        psnr.append(self._psnr(moment))
                    writer.write(tiles.join(list(moment.frames)), round((moment.time - times[0]) / TICK) * TICK)
                if not times:
                    raise StvsrError(f"--frame {self.first}: there is no such frame; give one within the video")
            if film.stat().st_size <= MOST_BYTES:
                break
        return times, psnr, times[-1] + 1 / self.lineup.rate

    def _psnr(self, moment: Moment) -> list[float]:
        if not self.lineup.has_truth:
            return []
        truth = np.ascontiguousarray(moment.frames[0])[None]
        scores = [score_frames(np.ascontiguousarray(one)[None], truth, ssim=False)[0] for one in moment.frames[1:]]
        return [round(score.psnr_rgb, 3) for score in scores]

    def _text(
        self, tiles: Tiles, film: Path, embedded: bool, times: list[Fraction], psnr: list[list[float]], end: Fraction
    ) -> str:
        lineup, region = self.lineup, tiles.region
        count = len(lineup.names)
        curves = [None, *map(list, zip(*psnr, strict=True))] if lineup.has_truth else [None] * count
        data = {
            "names": lineup.names,
            "facts": lineup.facts,
            "psnr": curves,
            "about": self._about(region, len(times)),
            "times": [float(time - times[0]) for time in times],
            "end": float(end - times[0]),
            "begin": float(times[0]),
            "first": self.first,
            "plays": self.plays,
            "start": [count - 2, count - 1],
            "width": region.width,
            "height": region.height,
            "tiles": tiles.places,
            "file": quote(film.name),
            "type": TYPE,
        }
        beside = "" if embedded else f" and {film.name} in the folder of this page"
        where = f"it needs a browser that plays H.264{beside}."
        filled = {
            "TITLE": html.escape(lineup.paths[0].stem),
            "DATA": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
            "FILM": base64.b64encode(film.read_bytes()).decode() if embedded else "",
            "WHERE": html.escape(where),
        }
        page = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
        return re.sub(f"%({'|'.join(filled)})%", lambda found: filled[found[1]], page)

    def _about(self, region: Region, frames: int) -> str:
        whole = (region.height, region.width) == self.lineup.size
        part = "whole frames" if whole else f"{region.width}x{region.height} pixels at {region.left}, {region.top}"
        figures = " Figures were measured before that." if self.lineup.has_truth else ""
        return f"Frames {self.first} to {self.first + frames - 1}, {part}; encoded again for this page.{figures}"
