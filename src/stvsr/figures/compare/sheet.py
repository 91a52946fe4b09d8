"""A comparison as one picture.

         frame 14      frame 15      frame 16      x-t      y-t      difference
truth      crop          crop          crop       slice    slice       scale
one        crop          crop          crop       slice    slice        map
two        crop          crop          crop       slice    slice        map
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.psnr_ssim import SSIM_WINDOW, Frames, score_frames
from stvsr.figures.compare.heat import coloured, difference, scale_top
from stvsr.figures.compare.matched import Lineup
from stvsr.figures.picture import Region, time_slice
from stvsr.files import atomic_write

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

AROUND = 16
"""Frames before the first shown one and after the last that the slices and the means take in."""
CELL = 240
"""Pixels of a crop's longer side in the picture, about."""
GAP, MARGIN, LABEL, THUMB, LINE, ROW_GAP = 8, 24, 190, 170, 19, 18
INK, GREY, PAPER, ACCENT = (28, 30, 34), (110, 114, 120), (255, 255, 255), (196, 52, 36)


@dataclass
class Seen:
    """What one video shows.

    Attributes:
        crops: The region in every frame of the window, ``(T, h, w, 3)`` once complete.
        psnr: Of the whole frames of the window, in dB, where there is a truth.
    """

    crops: list[Frames] = field(default_factory=list)
    psnr: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """What is drawn.

    Attributes:
        lineup: The videos.
        region: The crop.
        shown: Numbers of the frames whose crops stand side by side, in order.
    """

    lineup: Lineup
    region: Region
    shown: Sequence[int]

    @property
    def window(self) -> tuple[int, int]:
        """The first frame of the slices, and how many there are at most."""
        first = max(0, self.shown[0] - AROUND)
        return first, self.shown[-1] + AROUND + 1 - first

    def write(self, path: Path) -> None:
        """Draw it to a PNG file.

        Raises:
            StvsrError: If a frame is not there, a video cannot be read, or the file cannot be written.
        """
        with atomic_write(path) as output:
            self.draw().save(output, format="PNG", optimize=True)

    def draw(self) -> Image:
        """Return the picture (Pillow, RGB)."""
        from PIL import Image, ImageDraw

        seen, whole, seconds = self._look()
        grid = _Grid(self.region, len(self.shown))
        rows = len(self.lineup.names)
        canvas = Image.new("RGB", (grid.width, grid.top + rows * grid.row + MARGIN), PAPER)
        draw = ImageDraw.Draw(canvas)
        places = [number - self.window[0] for number in self.shown]
        apart, maps = _furthest(seen, places)
        lines = busiest_lines(np.stack(seen[0].crops))
        self._draw_head(canvas, draw, whole, grid, seconds, self.shown[places.index(apart)], lines)
        top = scale_top(maps[1:])
        means = [float(np.mean(one.psnr)) for one in seen[1:]] if self.lineup.has_truth else []
        for i, one in enumerate(seen):
            y = grid.top + i * grid.row
            self._draw_label(draw, i, y, grid, means)
            for x, image, caption in self._cells(
                one, seen[0], grid, places, lines, named=self.lineup.has_truth and i > 0
            ):
                draw.text((x, y), caption, fill=GREY, font_size=14)
                canvas.paste(Image.fromarray(image), (x, y + LINE))
            x = grid.columns[-1]
            if i:
                canvas.paste(Image.fromarray(_enlarged(coloured(maps[i], top), grid.zoom)), (x, y + LINE))
                draw.rectangle(
                    (x, y + LINE, x + grid.cell[1] - 1, y + LINE + grid.cell[0] - 1), outline=(215, 217, 220)
                )
            else:
                self._draw_scale(canvas, draw, (x, y + LINE), grid, top)
        self._draw_instants(draw, grid, rows, places, len(seen[0].crops))
        return canvas

    def _look(self) -> tuple[list[Seen], Frames, list[float]]:
        """Read the window once, keeping crops only; also the whole of the first shown frame, and times."""
        seen = [Seen() for _ in self.lineup.names]
        whole, seconds = None, []
        numbers = []
        for moment in self.lineup.moments(*self.window):
            numbers.append(moment.number)
            for i, frame in enumerate(moment.frames):
                seen[i].crops.append(self.region.cut(frame).copy())
                if self.lineup.has_truth and i:
                    seen[i].psnr.append(_psnr(frame, moment.frames[0]))
            if moment.number in self.shown:
                seconds.append(float(moment.time))
            if moment.number == self.shown[0]:
                whole = moment.frames[0]
        missing = [number for number in self.shown if number not in numbers]
        if missing or whole is None:
            raise StvsrError(f"--frame {missing[0]}: the reference has frames 0 to {max(numbers, default=0)} only")
        return seen, whole, seconds

    def _cells(
        self, one: Seen, base: Seen, grid: _Grid, places: Sequence[int], lines: tuple[int, int], *, named: bool
    ) -> list[tuple[int, Frames, str]]:
        """Return place, picture and caption of the crops and the two slices of a video."""
        crops = np.stack(one.crops)
        height, width = grid.cell
        cells = []
        for x, place in zip(grid.columns, places, strict=False):
            caption = f"{_psnr(crops[place], base.crops[place]):.2f} dB" if named else ""
            cells.append((x, _enlarged(crops[place], grid.zoom), caption))
        across = time_slice(crops, lines[0], height).repeat(grid.zoom, axis=1)
        turned = time_slice(crops.swapaxes(1, 2), lines[1], width).repeat(grid.zoom, axis=1)
        cells.append((grid.columns[-3], across, ""))
        cells.append((grid.columns[-2], turned.swapaxes(0, 1), ""))
        return cells

    def _draw_head(
        self,
        canvas: Image,
        draw: ImageDraw,
        whole: Frames,
        grid: _Grid,
        seconds: Sequence[float],
        apart: int,
        marked: tuple[int, int],
    ) -> None:
        from PIL import Image

        height, width, _ = whole.shape
        scale = THUMB / height
        small = Image.fromarray(np.ascontiguousarray(whole)).resize((round(width * scale), THUMB))
        canvas.paste(small, (MARGIN, MARGIN))
        r = self.region
        box = [r.left, r.top, r.left + r.width, r.top + r.height]
        left, top, right, bottom = (MARGIN + round(v * scale) for v in box)
        down, along = MARGIN + round((r.top + marked[0]) * scale), MARGIN + round((r.left + marked[1]) * scale)
        draw.line((left, down, right, down), fill=ACCENT)
        draw.line((along, top, along, bottom), fill=ACCENT)
        draw.rectangle((left, top, right, bottom), outline=ACCENT, width=2)
        x, y = MARGIN + small.width + 20, MARGIN
        first, _ = self.window
        base = self.lineup.names[0]
        lines = [
            f"The box: {r.width}x{r.height} pixels at {r.left}, {r.top}, every pixel {grid.zoom}x{grid.zoom}.",
            f"x-t and y-t: its busiest row and column (lines in it) in each of the frames from {first} on; time runs",
            "down, and to the right. Even motion is a straight slanted line there. Ticks mark the frames shown.",
            f"Difference from {base}, mean of the three colours: of the frames shown, that where it is largest.",
        ]
        if self.lineup.has_truth:
            lines.append("PSNR, RGB: left, mean over the whole frames of the slices; above a crop, of that crop alone.")
        draw.text((x, y), self.lineup.paths[0].name, fill=INK, font_size=24)
        for i, line in enumerate(lines):
            draw.text((x, y + 42 + 21 * i), line, fill=GREY, font_size=15)
        heads = [f"frame {n}, {s:.2f} s" for n, s in zip(self.shown, seconds, strict=True)]
        for x, text in zip(grid.columns, [*heads, "x-t", "y-t", f"difference, frame {apart}"], strict=True):
            draw.text((x, grid.top - 9), text, fill=INK, font_size=17)

    def _draw_label(self, draw: ImageDraw, i: int, y: int, grid: _Grid, means: Sequence[float]) -> None:
        y += LINE
        for line in _wrapped(draw, self.lineup.names[i], LABEL - GAP):
            draw.text((MARGIN, y), line, fill=INK, font_size=18)
            y += 23
        draw.text((MARGIN, y + 2), self.lineup.facts[i], fill=GREY, font_size=14)
        if i and means:
            best = means[i - 1] == max(means) and len(means) > 1
            draw.text((MARGIN, y + 28), f"{means[i - 1]:.2f} dB", fill=ACCENT if best else INK, font_size=24)

    def _draw_scale(self, canvas: Image, draw: ImageDraw, place: tuple[int, int], grid: _Grid, top: int) -> None:
        from PIL import Image

        x, y = place
        bar = np.linspace(0, top, grid.cell[1])[None].repeat(14, axis=0)
        y += grid.cell[0] - 40
        canvas.paste(Image.fromarray(coloured(bar, top)), (x, y))
        draw.rectangle((x, y, x + grid.cell[1] - 1, y + 13), outline=(215, 217, 220))
        draw.text((x, y + 18), "0", fill=GREY, font_size=14)
        draw.text((x + grid.cell[1], y + 18), f"{top} of 255", fill=GREY, font_size=14, anchor="ra")

    def _draw_instants(self, draw: ImageDraw, grid: _Grid, rows: int, places: Sequence[int], frames: int) -> None:
        """Mark the shown frames at the edges of the slices."""
        height, width = grid.cell
        for i in range(rows):
            y = grid.top + i * grid.row + LINE
            for place in places:
                share = (place + 0.5) / frames
                down, along = y + round(share * height), grid.columns[-2] + round(share * width)
                draw.line((grid.columns[-3] - 6, down, grid.columns[-3] - 1, down), fill=ACCENT, width=2)
                draw.line((along, y - 6, along, y - 1), fill=ACCENT, width=2)


class _Grid:
    """Where things stand in the picture, in pixels.

    Args:
        region: The crop.
        shown: How many crops a row has.
    """

    def __init__(self, region: Region, shown: int) -> None:
        self.zoom = max(1, CELL // max(region.height, region.width))
        self.cell = height, width = (self.zoom * region.height, self.zoom * region.width)
        start = MARGIN + LABEL
        crops = [start + i * (width + GAP) for i in range(shown)]
        after = crops[-1] + width + 3 * GAP
        self.columns = [*crops, after, after + width + 2 * GAP, after + 2 * width + 5 * GAP]
        self.width = self.columns[-1] + width + MARGIN
        self.top = 2 * MARGIN + THUMB + 10
        self.row = height + LINE + ROW_GAP


def _furthest(seen: Sequence[Seen], places: Sequence[int]) -> tuple[int, list[NDArray[np.float64]]]:
    """Return the place at which the videos differ most from the first one, and their difference maps there."""
    maps = {place: [difference(one.crops[place], seen[0].crops[place]) for one in seen] for place in places}
    furthest = max(places, key=lambda place: sum(float(one.mean()) for one in maps[place]))
    return furthest, maps[furthest]


def _enlarged(image: Frames, zoom: int) -> Frames:
    return np.ascontiguousarray(image.repeat(zoom, axis=0).repeat(zoom, axis=1))


def _psnr(frame: Frames, truth: Frames) -> float:
    if min(frame.shape[:2]) < SSIM_WINDOW:  # never so for regions that a user gives
        return float("nan")
    one, two = (np.ascontiguousarray(x)[None] for x in (frame, truth))
    return score_frames(one, two, ssim=False)[0].psnr_rgb


def busiest_lines(crops: Frames) -> tuple[int, int]:
    """Return the row and the column of ``(T, h, w, 3)`` in which most changes from frame to frame."""
    change = np.abs(np.diff(crops.astype(np.int16), axis=0)).sum(axis=(0, 3))
    return int(change.sum(axis=1).argmax()), int(change.sum(axis=0).argmax())


def _wrapped(draw: ImageDraw, text: str, width: int) -> list[str]:
    """Break a name where it does not fit, after a space or a mark if it has one, at most into three lines."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < 3:
        count = next((n for n in range(len(rest), 1, -1) if draw.textlength(rest[:n], font_size=18) <= width), 1)
        if count < len(rest):
            count = max((rest.rfind(mark, 0, count) + 1 for mark in " -_+."), default=0) or count
        lines.append(rest[:count].strip())
        rest = rest[count:]
    return lines
