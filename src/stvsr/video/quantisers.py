"""How strongly a video was compressed, from what its decoder and its headers know.

Decoders of H.264, MPEG-1, 2 and 4 and their kin tell the quantiser of every block, that of VP9 one for each frame. In
HEVC, VVC, AV1 and VP8 the headers of each frame hold its quantiser, which FFmpeg's ``trace_headers`` reads out. Where
nobody tells, bits per pixel remain, which depend on the footage as much as on the encoder.

All become one number, the constant rate factor of x264 at its usual settings whose pictures are as far from the source,
by PSNR. The constants were fitted to natural footage, six clips for H.264, three for most others and one for bits per
pixel; what they are worth is in ``docs/estimation.md``. VVC has HEVC's quantisers, and is taken for it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

import av
import av.logging
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.stream import VideoStream

WORST = 51.0
"""The largest rate factor of x264."""
_INTRA = 1  # AV_PICTURE_TYPE_I
_VP9, _H264 = 0, 1  # AVVideoEncParamsType; 2 is the MPEG family
_HEAD = struct.Struct("@NNNii8i")
_BLOCK = 5  # 32-bit numbers: x, y, width, height, difference from the frame's quantiser

# x264 keeps its rate factor as the initial quantiser of all pictures, except where it has a bitrate: then it is 26.
_UNSAID = 26
# By how much the blocks' mean may differ from it: flat ones get finer steps, those that nothing leans on coarser ones.
_PLAUSIBLE = (-8.0, 12.0)
# How far x264's usual settings move the middle between the blocks' mean and their upper end away from it.
_OVER = 6.6
_UPPER = 0.9
_UNIT_STEP = 0.625  # of H.264's quantiser 0; every six double it
_BETTER_THAN_MPEG = 1.5

_INTERMEDIATE = frozenset(
    {"apv", "cfhd", "dnxhd", "jpeg2000", "jpegxs", "notchlc", "prores", "rawvideo", "speedhq", "vc2"}
)
"""Codecs that lose little by design."""
_AT_ONE_BIT, _INTRA_BITS = 16.0, 3.0
"""The factor at one bit per pixel; how many times as many bits are needed where no picture leans on another."""
_VP8_INDICES, _VP8_FACTORS = (0, 7, 29, 70, 118, 127), (4.0, 11.8, 19.0, 23.7, 27.7, 28.5)

_FIELD = re.compile(r"(init_qp_minus26|slice_qp_delta|base_q_idx|base_qindex)\b.*= (-?\d+)\s*$")


@dataclass(frozen=True)
class Quantiser:
    """The quantiser of one decoded frame.

    Attributes:
        kind: 0 for VP9, 1 for H.264, 2 for the MPEG family.
        picture: FFmpeg's type of the picture: 1 leans on no other, 2 on earlier, 3 on both sides.
        base: What the headers say.
        mean: Over the blocks; the base where there are none.
        upper: Of the blocks, nine of ten have no coarser one.
    """

    kind: int
    picture: int
    base: int
    mean: float
    upper: float


@dataclass(frozen=True)
class Compression:
    """How strongly a video was compressed.

    Attributes:
        rate_factor: Of x264, 0 for (nearly) lossless.
        confidence: From 0 to 1.
        source: What told: ``lossless``, ``rate factor``, ``quantisers``, ``headers`` or ``bits``.
    """

    rate_factor: float
    confidence: float
    source: str


def ask(context: CodecContext) -> None:
    """Tell a decoder, before its first packet, to export its quantisers; those that cannot pay no attention."""
    context.options = {**context.options, "export_side_data": "venc_params"}


def quantiser(frame: av.VideoFrame) -> Quantiser | None:
    """Return what a decoder that was asked tells of a frame, or None."""
    data: Any = frame.side_data.get("VIDEO_ENC_PARAMS")
    if data is None:
        return None
    raw = bytes(data)
    count, offset, size, kind, base = _HEAD.unpack_from(raw)[:5]
    if not count:
        return Quantiser(kind, int(frame.pict_type), base, base, base)
    blocks = np.frombuffer(raw, np.uint8, count * size, offset).reshape(count, size)
    steps = base + np.ascontiguousarray(blocks[:, : 4 * _BLOCK]).view(np.int32)[:, _BLOCK - 1]
    return Quantiser(kind, int(frame.pict_type), base, float(steps.mean()), float(np.quantile(steps, _UPPER)))


class Headers:
    """Collects the quantisers in the headers of packets, where a codec has them there.

    Args:
        stream: Whose packets will come.
    """

    _CODECS = frozenset({"hevc", "vvc", "av1", "vp8"})

    def __init__(self, stream: VideoStream) -> None:
        self._initial = 0
        self.values: list[int] = []
        self._filter: Any = None
        if codec_name(stream) in self._CODECS:
            self._read(lambda: self._start(stream))

    def add(self, packet: Packet[Any]) -> None:
        """Read the headers of a packet; damaged ones tell nothing."""
        if self._filter is not None and packet.size:
            copy: Packet[Any] = Packet(bytes(packet))  # the filter keeps what it is given
            self._read(lambda: self._filter.filter(copy))

    def flush(self) -> None:
        """Forget packets that lean on earlier ones, after a jump."""
        if self._filter is not None:
            self._filter.flush()

    def _start(self, stream: VideoStream) -> None:
        self._filter = BitStreamFilterContext("trace_headers", stream)

    def _read(self, act: Callable[[], object]) -> None:
        """FFmpeg tells headers to its log alone."""
        level = av.logging.get_level()
        av.logging.set_level(av.logging.INFO)
        try:
            with av.logging.Capture() as lines:
                act()
        except (av.FFmpegError, ValueError):
            pass
        finally:
            av.logging.set_level(level)
        for _, _, text in lines:
            if found := _FIELD.search(text):
                self._note(found[1], int(found[2]))

    def _note(self, name: str, value: int) -> None:
        if name == "init_qp_minus26":
            self._initial = value
        else:
            self.values.append(26 + self._initial + value if name == "slice_qp_delta" else value)


def codec_name(stream: VideoStream) -> str:
    """Return FFmpeg's name of a stream's codec, whichever decoder it has."""
    return stream.codec_context.codec.canonical_name


def compression(
    stream: VideoStream, depth: int, quantisers: Sequence[Quantiser], headers: Sequence[int], bits_per_pixel: float
) -> Compression:
    """Return how strongly a stream was compressed.

    Args:
        stream: An open file's.
        depth: Bits of a colour.
        quantisers: Of its decoded frames.
        headers: What `Headers` found.
        bits_per_pixel: Of its packets.
    """
    name = codec_name(stream)
    codec = stream.codec_context.codec
    if name in _INTERMEDIATE or (codec.lossless and not codec.lossy):
        return Compression(0.0, 1.0, "lossless")
    if quantisers:
        kind = quantisers[0].kind
        if kind == _H264:
            return _of_h264(quantisers, depth)
        mean = float(np.mean([q.mean for q in _dependent(quantisers)]))
        factor = _of_index(mean) if kind == _VP9 else _of_step(mean)
        return Compression(_bounded(factor), 0.8, "quantisers")
    if headers:
        return Compression(_bounded(_of_headers(name, headers)), 0.8, "headers")
    if codec.intra_only:
        bits_per_pixel /= _INTRA_BITS
    return Compression(_bounded(_AT_ONE_BIT - 6 * log2(max(bits_per_pixel, 1e-3))), 0.3, "bits")


def _dependent(quantisers: Sequence[Quantiser]) -> list[Quantiser]:
    """Return those of most pictures: pictures that lean on no other have finer steps."""
    return [q for q in quantisers if q.picture != _INTRA] or list(quantisers)


def _of_h264(quantisers: Sequence[Quantiser], depth: int) -> Compression:
    offset = 6 * (depth - 8)  # deeper pictures count on from below 0
    chosen = _dependent(quantisers)
    mean, upper = (float(np.mean(values)) - offset for values in zip(*((q.mean, q.upper) for q in chosen), strict=True))
    if upper <= 0:
        return Compression(0.0, 1.0, "lossless")
    said = quantisers[0].base - offset
    # A rate factor makes blocks differ; where they are all alike, a quantiser was asked for.
    if said != _UNSAID and upper > mean and _PLAUSIBLE[0] <= mean - said <= _PLAUSIBLE[1]:
        return Compression(_bounded(said), 1.0, "rate factor")
    return Compression(_bounded((mean + upper) / 2 - _OVER), 0.8, "quantisers")


def _of_index(index: float) -> float:
    """VP9's 0 to 255, whose steps grow as a power; 0 is lossless."""
    return 6.5 + 0.117 * index if index >= 1 else 0.0


def _of_step(step: float) -> float:
    """The MPEG family's quantisers are the steps themselves."""
    return 6 * log2(max(step, _UNIT_STEP) / _UNIT_STEP) - _BETTER_THAN_MPEG


def _of_headers(name: str, values: Sequence[int]) -> float:
    if name == "vp8":  # with hidden frames of the best quality between
        return float(np.interp(np.median(values), _VP8_INDICES, _VP8_FACTORS))
    mean = float(np.mean(values))
    if name == "av1":
        return 8.6 + 0.11 * mean if mean >= 1 else 0.0
    return 0.95 * mean - 6.5


def _bounded(factor: float) -> float:
    return min(max(factor, 0.0), WORST)
