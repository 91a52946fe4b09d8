"""A few short stretches of a video, for whoever wants to know what it is like without reading all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.video.colour import check_readable, colour_of, to_rgb
from stvsr.video.quantisers import Compression, Headers, Quantiser, ask, compression, quantiser
from stvsr.video.source import demux, open_input, video_stream

PLACES = (1 / 6, 1 / 2, 5 / 6)
"""Of the duration."""
FRAMES = 4
"""Of each stretch."""
SEEN = 2
"""Of those, how many are turned into pictures."""
_SKIPPED_PIXELS = 40_000_000
"""What is decoded, at most, from a key frame to the place itself: frames right behind it look better than most."""


@dataclass
class Samples:
    """What was found.

    Attributes:
        pictures: RGB uint8 ``(height, width, 3)``, all of one size.
        compression: How strongly the file was compressed.
    """

    pictures: list[NDArray[np.uint8]]
    compression: Compression


@dataclass
class _Found:
    frames: list[av.VideoFrame] = field(default_factory=list)
    quantisers: list[Quantiser] = field(default_factory=list)
    bits: int = 0
    packets: int = 0


def samples(path: str | Path) -> Samples:
    """Read a few stretches of a video; the same ones every time.

    Raises:
        StvsrError: If the file cannot be opened, or nothing in it decoded or shown in RGB.
    """
    path = Path(path)
    return _sampled(path, search=True) or _sampled(path, search=False) or _nothing(path)


def _nothing(path: Path) -> Samples:
    raise StvsrError(f"{path}: no frame can be decoded; copy it again from its source")


def _sampled(path: Path, search: bool) -> Samples | None:
    """Return what is found at the usual places, or at the very start; None for nothing, as some files cannot jump."""
    with open_input(path) as container:
        stream = video_stream(container, path)
        ask(stream.codec_context)
        # Not AUTO: with frame threads, frames come out while their last blocks' quantisers are still being decoded.
        stream.thread_type = "SLICE"
        headers, found = Headers(stream), _Found()
        for place in _places(container) if search else [None]:
            _read(container, stream, place, headers, found)
        return _gathered(path, stream, headers, found) if found.frames else None


def _gathered(path: Path, stream: VideoStream, headers: Headers, found: _Found) -> Samples:
    first = found.frames[0]
    colour = colour_of(first)
    check_readable(path, colour)
    alike = [frame for frame in found.frames if (frame.width, frame.height) == (first.width, first.height)]
    depth = max((component.bits for component in first.format.components), default=8)
    bits_per_pixel = found.bits / max(found.packets, 1) / (first.width * first.height)
    stored = compression(stream, depth, found.quantisers, headers.values, bits_per_pixel)
    return Samples([to_rgb(frame, colour) for frame in alike], stored)


def _places(container: InputContainer) -> list[float | None]:
    """Return where the stretches begin, in seconds; None where the file does not say how long it is."""
    if not container.duration or container.duration <= 0:
        return [None]
    start, length = (container.start_time or 0) / av.time_base, container.duration / av.time_base
    return [start + place * length for place in PLACES]


def _read(container: InputContainer, stream: VideoStream, place: float | None, headers: Headers, found: _Found) -> None:
    """Add a stretch; one that is damaged, or out of reach, is shorter or missing."""
    if place is not None:
        with suppress(av.FFmpegError, OSError):
            container.seek(int(place * av.time_base))
        headers.flush()
    taken = 0
    with suppress(av.FFmpegError, OSError):
        for frame in _from(container, stream, place, headers, found):
            if (told := quantiser(frame)) is not None:
                found.quantisers.append(told)
            if taken < SEEN:
                found.frames.append(frame)
            taken += 1
            if taken == FRAMES:
                return


def _from(
    container: InputContainer, stream: VideoStream, place: float | None, headers: Headers, found: _Found
) -> Iterator[av.VideoFrame]:
    """Yield the frames from a place on, or from as near to it as is cheap."""
    skipped = 0
    for packet in demux(container, [stream]):
        _note(packet, headers, found)
        for frame in stream.decode(packet):
            early = place is not None and frame.time is not None and frame.time < place
            if early and skipped < _SKIPPED_PIXELS:
                skipped += frame.width * frame.height
                continue
            yield frame


def _note(packet: av.Packet[Any], headers: Headers, found: _Found) -> None:
    if packet.size:
        headers.add(packet)
        found.bits += 8 * packet.size
        found.packets += 1
