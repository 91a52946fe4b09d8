"""Files whose clocks and packets are not what one expects: stamps edited, recordings joined, pictures in two fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

Stamp = int | None
Change = Callable[[str, int, Stamp, Stamp], tuple[Stamp, Stamp]]
"""Of the kind of stream, the number of the packet in it and its two stamps (1/90000 s): its new stamps."""

_PACKET, _SYNC = 188, 0x47
_KINDS = {0xE0: "video", 0xC0: "audio", 0xBD: "audio"}


def restamped(source: Path, target: Path, change: Change) -> Path:
    """Write a transport stream with other stamps; nothing else changes. Stamps can be taken away, not added."""
    data = bytearray(source.read_bytes())
    counts: dict[str, int] = {}
    for start in range(0, len(data), _PACKET):
        assert data[start] == _SYNC
        if not data[start + 1] & 0x40:
            continue
        at = start + 4 + (1 + data[start + 4] if data[start + 3] & 0x20 else 0)
        kind = _KINDS.get(data[at + 3] & 0xF0 if data[at + 3] != 0xBD else 0xBD) if _begins(data, at) else None
        if kind is None or not data[at + 7] >> 6:
            continue
        number = counts[kind] = counts.get(kind, -1) + 1
        _restamp(data, at, *change(kind, number, *_stamps(data, at)))
    target.write_bytes(data)
    return target


def _begins(data: bytearray, at: int) -> bool:
    return data[at : at + 3] == b"\0\0\1"


def _stamps(data: bytearray, at: int) -> tuple[int, int]:
    shown = _number(data, at + 9)
    return shown, _number(data, at + 14) if data[at + 7] >> 6 == 3 else shown


def _number(data: bytearray, at: int) -> int:
    one, two, three, four, five = data[at : at + 5]
    return (one >> 1 & 7) << 30 | two << 22 | (three >> 1) << 15 | four << 7 | five >> 1


def _restamp(data: bytearray, at: int, shown: Stamp, decoded: Stamp) -> None:
    both = data[at + 7] >> 6 == 3
    if shown is None:
        data[at + 7] &= 0x3F
        data[at + 9 : at + (19 if both else 14)] = b"\xff" * (10 if both else 5)
        return
    data[at + 9 : at + 14] = _bytes(shown, 3 if both else 2)
    if both:
        data[at + 14 : at + 19] = _bytes(shown if decoded is None else decoded, 1)


def _bytes(stamp: int, prefix: int) -> bytes:
    stamp %= 2**33
    parts = prefix << 4 | (stamp >> 30 & 7) << 1 | 1, stamp >> 22 & 255, (stamp >> 15 & 127) << 1 | 1
    return bytes([*parts, stamp >> 7 & 255, (stamp & 127) << 1 | 1])


def joined(target: Path, parts: Iterable[Path]) -> Path:
    """Write files one behind the other, as ``cat`` does."""
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


def moved(source: Path, target: Path, seconds: float) -> Path:
    """Write a transport stream that begins so much later."""
    ticks = round(seconds * 90000)

    def later(kind: str, number: int, shown: Stamp, decoded: Stamp) -> tuple[Stamp, Stamp]:
        assert shown is not None
        assert decoded is not None
        return shown + ticks, decoded + ticks

    return restamped(source, target, later)


class Bits:
    """Bits on their way into an H.264 stream (ITU-T H.264, 7.2 and 9.1)."""

    def __init__(self) -> None:
        self._bits: list[str] = []
        self._length = 0

    def u(self, value: int, length: int) -> None:
        """Put a number of fixed length."""
        self._put(format(value, f"0{length}b"))

    def ue(self, *values: int) -> None:
        """Put numbers that may be of any size."""
        for value in values:
            code = format(value + 1, "b")
            self._put("0" * (len(code) - 1) + code)

    def align(self) -> None:
        """Go on at the next byte."""
        self._put("0" * (-self._length % 8))

    def raw(self, data: bytes) -> None:
        """Put whole bytes."""
        self._put("".join(format(byte, "08b") for byte in data))

    def unit(self, header: int) -> bytes:
        """Return a unit of the stream that ends here."""
        self._put("1")
        self.align()
        text = "".join(self._bits)
        payload = bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))
        guarded = bytearray()
        zeros = 0
        for byte in payload:
            if zeros >= 2 and byte <= 3:
                guarded.append(3)
                zeros = 0
            guarded.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return b"\0\0\0\1" + bytes([header]) + bytes(guarded)

    def _put(self, bits: str) -> None:
        self._bits.append(bits)
        self._length += len(bits)


def field_pictures(levels: Sequence[int], order: Sequence[int] | None = None, width: int = 64) -> list[list[bytes]]:
    """Return grey H.264 frames as pairs of coded fields, in decoding order: uncompressed macroblocks only.

    Args:
        levels: Of the frames, in the order in which they are shown; the second field is one brighter.
        order: In which they are coded; as shown if None.
        width: And height, a multiple of 32.
    """
    parameters = _sequence(width) + _pictures()
    frames = []
    for place, shown in enumerate(order or range(len(levels))):
        fields = [_field(levels[shown] + late, place, 2 * shown + late, late, width) for late in (0, 1)]
        delimiter = b"\0\0\0\1\x09\xf0"
        frames.append([delimiter + parameters * (place == 0) + fields[0], delimiter + fields[1]])
    return frames


def _sequence(width: int) -> bytes:
    bits = Bits()
    bits.u(77, 8)
    bits.u(0, 8)
    bits.u(30, 8)
    bits.ue(0, 0, 0, 4, 1)  # 4 bits of frame numbers, 8 of the order of pictures, one reference
    bits.u(0, 1)
    bits.ue(width // 16 - 1, width // 32 - 1)
    bits.u(0b00101, 5)  # fields allowed; no adaptive frames; direct inference; no cropping; usability follows
    bits.u(0, 4)
    bits.u(1, 1)
    bits.u(1, 32)
    bits.u(50, 32)
    bits.u(0b1_0_0_0_1_1, 6)  # a fixed rate; no buffers told; the number of reordered frames follows
    bits.ue(0, 0, 10, 10, 2, 3)
    return bits.unit(0x67)


def _pictures() -> bytes:
    bits = Bits()
    bits.ue(0, 0)
    bits.u(0, 2)
    bits.ue(0, 0, 0)
    bits.u(0, 3)
    bits.ue(0, 0, 0)
    bits.u(0b100, 3)
    return bits.unit(0x68)


def _field(level: int, place: int, order: int, late: int, width: int) -> bytes:
    first = place == 0 and not late
    reference = place == 0
    bits = Bits()
    bits.ue(0, 7, 0)
    bits.u(0 if reference else 1, 4)
    bits.u(1, 1)
    bits.u(late, 1)
    if first:
        bits.ue(0)
    bits.u(order % 256, 8)
    if reference:
        bits.u(0, 2 if first else 1)
    bits.ue(0, 1)
    block = bytes([level]) * 256 + b"\x80" * 128
    for _ in range(width // 16 * (width // 32)):
        bits.ue(25)
        bits.align()
        bits.raw(block)
    return bits.unit((0x60 if reference else 0) | (5 if first else 1))


def write_fields(
    path: Path, levels: Sequence[int], order: Sequence[int] | None = None, *, stamped: str = "first", width: int = 64
) -> Path:
    """Write H.264 frames of two coded fields, at 25 frames a second.

    Args:
        path: A file of any container that takes such a stream.
        levels: As of `field_pictures`.
        order: As of `field_pictures`.
        stamped: Whether the ``first`` field of each frame has a stamp and a packet of both, or ``both`` have one each.
        width: As of `field_pictures`.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_mux_stream("h264", rate=25, width=width, height=width)
        stream.time_base = Fraction(1, 90000)
        coded = field_pictures(levels, order, width)
        for place, (number, fields) in enumerate(zip(order or range(len(levels)), coded, strict=True)):
            units = [b"".join(fields)] if stamped == "first" else fields
            for late, unit in enumerate(units):
                packet = av.Packet(unit)
                packet.stream, packet.time_base = stream, Fraction(1, 90000)
                packet.pts, packet.dts = 3600 * (number + 2) + 1800 * late, 3600 * place + 1800 * late
                packet.is_keyframe = place == 0
                container.mux(packet)
    return path


def write_hevc_fields(path: Path, levels: Sequence[int], first: str = "tff") -> Path:
    """Write HEVC fields of these grey levels, 50 a second, the upper (``tff``) or lower (``bff``) ones first."""
    settings = {"x265-params": f"interlace={first}:log-level=error:keyint=10:bframes=2", "crf": "4"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=50, options=settings)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for index, level in enumerate(levels):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), level, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 50)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
