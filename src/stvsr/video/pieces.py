"""Encoded frames apart from any file, so that a long video can be encoded piece by piece and put together.

Every piece begins with a key frame and needs no other one: it comes out the same whenever it is encoded, and
`stvsr.video.writer.VideoWriter.append` lines the pieces up.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.text import reason
from stvsr.video.coding import Coding
from stvsr.video.priority import kept_priority

_MAGIC = b"stvsr coded 1\n"
_RECORD = struct.Struct("<qqqBI")
_END = _RECORD.pack(0, 0, 0, 2, 0)


@dataclass(frozen=True)
class Coded:
    """One encoded frame.

    Attributes:
        shown: When it is shown, in ticks.
        decoded: When it is decoded, in ticks; increases from frame to frame.
        stays: How long it stays, in ticks.
        key: Whether decoding can begin here.
        data: The encoder's bytes.
    """

    shown: int
    decoded: int
    stays: int
    key: bool
    data: bytes


class PieceEncoder:
    """Encodes the frames of one piece.

    Args:
        coding: How.
        before: When the frames just before the piece are shown, in seconds; at least `Coding.reordered` of them, or
            none at the video's start.

    Raises:
        StvsrError: If the encoder cannot be opened.
    """

    def __init__(self, coding: Coding, before: Sequence[Fraction] = ()) -> None:
        self._coding = coding
        context = av.CodecContext.create(coding.encoder.codec, "w")
        assert isinstance(context, VideoCodecContext)
        coding.configure(context)
        context.flags |= int(Flags.global_header)
        try:
            with kept_priority():
                context.open()
        except (av.FFmpegError, ValueError) as error:
            raise self._failure(error) from error
        self._context = context
        self._before = [coding.ticks(time) for time in before[len(before) - coding.reordered :]]
        self._shown: list[int] = []
        self._stays: dict[int, int] = {}
        self._given = 0

    @property
    def header(self) -> bytes:
        """What a decoder must know first; the same for all pieces."""
        return bytes(self._context.extradata or b"")

    def write(self, rgb: NDArray[Any], time: Fraction, duration: Fraction) -> list[Coded]:
        """Encode one frame, shown at ``time`` for ``duration`` (seconds); return the frames that are ready.

        Raises:
            ValueError: Another size or type, or a time that does not increase or is no whole number of ticks.
            StvsrError: The encoder fails.
        """
        frame = self._coding.frame(rgb)
        shown = self._coding.ticks(time)
        if self._shown and shown <= self._shown[-1]:
            raise ValueError(f"frame times must increase: {shown} ticks after {self._shown[-1]}")
        self._shown.append(shown)
        self._stays[shown] = max(1, round(duration / self._coding.tick))
        frame.pts = shown - self._shown[0]  # from zero: what comes out must not depend on the place
        frame.duration = self._stays[shown]
        return self._encode(frame)

    def finish(self) -> list[Coded]:
        """Return the frames that were still to come."""
        return self._encode(None)

    def _encode(self, frame: av.VideoFrame | None) -> list[Coded]:
        try:
            packets = self._context.encode(frame)
        except (av.FFmpegError, OSError) as error:
            raise self._failure(error) from error
        return [self._coded(packet) for packet in packets]

    def _failure(self, error: Exception) -> StvsrError:
        coding = self._coding
        size = f"{coding.width}x{coding.height}"
        return StvsrError(f"{coding.encoder.codec} cannot encode {size} ({reason(error)}); take another encoder")

    def _coded(self, packet: av.Packet[Any]) -> Coded:
        shown = self._shown[0] + (packet.pts or 0)
        decoded = self._decoded(self._given)
        self._given += 1
        if decoded > shown:
            raise ValueError(f"{self._coding.encoder.codec} reorders more frames than it should")
        return Coded(shown, decoded, self._stays[shown], packet.is_keyframe, bytes(packet))

    def _decoded(self, number: int) -> int:
        """Frame ``number`` in decoding order is decoded when the frame ``reordered`` places before it is shown."""
        place = number - self._coding.reordered
        if place >= 0:
            return self._shown[place]
        if self._before:
            return self._before[place]
        period = self._shown[1] - self._shown[0] if len(self._shown) > 1 else self._stays[self._shown[0]]
        return self._shown[0] + place * period


class CodedWriter:
    """A file of encoded frames, which knows whether it is whole."""

    def __init__(self, path: Path, header: bytes) -> None:
        self._file: BinaryIO = path.open("wb")
        self._sum = 0
        self._put(_MAGIC + struct.pack("<I", len(header)) + header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, frame: Coded) -> None:
        """Append a frame."""
        self._put(_RECORD.pack(frame.shown, frame.decoded, frame.stays, frame.key, len(frame.data)) + frame.data)

    def finish(self) -> None:
        """Write the end, without which the file does not count."""
        self._put(_END)
        self._file.write(struct.pack("<I", self._sum))
        self._file.flush()

    def _put(self, data: bytes) -> None:
        self._sum = zlib.crc32(data, self._sum)
        self._file.write(data)


class CodedReader:
    """The frames of a file that `CodedWriter` wrote, one at a time.

    Attributes:
        header: As `PieceEncoder.header`.

    Raises:
        ValueError: On opening or while iterating, if the file is damaged or not whole.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._sum = path, 0
        self._file: BinaryIO = path.open("rb")
        try:
            self._take(len(_MAGIC), _MAGIC)
            (length,) = struct.unpack("<I", self._take(4))
            self.header = self._take(length)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Coded]:
        while True:
            shown, decoded, stays, kind, size = _RECORD.unpack(self._take(_RECORD.size))
            if kind > 1:
                break
            yield Coded(shown, decoded, stays, bool(kind), self._take(size))
        (expected,) = struct.unpack("<I", self._file.read(4).ljust(4, b"\0"))
        if self._sum != expected:
            raise ValueError(f"{self._path} is damaged")

    def _take(self, size: int, expected: bytes | None = None) -> bytes:
        data = self._file.read(size)
        if len(data) != size or (expected is not None and data != expected):
            raise ValueError(f"{self._path} is not whole")
        self._sum = zlib.crc32(data, self._sum)
        return data


def is_whole(path: Path) -> bool:
    """Whether a file holds all that `CodedWriter` wrote; reads all of it."""
    try:
        with CodedReader(path) as frames:
            for _ in frames:
                pass
    except (OSError, ValueError, struct.error):
        return False
    return True
