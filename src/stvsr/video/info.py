"""What a video file is, without reading more of it than its first frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from stvsr.errors import StvsrError
from stvsr.video.colour import Colour, check_readable, colour_of, stores_alpha
from stvsr.video.declared import Crop, declared
from stvsr.video.deinterlace import is_interlaced
from stvsr.video.fields import is_woven
from stvsr.video.mastering import Mastering, dynamic_metadata, is_dolby_only
from stvsr.video.orientation import Orientation, orientation_of
from stvsr.video.source import decode, open_input, video_stream
from stvsr.video.timing import nominal_rate


@dataclass(frozen=True)
class StreamInfo:
    """One stream of a file.

    Attributes:
        index: position in the file.
        kind: ``video``, ``audio``, ``subtitle``, ``attachment`` or ``data``.
        codec: FFmpeg's name of the codec, or ``unknown``.
        language: as tagged, or None.
        title: as tagged, or None.
    """

    index: int
    kind: str
    codec: str
    language: str | None
    title: str | None

    def __str__(self) -> str:
        extra = ", ".join(part for part in (self.codec, self.language, self.title) if part)
        return f"{self.kind} stream {self.index} ({extra})"


@dataclass(frozen=True)
class VideoInfo:
    """A video file's facts. Sizes are pixels, times are seconds.

    Attributes:
        path: the file.
        container: FFmpeg's name of the format, such as ``matroska,webm``.
        width: of an upright frame, as the reader gives it.
        height: of an upright frame, as the reader gives it.
        coded_width: of a stored frame.
        coded_height: of a stored frame.
        rotation: clockwise degrees from stored to upright: 0, 90, 180 or 270.
        mirrored: whether stored frames are mirrored left to right before that turn.
        rate: average frames per second.
        frames: the number of frames by the container's claim, or None; `scan_times` counts them.
        duration: by the container's claim, or None.
        codec: FFmpeg's name of the video codec.
        pixel_format: FFmpeg's name, such as ``yuv420p10le``.
        bit_depth: bits of the deepest component.
        colour: what the numbers mean, untagged values resolved.
        sample_aspect: width / height of an upright pixel.
        interlaced: whether the file says that frames are two fields.
        crop: what of a stored frame the container hides; the reader leaves it out.
        mastering: what an HDR video was graded on, or None.
        dynamic: names of metadata that changes from frame to frame, such as ``HDR10+``.
        dolby_only: whether only Dolby Vision explains the colours, which then cannot be read.
        has_alpha: whether there is a transparency channel, which the reader drops.
        streams: every stream of the file, in its order.
        metadata: the container's tags, keys in lower case.
    """

    path: Path
    container: str
    width: int
    height: int
    coded_width: int
    coded_height: int
    rotation: int
    mirrored: bool
    rate: Fraction
    frames: int | None
    duration: Fraction | None
    codec: str
    pixel_format: str
    bit_depth: int
    colour: Colour
    sample_aspect: Fraction
    interlaced: bool
    crop: Crop
    mastering: Mastering | None
    dynamic: tuple[str, ...]
    dolby_only: bool
    has_alpha: bool
    streams: tuple[StreamInfo, ...]
    metadata: dict[str, str] = field(hash=False)


def probe(path: str | Path) -> VideoInfo:
    """Describe a video file; decodes its first frame, so that what passes here can be read.

    Raises:
        StvsrError: missing, a folder, empty, unreadable, not a video, no video stream, or not decodable.
    """
    path = Path(path)
    with open_input(path) as container:
        stream = video_stream(container, path)
        frame = next(decode(container, stream, path), None)
        if frame is None:
            raise StvsrError(f"{path} has a video stream without a single frame")
        return describe(path, container, stream, frame)


def check_colours(info: VideoInfo) -> None:
    """Raise StvsrError unless a file's colours can be turned into RGB."""
    if info.dolby_only:
        raise StvsrError(
            f"{info.path} is Dolby Vision of a kind (profile 5) whose colours only Dolby's own metadata explains, "
            "which cannot be read; convert it to HDR10 or BT.709 first"
        )
    check_readable(info.path, info.colour)


def describe(path: Path, container: InputContainer, stream: VideoStream, frame: av.VideoFrame) -> VideoInfo:
    """Gather the facts of an open file from its headers and its first decoded `frame`."""
    orientation = orientation_of(frame)
    said = declared(container, stream)
    width, height = said.crop.size(frame.width, frame.height)
    if orientation.swaps_axes:
        width, height = height, width
    return VideoInfo(
        path=path,
        container=container.format.name,
        width=width,
        height=height,
        coded_width=frame.width,
        coded_height=frame.height,
        rotation=orientation.rotation,
        mirrored=orientation.mirrored,
        rate=nominal_rate(stream) / (2 if is_woven(stream, frame) else 1),
        frames=_claimed_frames(stream),
        duration=_claimed_duration(container, stream),
        codec=stream_info(stream).codec,
        pixel_format=frame.format.name,
        bit_depth=max((component.bits for component in frame.format.components), default=8),
        colour=colour_of(frame),
        sample_aspect=_sample_aspect(stream, orientation),
        interlaced=is_interlaced(stream, frame),
        crop=said.crop,
        mastering=Mastering.of(frame),
        dynamic=tuple(dynamic_metadata(frame)),
        dolby_only=said.dolby_only or is_dolby_only(frame),
        has_alpha=_has_alpha(stream, frame),
        streams=tuple(stream_info(each) for each in container.streams),
        metadata={key.lower(): value for key, value in container.metadata.items()},
    )


def stream_info(stream: Stream) -> StreamInfo:
    """Describe one stream of an open file."""
    context = stream.codec_context
    codec = context.codec.canonical_name if context is not None else getattr(stream, "name", None)
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    language = tags.get("language")
    return StreamInfo(
        index=stream.index,
        kind=stream.type,
        codec=codec or "unknown",
        language=None if language == "und" else language,
        title=tags.get("title"),
    )


def _sample_aspect(stream: VideoStream, orientation: Orientation) -> Fraction:
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    return 1 / aspect if orientation.swaps_axes else aspect


def _has_alpha(stream: VideoStream, frame: av.VideoFrame) -> bool:
    """VP8 and VP9 keep transparency beside the pictures, where only a tag tells of it."""
    beside = {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode") == "1"
    return beside or stores_alpha(frame.format.name)


def _claimed_frames(stream: VideoStream) -> int | None:
    if stream.frames > 0:
        return stream.frames
    claims = (value for key, value in stream.metadata.items() if key.upper().startswith("NUMBER_OF_FRAMES"))
    return next((int(claim) for claim in claims if claim.isdecimal()), None)


def _claimed_duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration and stream.duration > 0 and stream.time_base:
        return stream.duration * stream.time_base
    if container.duration and container.duration > 0:
        return Fraction(container.duration, av.time_base)
    return None
