"""What a job must know of its source: what it is, its cuts, what would get lost, and how it was degraded."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from stvsr.engine.progress import Watcher
from stvsr.errors import StvsrError
from stvsr.jobs.records import SHRINK_TAG, DegradeRecord
from stvsr.physics.degradation import DEFAULT, Degradation, has_effect
from stvsr.video.colour import Depth, stores_alpha
from stvsr.video.cuts import check_threshold, scan_cuts
from stvsr.video.deinterlace import Interlaced, refusal
from stvsr.video.info import VideoInfo, probe
from stvsr.video.output import check_output, container_format
from stvsr.video.timing import scan_times


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


def search_cuts(
    source: Path,
    threshold: float | None,
    watcher: Watcher | None = None,
    interlaced: Interlaced = "refuse",
) -> list[int]:
    """Return the numbers of the frames that begin a new shot; none if there is no threshold.

    The ``watcher`` is told where that takes a while.

    Raises:
        StvsrError: If the threshold is impossible, or the source is damaged, or it has interlaced frames half-way
            that are to be refused.
    """
    check_threshold(threshold)
    if threshold is None:
        return []
    if watcher is not None and source.stat().st_size > _LARGE:
        watcher.notice(f"searching {source} for scene cuts (--cuts off goes without)")
    return scan_cuts(source, threshold, interlaced)


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
    if depth == 8 and (info.colour.is_hdr or info.bit_depth > 8):
        kind = "HDR" if info.colour.is_hdr else f"{info.bit_depth}-bit"
        watcher.notice(f"{info.path} is {kind} video: 8 bits of every colour are kept{advice}")
    if info.interlaced and interlaced == "refuse":
        raise refusal(info.path, Fraction(0))
    if info.interlaced:
        fate = "deinterlaced" if interlaced == "deinterlace" else "taken as they are"
        watcher.notice(f"{info.path} is interlaced: its frames are {fate}")


def assumed(
    info: VideoInfo, given: Mapping[str, Any], watcher: Watcher, usual: Degradation = DEFAULT
) -> tuple[Degradation, DegradeRecord | None]:
    """Settle how a video was degraded: as the user says, else as its record says, else as usual.

    Args:
        info: The video.
        given: Those of `Degradation`'s settings that the user chose.
        watcher: Told if a record is used, or cannot be.
        usual: For what says nothing.

    Returns:
        The degradation; and the record, where the restored video is to have its size, frames and times.

    Raises:
        StvsrError: If a setting is impossible, or the record's blur was a file and none is given.
    """
    notice_shrunk(info, watcher)
    record = _usable(info, watcher)
    if record is None:
        return usual.but(**given), None
    recorded = record.settings
    if recorded.blur.endswith(".npy") and "blur" not in given:
        raise StvsrError(
            f"{info.path} was blurred by the kernel {recorded.blur}, which it does not hold: give it with --blur"
        )
    degradation = recorded.but(**given)
    watcher.notice(f"{info.path} was made by 'stvsr degrade'; undoing: {degradation}")
    return degradation, record if degradation.scale == recorded.scale else None


def notice_shrunk(info: VideoInfo, watcher: Watcher) -> None:
    """Tell the watcher if a video needs another command."""
    if any(name.upper() == SHRINK_TAG and text for name, text in info.metadata.items()):
        watcher.notice(f"{info.path} was made by 'stvsr shrink': only 'stvsr expand' knows what its colours mean")


def check_effect(degradation: Degradation) -> None:
    """Make sure that a degradation does something.

    Raises:
        StvsrError: If it leaves every pixel as it is, or its kernel cannot be read.
    """
    if not has_effect(degradation):
        raise StvsrError(
            "--time 1 --space 1 leave nothing to do without a blur or noise: "
            "give --blur gaussian:SIGMA or --noise SIGMA, or a larger factor"
        )


def _usable(info: VideoInfo, watcher: Watcher) -> DegradeRecord | None:
    """Return the record, if there is one that fits the video."""
    try:
        record = DegradeRecord.find(info.metadata)
    except StvsrError as error:
        watcher.notice(f"{info.path}: {error}; until then going by the options alone")
        return None
    if record is None:
        return None
    frames, height, width = record.settings.scale.low_size((record.frames, record.height, record.width))
    if (info.width, info.height) != (width, height) or len(scan_times(info.path)) != frames:
        watcher.notice(f"{info.path} was cut or resized since 'stvsr degrade' made it: going by the options alone")
        return None
    try:
        record.times_after(info.path)
    except StvsrError as error:
        watcher.notice(f"{error}; until then going by the options alone")
        return None
    return record
