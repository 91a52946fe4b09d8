"""How frames are encoded: size, rate, colours and what an encoder can hold of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import import_module
from typing import Any, Self

import av
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.video.colour import SRGB, Colour, Depth, check_writable, default_colour, from_rgb, stores_rgb, tag
from stvsr.video.declared import Crop, can_declare, template
from stvsr.video.encoders import Encoder
from stvsr.video.encoders import encoder as default_encoder
from stvsr.video.mastering import Mastering

# One coding block. x265 writes past its buffers at some smaller sizes, such as 37x31.
_SMALLEST_X265 = 32
# In frames narrower than a coding block its look-ahead over a tree of blocks writes past its buffers too.
_NARROW_X265, _NO_TREE = 64, "no-cutree=1"
# The largest width and height, and the highest rate, beyond which encoders only speak of errors in general.
_LARGEST = {"libx264": (16384, 16384), "libx264rgb": (16384, 16384), "libsvtav1": (16384, 8704)}
_HIGHEST_AV1_RATE = 240
_SMALLEST_AV1_BITRATE = 64  # its rate control needs adaptive quantisation, which it has from this size on
# The encoders whose halved colour planes must divide the size; the others round up.
_EVEN = {"libx264", "libx265"}
_TELLING_ASPECT = {"libx264", "libx264rgb", "libx265"}
# By how many frames decoding runs ahead of showing: two levels of frames that lean on later ones.
_REORDERED = {"libx264": 2, "libx264rgb": 2, "libx265": 2}


def _cpu_features() -> dict[str, bool]:
    """Return what numpy knows of this processor; nothing if a later numpy hides it."""
    try:
        return dict(import_module("numpy._core._multiarray_umath").__cpu_features__)
    except (ImportError, AttributeError):
        return {}


# x264's look-ahead (its macroblock tree) gives other results at every run where it uses AVX-512.
_REPEATABLE = "asm=avx2,fma3,bmi1,bmi2,lzcnt"
_HAS_AVX512 = _cpu_features().get("AVX512F", False)


@dataclass(frozen=True)
class Coding:
    """How frames are encoded.

    Attributes:
        encoder: Fitted to the size.
        width: In pixels.
        height: In pixels.
        rate: Nominal frames per second.
        tick: Seconds in which every time is a whole number.
        colour: How colours are stored.
        sample_aspect: Width over height of one pixel.
        depth: Bits of every colour of the frames that come, 8 or 16.
        mastering: What HDR pictures were graded on, for players; None for others.
    """

    encoder: Encoder
    width: int
    height: int
    rate: Fraction
    tick: Fraction
    colour: Colour
    sample_aspect: Fraction = Fraction(1)
    depth: Depth = 8
    mastering: Mastering | None = None

    @classmethod
    def of(
        cls,
        encoder: Encoder | None,
        width: int,
        height: int,
        rate: Fraction,
        tick: Fraction | None = None,
        colour: Colour | None = None,
        sample_aspect: Fraction = Fraction(1),
        depth: Depth = 8,
        mastering: Mastering | None = None,
    ) -> Self:
        """Choose what is None: H.264, one period of the rate, and BT.601 below 720 lines, BT.709 from there on.

        Raises:
            StvsrError: If the encoder cannot hold that size, rate or colour.
        """
        chosen = fitting(encoder or default_encoder(), width, height, rate)
        stored = colour or default_colour(height)
        if stores_rgb(chosen.pixel_format):
            stored = replace(SRGB, primaries=stored.primaries, transfer=stored.transfer) if stored.is_hdr else SRGB
        else:
            check_writable(stored)
        if stored is SRGB or not (can_declare(chosen.codec) or (mastering and mastering.options(chosen.codec))):
            mastering = None
        tick = 1 / rate if tick is None else tick
        return cls(chosen, width, height, rate, tick, stored, sample_aspect, depth, mastering)

    @property
    def reordered(self) -> int:
        """By how many frames decoding runs ahead of showing, at most."""
        return _REORDERED.get(self.encoder.codec, 0)

    @property
    def tells_aspect(self) -> bool:
        """Whether the encoded pictures themselves tell the shape of a pixel."""
        return self.encoder.codec in _TELLING_ASPECT

    @property
    def padding(self) -> Crop:
        """What is stored beyond the right and lower border, for the container to hide: odd sizes made even."""
        if self.encoder.codec not in _EVEN:
            return Crop()
        format_ = av.VideoFormat(self.encoder.pixel_format)
        across, down = 2 // format_.chroma_width(2), 2 // format_.chroma_height(2)
        return Crop(bottom=-self.height % down, right=-self.width % across)

    @property
    def stored(self) -> tuple[int, int]:
        """Width and height of the pictures that are encoded."""
        padding = self.padding
        return self.width + padding.right, self.height + padding.bottom

    @property
    def options(self) -> dict[str, str]:
        """The encoder's own options; with them the same frames give the same bits, every time."""
        encoder = self.encoder
        if encoder.codec == "libx264" and _HAS_AVX512:
            encoder = encoder.with_setting(_REPEATABLE)
        for name, value in (self.mastering.options(encoder.codec) if self.mastering is not None else {}).items():
            encoder = encoder.with_setting(f"{name}={value}")
        return dict(encoder.options)

    def add_to(self, container: OutputContainer) -> VideoStream:
        """Return a new stream of an output that frames are encoded in."""
        stream = self._added(container)
        self.configure(stream.codec_context)
        if self.encoder.codec == "libx265" and container.format.name in ("mp4", "mov"):
            stream.codec_context.codec_tag = "hvc1"  # the only name under which Apple's players know it
        return stream

    def _added(self, container: OutputContainer) -> VideoStream:
        codec, mastering = self.encoder.codec, self.mastering
        if can_declare(codec) and (self.padding or mastering is not None):
            with template(codec, *self.stored, self.padding, mastering) as like:
                decoder = like.streams.video[0].codec_context.codec.name
                if av.Codec(decoder, "w").name == codec:
                    declaring = container.add_stream_from_template(like.streams.video[0], opaque=False)
                    declaring.codec_context.flags |= int(Flags.global_header)
                    declaring.time_base = self.tick
                    return declaring
        stream = container.add_stream(codec, rate=self.rate)
        assert isinstance(stream, VideoStream)
        return stream

    def configure(self, context: VideoCodecContext) -> None:
        """Make an encoder's context ready to be opened."""
        context.options = self.options
        context.width, context.height = self.stored
        context.pix_fmt = self.encoder.pixel_format
        context.time_base = self.tick
        context.framerate = self.rate
        context.sample_aspect_ratio = self.sample_aspect
        context.thread_type = "AUTO"
        context.flags |= int(Flags.frame_duration)
        tag(context, self.colour)

    def frame(self, rgb: NDArray[Any]) -> av.VideoFrame:
        """Return a frame to be encoded.

        Raises:
            ValueError: If the picture is of another size or type.
        """
        dtype = np.dtype(np.uint16 if self.depth == 16 else np.uint8)
        if rgb.shape != (self.height, self.width, 3) or rgb.dtype != dtype:
            expected = (self.height, self.width, 3)
            raise ValueError(f"expected {dtype} frames {expected}, got {rgb.dtype} {rgb.shape}")
        padding = self.padding
        if padding:
            rgb = np.pad(rgb, ((0, padding.bottom), (0, padding.right), (0, 0)), mode="edge")
        frame = from_rgb(rgb, self.encoder.pixel_format, self.colour)
        frame.time_base = self.tick
        return frame

    def ticks(self, time: Fraction) -> int:
        """Return a time in seconds as a number of ticks.

        Raises:
            ValueError: If it is no whole number.
        """
        ticks = time / self.tick
        if ticks.denominator != 1:
            raise ValueError(f"{time} s is no whole number of ticks of {self.tick} s; give a finer time_base")
        return ticks.numerator


def fitting(encoder: Encoder, width: int, height: int, rate: Fraction) -> Encoder:
    """Return the encoder for a size, with what it needs there.

    Raises:
        StvsrError: If it cannot hold the size or the rate.
    """
    largest = _LARGEST.get(encoder.codec, (width, height))
    if width > largest[0] or height > largest[1]:
        raise StvsrError(
            f"{encoder.codec} cannot hold {width}x{height}, at most {largest[0]}x{largest[1]}; "
            "make less of it, or use encoder h265, vp9 or ffv1"
        )
    if encoder.codec == "libsvtav1" and rate > _HIGHEST_AV1_RATE:
        raise StvsrError(
            f"encoder av1 cannot hold {float(rate):g} frames per second, at most {_HIGHEST_AV1_RATE}; use h264 or h265"
        )
    if encoder.codec == "libsvtav1" and "crf" not in encoder.options and min(width, height) < _SMALLEST_AV1_BITRATE:
        raise StvsrError(
            f"encoder av1 cannot keep {width}x{height} to a bitrate, only {_SMALLEST_AV1_BITRATE}x"
            f"{_SMALLEST_AV1_BITRATE} and more; give a quality, or use h264"
        )
    if encoder.codec == "libx265" and min(width, height) < _SMALLEST_X265:
        raise StvsrError(
            f"encoder h265 cannot hold {width}x{height}, only {_SMALLEST_X265}x{_SMALLEST_X265} and more; use h264"
        )
    if encoder.codec == "libx265" and min(width, height) < _NARROW_X265:
        encoder = encoder.with_setting(_NO_TREE)
    return encoder
