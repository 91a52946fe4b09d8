"""Opening and decoding files that others made, with every failure told in one line."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from heapq import heapify, heappop, heappush
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from stvsr.errors import StvsrError
from stvsr.text import reason
from stvsr.video.fields import woven
from stvsr.video.misread import encrypted, missing, undecodable

# A playlist may name addresses; a video file given by the user opens local files only.
_OPTIONS = {"protocol_whitelist": "file,data"}
# FFmpeg draws text files as terminal screens. Nobody who passes one means that.
_NOT_VIDEO = {"tty"}


def check_input(path: Path) -> None:
    """Raise StvsrError unless `path` is a readable file with something in it."""
    if not path.exists():
        raise missing(path)
    if path.is_dir():
        raise StvsrError(f"{path} is a folder; name one video file")
    if not path.is_file():
        raise StvsrError(f"{path} is not a regular file; copy its contents into a file first")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise StvsrError(f"{path} cannot be read ({reason(error)}); check its permissions") from error
    if empty:
        raise StvsrError(f"{path} is empty; copy it again from its source")


def open_input(path: Path) -> InputContainer:
    """Open a media file.

    Raises:
        StvsrError: missing, a folder, empty, unreadable, or nothing that FFmpeg knows.
    """
    check_input(path)
    try:
        # The prefix keeps names such as "take:2.mp4" from being read as addresses.
        container = av.open(f"file:{path}", options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise StvsrError(
            f"{path} is not a video that FFmpeg can open ({reason(error)}); check that it is one, or copy it again"
        ) from error
    if container.format.name in _NOT_VIDEO:
        container.close()
        raise StvsrError(f"{path} is a text file, not a video; name a video file")
    return container


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the file's main moving picture; cover art does not count.

    Raises:
        StvsrError: no video stream, or one in a codec that this FFmpeg cannot decode.
    """
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        kinds = ", ".join(sorted({stream.type for stream in container.streams}))
        if not kinds:
            raise StvsrError(f"{path} is a video file without any stream in it; copy it again from its source")
        raise StvsrError(f"{path} has no video stream, only {kinds}; name a file with pictures")
    try:
        best = container.streams.best("video")
    except IndexError:  # a stream that appeared after the file was opened
        best = None
    stream = next((s for s in moving if best is not None and s.index == best.index), moving[0])
    if stream.codec_context is None:
        raise StvsrError(f"{path}: no decoder for its video stream; convert it to H.264 first")
    return stream


def demux(container: InputContainer, streams: Sequence[Stream]) -> Iterator[Packet[Stream]]:
    """Yield the packets of some of a file's streams, empty ones at its end.

    Some files have streams that appear only while they are read, at which PyAV's own generator gives up.

    Raises:
        av.FFmpegError, OSError: the file itself ends or fails in the middle.
    """
    while True:
        try:
            yield from container.demux(list(streams))
            return
        except IndexError:
            continue


def is_avi(container: InputContainer) -> bool:
    """Whether a file's stamps are decoding times only."""
    return container.format.name == "avi"


class Reordered:
    """The decoding times of packets, given out in order, one for every frame that is shown."""

    def __init__(self) -> None:
        self._stamps: list[int] = []

    def add(self, packet: Packet[Stream]) -> None:
        """Note a packet; empty ones stand for frames left out."""
        if packet.size and packet.dts is not None:
            heappush(self._stamps, packet.dts)

    def forget(self, packet: Packet[Stream]) -> None:
        """Note that a packet gives no frame."""
        if packet.dts in self._stamps:
            self._stamps.remove(packet.dts)
            heapify(self._stamps)

    def next(self) -> int | None:
        """Return when the next frame is shown, or None if nothing says."""
        return heappop(self._stamps) if self._stamps else None


def decode(
    container: InputContainer,
    stream: VideoStream,
    path: Path,
    strict: bool = True,
    place: Callable[[Packet[Stream]], object] | None = None,
) -> Generator[av.VideoFrame]:
    """Yield a stream's frames in the decoder's output order, those coded as two pictures put together.

    AVI tells when frames are decoded, not when they are shown, and FFmpeg's guesses come out of order where frames are
    reordered. There the earliest decoding time not yet used is when the next frame is shown.

    Args:
        container: an open file at its start.
        stream: its video stream.
        path: for messages.
        strict: raise at the first damaged packet; otherwise leave out what cannot be decoded. Recordings that
            begin between key frames are not damaged: what leans on pictures before their start is left out.
        place: moves a packet onto the file's timeline; None leaves its stamps as they are.

    Raises:
        StvsrError: damaged or truncated data, told with the number of good frames before it.
    """
    if "enc_key_id" in stream.metadata:  # Matroska's way to say so; MP4 says it with every packet
        raise encrypted(path)
    yield from woven(_decoded(container, stream, path, strict, place), stream)


def _decoded(
    container: InputContainer,
    stream: VideoStream,
    path: Path,
    strict: bool,
    place: Callable[[Packet[Stream]], object] | None,
) -> Iterator[av.VideoFrame]:
    count = 0
    shown = Reordered() if is_avi(container) else None
    packets = demux(container, [stream])
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError) as error:  # the file itself ends or fails in the middle
            if strict:
                raise _damaged(path, count, error) from error
            packet = None
        if packet is None:
            return
        if packet.has_sidedata("encryption_info"):
            raise encrypted(path)
        if place is not None:
            place(packet)
        if shown is not None:
            shown.add(packet)
        try:
            for frame in stream.decode(packet):
                count += 1
                if shown is not None:
                    frame.pts, frame.time_base = shown.next(), packet.time_base
                yield frame
        except av.EOFError:
            return
        except (av.FFmpegError, OSError) as error:
            if shown is not None:
                shown.forget(packet)
            if strict and (count or packet.is_keyframe):
                raise _damaged(path, count, error) from error


def _damaged(path: Path, count: int, error: Exception) -> StvsrError:
    if count == 0:
        return undecodable(path, reason(error))
    return StvsrError(
        f"{path} is damaged after frame {count} ({reason(error)}); copy it again from its source, "
        f"or cut it to its first {count} frames"
    )
