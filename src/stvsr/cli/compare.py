"""`stvsr compare`: videos of one scene beside each other, as a picture or as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stvsr.cli.parameters import GivenPath, whole_numbers

if TYPE_CHECKING:
    from stvsr.figures.compare.matched import Lineup

SUCCESSIVE, MOST_SHOWN = 3, 6


def compare(
    *files: GivenPath,
    truth: Path | None = None,
    name: Annotated[list[str] | None, Parameter(negative="")] = None,
    frame: Annotated[list[int] | None, Parameter(negative="", converter=whole_numbers)] = None,
    crop: str | None = None,
    seconds: float = 10.0,
) -> None:
    """Show videos of one scene beside each other.

    stvsr compare ONE.mp4 TWO.mp4 --truth TRUE.mp4 OUT.png

    Where OUT is a .png: crops of three successive frames, x-t and y-t slices and a difference map of each video, with
    PSNR where there is a truth. Where OUT is a .html: a page with a slider between any two videos, which play in step,
    their difference and their PSNR frame by frame. It needs no network; its video is inside it, or beside it where it
    is more than 16 MB.

    Frames are matched by their time on the screen, so rates may differ, and smaller videos are enlarged. Without
    --truth the first video is what the others differ from.

    Args:
        files: The videos, and last the .png or .html to write.
        truth: What the videos should look like.
        name: What to call a video in the picture, one for each, in their order; by default the file's name.
        frame: The first frame to show, counted from 0 in the truth (or the video with the highest rate); repeat it to
            show just these. By default where most moves, within the first 300 frames.
        crop: The part to show, x,y,width,height in pixels of the truth. By default the picture shows where most
            moves, the page all.
        seconds: Of a page, at most; a page without --frame starts at the beginning.
    """
    from stvsr.errors import StvsrError
    from stvsr.evaluation.metrics.psnr_ssim import check_installed
    from stvsr.video.output import check_output

    if len(files) < 2 or files[-1].suffix.lower() not in (".png", ".html"):
        raise StvsrError("give the videos, and last the .png or .html file to write")
    *sources, output = files
    if not seconds > 0:
        raise StvsrError(f"--seconds {seconds:g}: give a positive number, such as 10")
    if frame and min(frame) < 0:
        raise StvsrError(f"--frame {min(frame)}: count from 0")
    for source in [*sources, *([truth] if truth else [])]:
        check_output(source, output)
    check_installed()
    from stvsr.figures.compare.matched import Lineup

    lineup = Lineup(sources, truth, name)
    if output.suffix.lower() == ".png":
        _picture(lineup, frame, crop, output)
    else:
        _page(lineup, frame, crop, seconds, output)


def _picture(lineup: Lineup, frame: list[int] | None, crop: str | None, output: Path) -> None:
    from stvsr.figures.compare.choice import busiest_place, parse_region
    from stvsr.figures.compare.sheet import Sheet

    shown = _shown(lineup, frame)
    region = parse_region(crop, lineup.size) if crop else busiest_place(lineup, shown[0])
    Sheet(lineup, region, shown).write(output)
    place = f"{region.left},{region.top},{region.width},{region.height}"
    print(f"{output}: frames {', '.join(map(str, shown))}, crop {place}")


def _shown(lineup: Lineup, frame: list[int] | None) -> list[int]:
    """Return the frames to show, in order."""
    from stvsr.errors import StvsrError
    from stvsr.figures.compare.choice import SEARCHED, busiest_moments

    if frame and len(frame) > 1:
        if len(set(frame)) > MOST_SHOWN:
            raise StvsrError(f"--frame: {len(set(frame))} frames do not fit; show {MOST_SHOWN} at most")
        return sorted(set(frame))
    if not frame:
        return list(busiest_moments(lineup.reference_frames(0, SEARCHED), SUCCESSIVE))
    known = sum(1 for _ in lineup.reference_frames(frame[0], SUCCESSIVE))
    return list(range(frame[0], frame[0] + max(1, known)))


def _page(lineup: Lineup, frame: list[int] | None, crop: str | None, seconds: float, output: Path) -> None:
    from stvsr.figures.compare.choice import parse_region
    from stvsr.figures.compare.page import Page
    from stvsr.figures.picture import Region
    from stvsr.text import readable_size

    region = parse_region(crop, lineup.size) if crop else Region(0, 0, *lineup.size)
    first = min(frame) if frame else 0
    written = Page(lineup, region, first, seconds, plays=not frame).write(output)
    where = f"beside it in {written.film.name}, keep both together" if written.film else "inside the page"
    print(f"{output}: {written.frames} frames, {readable_size(written.bytes)}; the video is {where}")
