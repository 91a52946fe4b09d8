"""What a job must know of its source before it begins: its frames' times, its cuts, and what would get lost."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median

from stvsr.engine.endpoints import Source
from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.jobs.options import JobOptions
from stvsr.video.colour import Depth, depth_of, stores_alpha
from stvsr.video.cuts import Survey, survey
from stvsr.video.deinterlace import Interlaced, refusal
from stvsr.video.info import VideoInfo, check_colours, probe
from stvsr.video.output import check_output, container_format

# Bytes of a file that takes more than some seconds to decode.
_LARGE = 50_000_000
# Of the shortest of the other frames'. Some files say a millisecond or less for the last one, which nobody meant.
_SHORTEST_DURATION = Fraction(1, 2)
_DEEPER = "; take `pixel_format` yuv420p10le to keep 10"


@dataclass(frozen=True)
class SourceTimeline:
    """A video, frame by frame.

    Attributes:
        info: Size, rate, colours and streams.
        pts: When its frames are shown, in seconds.
        end: When the last one stops being shown.
        cuts: Numbers of the frames that begin a new shot.
        depth: Bits of every colour that are carried from it to the target.
        interlaced: What to do with frames of two fields.
    """

    info: VideoInfo
    pts: list[Fraction]
    end: Fraction
    cuts: list[int]
    depth: Depth
    interlaced: Interlaced

    @property
    def source(self) -> Source:
        """The frames that go into the job."""
        return Source(self.info.path, len(self.pts), (self.info.height, self.info.width), self.interlaced)


def read_timeline(source: Path, target: Path, options: JobOptions, progress: Progress) -> SourceTimeline:
    """Read what there is to know of a video that is to be restored; decodes it once, for its cuts.

    Raises:
        StvsrError: If it cannot be read or has transparency, or the target cannot be written.
    """
    info = check_files(source, target, overwrite=options.overwrite)
    depth = min(depth_of(info.pixel_format), depth_of(options.chosen().pixel_format))
    check_content(info, progress, depth, options.interlaced, _DEEPER)
    seen = look_through(source, options, progress)
    return SourceTimeline(info, seen.times, _end(info, seen.times, seen.stay), seen.cuts, depth, options.interlaced)


def check_files(source: Path, target: Path, *, overwrite: bool, in_folder: bool = False) -> VideoInfo:
    """Return what the source is, after making sure that the job can begin; quick, and writes nothing.

    Args:
        source: A video.
        target: The file to be made of it.
        overwrite: Whether it may exist.
        in_folder: Whether its folder must.

    Raises:
        StvsrError: If the source cannot be read or the target cannot be written.
    """
    info = probe(source)
    check_output(source, target)
    container_format(target)
    if in_folder and not target.parent.is_dir():
        raise StvsrError(f"{target}: the folder {target.parent} does not exist; create it first")
    if target.exists() and not overwrite:
        raise StvsrError(f"{target} exists already; replace it with `overwrite`, or choose another name")
    return info


def look_through(source: Path, options: JobOptions, progress: Progress) -> Survey:
    """Return the times of a video's frames, and where new shots begin; tells of jumps of its clock.

    Raises:
        StvsrError: If the source is damaged, or has interlaced frames half-way that are to be refused.
    """
    if options.cuts is not None and source.stat().st_size > _LARGE:
        progress.notice(f"searching {source} for scene cuts (`cuts` off goes without)")
    found = survey(source, options.cuts, options.interlaced)
    if found.joints:
        places = f"{found.joints} place{'s' * (found.joints != 1)}"
        progress.notice(f"{source}: its clock jumps at {places}; what follows is joined on without a pause")
    return found


def check_content(
    info: VideoInfo, progress: Progress, depth: Depth = 8, interlaced: Interlaced = "refuse", advice: str = ""
) -> None:
    """Tell what of a source gets lost where ``depth`` bits of every colour are carried.

    Args:
        info: The source.
        progress: Told in one line.
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
        progress.notice(f"{info.path}: its {' and '.join(info.dynamic)} metadata is left out; the pictures stay HDR")
    if depth == 8 and (info.colour.is_hdr or info.bit_depth > 8):
        kind = "HDR" if info.colour.is_hdr else f"{info.bit_depth}-bit"
        progress.notice(f"{info.path} is {kind} video: 8 bits of every colour are kept{advice}")
    if info.interlaced and interlaced == "refuse":
        raise refusal(info.path, Fraction(0))
    if info.interlaced:
        fate = "deinterlaced" if interlaced == "deinterlace" else "taken as they are"
        progress.notice(f"{info.path} is interlaced: its frames are {fate}")


def _end(info: VideoInfo, pts: list[Fraction], last: Fraction) -> Fraction:
    """Return when the last frame stops being shown, which a file may give a duration that nobody meant."""
    durations = [later - earlier for earlier, later in pairwise(pts)] or [1 / info.rate]
    return pts[-1] + (last if last >= _SHORTEST_DURATION * min(durations) else median(durations))
