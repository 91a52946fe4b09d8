"""The video encoders that users can name, and the lossless one that `shrink` relies on."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from stvsr.errors import StvsrError
from stvsr.video.output import CONTAINERS

# SVT-AV1 tells its settings on the terminal unless this is set before it starts; 1 leaves errors.
os.environ.setdefault("SVT_LOG", "1")

_HOLDERS = {
    "libx264": (".mp4", ".mov", ".mkv"),
    "libx264rgb": (".mkv", ".mp4", ".mov"),
    "libx265": (".mp4", ".mov", ".mkv"),
    "libsvtav1": (".mp4", ".webm", ".mkv"),
    "libvpx-vp9": (".webm", ".mp4", ".mkv"),
    "ffv1": (".mkv", ".mp4"),
}
# Under which option FFmpeg hands them on.
_SETTINGS = {"libx264": "x264-params", "libx265": "x265-params", "libsvtav1": "svtav1-params"}


@dataclass(frozen=True)
class Encoder:
    """How to encode.

    Attributes:
        codec: FFmpeg's name of the encoder.
        pixel_format: FFmpeg's name of the stored format.
        options: the encoder's own options.
    """

    codec: str
    pixel_format: str
    options: dict[str, str] = field(default_factory=dict, hash=False)

    def with_setting(self, setting: str) -> Encoder:
        """Return the same encoder with one more ``name=value`` in the encoder's own list of settings."""
        name = _SETTINGS[self.codec]
        given = self.options.get(name)
        return replace(self, options={**self.options, name: f"{given}:{setting}" if given else setting})


def suffixes_for(encoder: Encoder) -> tuple[str, ...]:
    """Return the file suffixes whose containers hold what an encoder makes."""
    return _HOLDERS.get(encoder.codec, tuple(CONTAINERS))


@dataclass(frozen=True)
class _Choice:
    encoder: Encoder
    quality: int | None  # the default rate factor; None: lossless
    worst: int
    formats: tuple[str, ...]


_420 = ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le")

LOSSLESS_RGB = Encoder("libx264rgb", "bgr0", {"qp": "0", "preset": "medium"})
"""8-bit RGB, every bit kept, in .mkv, .mp4 and .mov.

Measured on real clips shrunk 2x/4x (bits per pixel, encoded megapixels per second on two cores): x264 13.5 and 4.6,
FFV1 14.1 and 10.8, x265 13.6 and 1.2, VP9 14.6 and 1.3. At full size FFV1 is the smaller and faster one (7.8 and 22
against 11.2 and 4.8), but QuickTime files cannot hold it.
"""

_CHOICES = {
    "h264": _Choice(Encoder("libx264", "yuv420p", {"preset": "medium"}), 17, 51, _420),
    "h265": _Choice(
        Encoder("libx265", "yuv420p", {"preset": "medium", "x265-params": "log-level=error"}), 19, 51, _420
    ),
    "av1": _Choice(Encoder("libsvtav1", "yuv420p", {"preset": "7"}), 24, 63, ("yuv420p", "yuv420p10le")),
    "vp9": _Choice(
        Encoder("libvpx-vp9", "yuv420p", {"b": "0", "row-mt": "1", "cpu-used": "3"}), 24, 63, _420[:3]
    ),
    "ffv1": _Choice(
        Encoder("ffv1", "bgr0", {"level": "3", "coder": "range_tab", "slicecrc": "1"}), None, 0,
        ("bgr0", "gbrp10le", "gbrp12le", "gbrp16le", *_420, "yuv420p12le", "yuv422p12le", "yuv444p12le"),
    ),
    "lossless-rgb": _Choice(LOSSLESS_RGB, None, 0, ("bgr0", "rgb24", "bgr24")),
}  # fmt: skip

LOWEST_BITRATE, HIGHEST_BITRATE = 1_000, 1_000_000_000

ENCODERS = tuple(_CHOICES)
"""The names that `encoder` knows."""


def encoder(
    name: str = "h264", quality: int | None = None, pixel_format: str | None = None, bitrate: int | None = None
) -> Encoder:
    """Choose an encoder.

    Args:
        name: one of `ENCODERS`.
        quality: the encoder's constant rate factor, 0 the best; None for a visually clean default.
        pixel_format: one that the encoder offers; None for the usual one.
        bitrate: bits per second to keep to on average, instead of a quality.

    Raises:
        StvsrError: an unknown name, a quality out of range or for a lossless encoder, an unknown format.
    """
    if name not in _CHOICES:
        raise StvsrError(f"no encoder {name!r}; choose one of {', '.join(ENCODERS)}")
    choice = _CHOICES[name]
    chosen = choice.encoder
    if choice.quality is None:
        if quality is not None or bitrate is not None:
            what = "quality" if bitrate is None else "bitrate"
            raise StvsrError(f"encoder {name} is lossless and takes no {what}; leave it out")
    elif bitrate is not None:
        if quality is not None:
            raise StvsrError(f"quality {quality} and bitrate {bitrate} are two ways to say it: give one of them")
        if not LOWEST_BITRATE <= bitrate <= HIGHEST_BITRATE:
            raise StvsrError(f"bitrate {bitrate} is not between {LOWEST_BITRATE} and {HIGHEST_BITRATE} bits per second")
        chosen = replace(chosen, options={**chosen.options, "b": str(bitrate)})
    else:
        factor = choice.quality if quality is None else quality
        if not 0 <= factor <= choice.worst:
            raise StvsrError(f"encoder {name}: quality {factor} is not between 0 (best) and {choice.worst}")
        chosen = replace(chosen, options={**chosen.options, "crf": str(factor)})
    if pixel_format is None:
        return chosen
    if pixel_format not in choice.formats:
        raise StvsrError(f"encoder {name} offers no {pixel_format}; choose one of {', '.join(choice.formats)}")
    return replace(chosen, pixel_format=pixel_format)
