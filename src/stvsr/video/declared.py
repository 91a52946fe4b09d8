"""What a container says of its pictures and decoders leave undone: how they are cropped, what they were graded on.

FFmpeg keeps that beside a stream, where PyAV does not reach. But it goes along when a stream is copied: a header in
memory, written by FFmpeg's own Matroska muxer, tells what any input says, and one that we write tells an output.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stvsr.video.ebml import element, found, whole_number
from stvsr.video.mastering import Mastering

_HEAD, _DOCUMENT, _SEGMENT, _TRACKS, _TRACK, _VIDEO = 0x1A45DFA3, 0x4282, 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_NUMBER, _UID, _KIND, _CODEC, _WIDTH, _HEIGHT, _COLOUR = 0xD7, 0x73C5, 0x83, 0x86, 0xB0, 0xBA, 0x55B0
_CLUSTER, _TIME = 0x1F43B675, 0xE7
_TOP, _BOTTOM, _LEFT, _RIGHT = 0x54BB, 0x54AA, 0x54CC, 0x54DD
# What is added to a track's blocks, and its configuration.
_ADDITION, _CONFIGURATION = 0x41E4, 0x41ED
_DOLBY_SIZE = 24
# Profiles of Dolby Vision whose pictures only it explains: the first always, the others where they promise nothing.
_DOLBY_ONLY, _DOLBY_PERHAPS = 5, (10, 20)
# The containers that can say how pictures are cropped.
_SAYING = {"matroska", "webm", "mov", "mp4"}
# Matroska's names of what our encoders make.
_CODECS = {
    "libx264": "V_MPEG4/ISO/AVC",
    "libx265": "V_MPEGH/ISO/HEVC",
    "libvpx-vp9": "V_VP9",
    "ffv1": "V_FFV1",
}


@dataclass(frozen=True)
class Crop:
    """Rows and columns at the borders of stored pictures that are not shown."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return any((self.top, self.bottom, self.left, self.right))

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height that are shown of a stored picture."""
        return width - self.left - self.right, height - self.top - self.bottom

    def apply(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return what is shown of a stored picture ``(height, width, ...)``."""
        height, width = image.shape[:2]
        return image[self.top : height - self.bottom, self.left : width - self.right]


@dataclass(frozen=True)
class Declared:
    """What a container says of its pictures.

    Attributes:
        crop: What of them is not shown.
        dolby_only: Whether only Dolby Vision explains their colours.
    """

    crop: Crop = Crop()
    dolby_only: bool = False


def declared(container: InputContainer, stream: VideoStream) -> Declared:
    """Return what an open file says of the pictures of one of its streams."""
    if not _SAYING & set(container.format.name.split(",")):
        return Declared()
    memory = io.BytesIO()
    try:
        with av.open(memory, "w", format="matroska") as copy:
            copy.add_stream_from_template(stream, opaque=True)
            copy.start_encoding()
            header = memory.getvalue()
        return _read(header, stream)
    except (av.FFmpegError, ValueError, IndexError, OSError):  # nothing that Matroska holds
        return Declared()


def _read(header: bytes, stream: VideoStream) -> Declared:
    video = next(found(header, _SEGMENT, _TRACKS, _TRACK, _VIDEO), b"")
    sides = (whole_number(next(found(video, side), b"")) for side in (_TOP, _BOTTOM, _LEFT, _RIGHT))
    crop = Crop(*sides)
    if min(crop.size(stream.width, stream.height)) < 1:  # of another size than the pictures are
        crop = Crop()
    additions = found(header, _SEGMENT, _TRACKS, _TRACK, _ADDITION, _CONFIGURATION)
    return Declared(crop, any(_is_dolby_only(each) for each in additions if len(each) == _DOLBY_SIZE))


def _is_dolby_only(configuration: bytes) -> bool:
    """Whether a Dolby Vision configuration is of pictures that nothing else explains."""
    profile, promised = configuration[2] >> 1, configuration[4] >> 4
    return profile == _DOLBY_ONLY or (profile in _DOLBY_PERHAPS and not promised)


def can_declare(codec: str) -> bool:
    """Whether containers can be told something of what an encoder makes, by FFmpeg's name of it."""
    return codec in _CODECS


def template(codec: str, width: int, height: int, crop: Crop, mastering: Mastering | None) -> InputContainer:
    """Return an open file without pictures, as a template for a stream that says the same of its own.

    Args:
        codec: FFmpeg's name of the encoder, one that `can_declare`.
        width: Of the stored pictures.
        height: Of the stored pictures.
        crop: What of them is not shown.
        mastering: What they were graded on.
    """
    sides = ((_TOP, crop.top), (_BOTTOM, crop.bottom), (_LEFT, crop.left), (_RIGHT, crop.right))
    video = [element(_WIDTH, width), element(_HEIGHT, height)]
    video += [element(side, count) for side, count in sides if count]
    if mastering is not None:
        video.append(element(_COLOUR, mastering.elements()))
    track = [element(_NUMBER, 1), element(_UID, 1), element(_KIND, 1), element(_CODEC, _CODECS[codec])]
    body = [
        element(_TRACKS, [element(_TRACK, [*track, element(_VIDEO, video)])]),
        element(_CLUSTER, [element(_TIME, 0)]),
    ]
    head = element(_HEAD, [element(_DOCUMENT, "matroska")])
    return av.open(io.BytesIO(head + element(_SEGMENT, body)), "r")
