"""What a job must know of its source before it begins: what it is, what would get lost, and its cuts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from stvsr.engine.progress import Watcher
from stvsr.errors import StvsrError
from stvsr.video.colour import Depth, stores_alpha
from stvsr.video.cuts import Survey, check_threshold, survey
from stvsr.video.deinterlace import Interlaced, refusal
from stvsr.video.info import VideoInfo, check_colours, probe
from stvsr.video.output import check_output, container_format


def check_files(source: Path, output: Path, *, in_folder: bool = True) -> VideoInfo:
    """Return what the source is, after making sure that the job can begin; quick, and writes nothing.

    Args:
        source: A video.
        output: To be made of it.
        in_folder: Whether the folder of the output must be there.

    Raises:
        StvsrError: If the source cannot be read or the output cannot be written.
    """
    info = probe(source)
    check_output(source, output)
    container_format(output)
    if in_folder and not output.parent.is_dir():
        raise StvsrError(f"{output}: the folder {output.parent} does not exist; create it first")
    return info


# Bytes of a file that takes more than some seconds to decode.
_LARGE = 50_000_000


def look_through(source: Path, threshold: float | None, watcher: Watcher, interlaced: Interlaced = "refuse") -> Survey:
    """Return the times of a video's frames, and where new shots begin if there is a threshold.

    The ``watcher`` is told where that takes a while, and of jumps of the video's clock.

    Raises:
        StvsrError: If the threshold is impossible, or the source is damaged, or it has interlaced frames half-way
            that are to be refused.
    """
    check_threshold(threshold)
    if threshold is not None and source.stat().st_size > _LARGE:
        watcher.notice(f"searching {source} for scene cuts (--cuts off goes without)")
    found = survey(source, threshold, interlaced)
    if found.joints:
        places = f"{found.joints} place{'s' * (found.joints != 1)}"
        watcher.notice(f"{source}: its clock jumps at {places}; what follows is joined on without a pause")
    return found


def check_content(
    info: VideoInfo, watcher: Watcher, depth: Depth = 8, interlaced: Interlaced = "refuse", advice: str = ""
) -> None:
    """Tell the watcher what of a source gets lost where ``depth`` bits of every colour are carried.

    Args:
        info: The source.
        watcher: Told in one line.
        depth: 8 or 16.
        interlaced: What to do with frames of two fields.
        advice: How to carry more bits, if that can be.

    Raises:
        StvsrError: If that would be its transparency, or if its frames are interlaced and to be refused.
    """
    if info.has_alpha and not stores_alpha(info.pixel_format):  # kept where the decoder does not look
        raise StvsrError(f"{info.path} is partly transparent, which would be lost; flatten it onto a colour first")
    check_colours(info)
    if info.dynamic:
        watcher.notice(f"{info.path}: its {' and '.join(info.dynamic)} metadata is left out; the pictures stay HDR")
    if depth == 8 and (info.colour.is_hdr or info.bit_depth > 8):
        kind = "HDR" if info.colour.is_hdr else f"{info.bit_depth}-bit"
        watcher.notice(f"{info.path} is {kind} video: 8 bits of every colour are kept{advice}")
    if info.interlaced and interlaced == "refuse":
        raise refusal(info.path, Fraction(0))
    if info.interlaced:
        fate = "deinterlaced" if interlaced == "deinterlace" else "taken as they are"
        watcher.notice(f"{info.path} is interlaced: its frames are {fate}")
