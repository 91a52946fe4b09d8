"""Between decoded frames and full-range RGB of 8 or 16 bits: which matrix, which range, and the tags that say so.

Names are FFmpeg's own (``bt709``, ``smpte170m`` for BT.601, ``bt2020nc`` ...). An untagged stream is BT.601
below 720 lines and BT.709 from there on, which is what players assume.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from numpy.typing import NDArray

from stvsr.errors import StvsrError

HD_LINES = 720

# AVColorSpace, AVColorPrimaries, AVColorTransferCharacteristic (ITU-T H.273); 2 means "not said".
_SPACES = {
    0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco",
    9: "bt2020nc", 10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp",
    15: "ipt-c2", 16: "ycgco-re", 17: "ycgco-ro",
}  # fmt: skip
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020",
    10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
_TRANSFERS = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100",
    10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12",
    16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_RANGES = {1: "limited", 2: "full"}
_SPACE_CODES = {name: code for code, name in _SPACES.items()}
_PRIMARIES_CODES = {name: code for code, name in _PRIMARIES.items()}
_TRANSFER_CODES = {name: code for code, name in _TRANSFERS.items()}
_RANGE_CODES = {name: code for code, name in _RANGES.items()}
# The matrices that can be written, by swscale's own numbers (SWS_CS_*).
_WRITTEN_SPACES = {"bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 5, "smpte240m": 7, "bt2020nc": 9}
# SWS_BICUBIC | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND: the last two switch off fast, inexact paths of swscale.
# Plain numbers, because PyAV 17 has no names for the flags.
_EXACT = 0x4 | 0x2000 | 0x40000

Depth = Literal[8, 16]
"""Bits of each colour of a frame in memory."""

_RGB_FORMATS: dict[Depth, tuple[str, type[np.unsignedinteger[Any]]]] = {
    8: ("rgb24", np.uint8),
    16: ("rgb48le", np.uint16),
}


@dataclass(frozen=True)
class Colour:
    """How numbers in a stream mean colours.

    Attributes:
        space: matrix between RGB and the stored planes, such as ``bt709``; ``rgb`` when RGB is stored.
        primaries: the red, green and blue in question.
        transfer: the curve between light and numbers; ``smpte2084`` (PQ) and ``arib-std-b67`` (HLG) are HDR.
        range: ``limited`` (16-235) or ``full`` (0-255).
    """

    space: str
    primaries: str
    transfer: str
    range: str

    @property
    def is_hdr(self) -> bool:
        """Whether the transfer curve is one of the two HDR ones (PQ or HLG)."""
        return self.transfer in ("smpte2084", "arib-std-b67")


BT601 = Colour("smpte170m", "smpte170m", "smpte170m", "limited")
BT709 = Colour("bt709", "bt709", "bt709", "limited")
SRGB = Colour("rgb", "bt709", "iec61966-2-1", "full")


def default_colour(height: int) -> Colour:
    """Return what players assume of an untagged video with so many lines: BT.601 below 720, else BT.709."""
    return BT601 if height < HD_LINES else BT709


def stores_rgb(pixel_format: str) -> bool:
    """Whether a pixel format holds red, green and blue rather than luma and chroma."""
    return av.VideoFormat(pixel_format).is_rgb or pixel_format == "pal8"


def stores_alpha(pixel_format: str) -> bool:
    """Whether a pixel format holds transparency."""
    return pixel_format == "pal8" or any(part.is_alpha for part in av.VideoFormat(pixel_format).components)


def depth_of(pixel_format: str) -> Depth:
    """Return the bits of each colour that frames in memory need to hold all of a pixel format."""
    return 16 if max(part.bits for part in av.VideoFormat(pixel_format).components) > 8 else 8


def is_opaque(frame: av.VideoFrame) -> bool:
    """Whether nothing in a decoded frame is transparent, to 8 bits."""
    if not stores_alpha(frame.format.name):
        return True
    return bool(frame.reformat(format="rgba", threads=1).to_ndarray()[..., 3].min() == 255)


def colour_of(frame: av.VideoFrame) -> Colour:
    """Return the colour of a decoded frame; what its tags leave open is resolved by its format and height."""
    assumed = SRGB if stores_rgb(frame.format.name) else default_colour(frame.height)
    full = frame.format.name.startswith("yuvj")
    space = _SPACES.get(frame.colorspace, assumed.space)
    if (space == "rgb") != (assumed is SRGB):  # a tag that contradicts the pixel format
        space = assumed.space
    return Colour(
        space,
        _PRIMARIES.get(frame.color_primaries, assumed.primaries),
        _TRANSFERS.get(frame.color_trc, assumed.transfer),
        "full" if full or assumed is SRGB else _RANGES.get(frame.color_range, assumed.range),
    )


def check_readable(path: Path, colour: Colour) -> None:
    """Raise StvsrError unless `colour` can be turned into RGB."""
    if colour.space not in ("rgb", *_WRITTEN_SPACES):
        raise StvsrError(
            f"{path} stores its colours as {colour.space}, which cannot be read; convert it to BT.709 first"
        )


def to_rgb(frame: av.VideoFrame, colour: Colour, depth: Depth = 8) -> NDArray[Any]:
    """Convert a decoded frame.

    Args:
        frame: any pixel format; what is deeper than `depth` is rounded, alpha is dropped.
        colour: how to read it, usually ``colour_of`` the stream's first frame.
        depth: bits of the result.

    Returns:
        Full-range RGB (height, width, 3), uint8 or uint16.
    """
    if colour.space != "rgb":
        frame.colorspace = _SPACE_CODES[colour.space]
        frame.color_range = _RANGE_CODES[colour.range]
    format_, kind = _RGB_FORMATS[depth]
    converted = frame.reformat(format=format_, interpolation=_EXACT, threads=1)
    return np.ascontiguousarray(converted.to_ndarray(), dtype=kind)


def from_rgb(rgb: NDArray[Any], pixel_format: str, colour: Colour) -> av.VideoFrame:
    """Convert RGB (height, width, 3), uint8 or uint16, into a frame of `pixel_format`, tagged with `colour`."""
    given, _ = _RGB_FORMATS[16 if rgb.dtype == np.uint16 else 8]
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format=given)
    if pixel_format == given:
        return frame
    if stores_rgb(pixel_format):
        return frame.reformat(format=pixel_format, interpolation=_EXACT, threads=1)
    frame.colorspace = _SPACE_CODES[colour.space]  # PyAV 17 knows no number for BT.2020 and takes the source's
    return frame.reformat(
        format=pixel_format,
        dst_colorspace=_WRITTEN_SPACES[colour.space],
        dst_color_range=_RANGE_CODES[colour.range],
        interpolation=_EXACT,
        threads=1,
    )


def check_writable(colour: Colour) -> None:
    """Raise StvsrError unless RGB can be turned into `colour`."""
    if colour.space not in _WRITTEN_SPACES:
        raise StvsrError(f"cannot write colours as {colour.space}; use one of {', '.join(_WRITTEN_SPACES)}")
    known = (
        (colour.primaries, _PRIMARIES_CODES),
        (colour.transfer, _TRANSFER_CODES),
        (colour.range, _RANGE_CODES),
    )
    for name, names in known:
        if name not in names:
            raise StvsrError(f"cannot tag colours as {name!r}; use one of {', '.join(names)}")


def closest_writable(colour: Colour, height: int) -> Colour | None:
    """Return ``colour``, with the usual matrix and range where its own cannot be written; None if unknown.

    Args:
        colour: Of a source, which may store RGB or use a matrix that PyAV cannot write.
        height: Lines of the picture to write, for the usual matrix.
    """
    matrix = "bt2020nc" if colour.primaries == "bt2020" else default_colour(height).space
    usual = replace(colour, space=matrix, range="limited")
    for candidate in (colour, usual):
        try:
            check_writable(candidate)
        except (StvsrError, TypeError):
            continue
        return candidate
    return None


def tag(context: av.VideoCodecContext, colour: Colour) -> None:
    """Write `colour` into an encoder's header fields, so that every player shows the same colours."""
    context.colorspace = _SPACE_CODES[colour.space]
    context.color_primaries = _PRIMARIES_CODES[colour.primaries]
    context.color_trc = _TRANSFER_CODES[colour.transfer]
    context.color_range = _RANGE_CODES[colour.range]
