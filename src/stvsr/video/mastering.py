"""What an HDR picture was graded on: HDR10's static metadata, and the names of what changes from frame to frame.

SMPTE ST 2086 describes the mastering display, CTA-861.3 the content's light levels. Players go by them where their own
display is dimmer or less colourful.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import av

from stvsr.video.ebml import element
from stvsr.video.sidedata import side_data

# AVMasteringDisplayMetadata: red, green, blue and white as x and y, the least and the most light, and which are known.
_DISPLAY = struct.Struct("=22i")
_LIGHT = struct.Struct("=2I")
_OFFSET = struct.Struct("@N")
# Steps of a chromaticity and of candela per square metre, as bitstreams count them.
_CHROMATICITY, _CANDELA = 50_000, 10_000
_DYNAMIC = {
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
    "DOVI_METADATA": "Dolby Vision",
    "DOVI_RPU_BUFFER": "Dolby Vision",
}
# In Matroska's order: red, green, blue and white, then the most and the least light.
_MATROSKA_DISPLAY, _MATROSKA_MOST, _MATROSKA_LEAST = range(0x55D1, 0x55D9), 0x55D9, 0x55DA


@dataclass(frozen=True)
class Mastering:
    """Static HDR metadata.

    Attributes:
        chromaticities: x and y of the display's red, green, blue and white; empty if unknown.
        luminances: The least and the most light of the display in candela per square metre; empty if unknown.
        light: The most light of any pixel and of any frame's mean, MaxCLL and MaxFALL; empty if unknown.
    """

    chromaticities: tuple[Fraction, ...] = ()
    luminances: tuple[Fraction, ...] = ()
    light: tuple[int, ...] = ()

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Self | None:
        """Return what a decoded frame says, or None if that is nothing."""
        told = side_data(frame) or {}
        found: dict[str, Any] = {}
        display = told.get("MASTERING_DISPLAY_METADATA", b"")
        if len(display) >= _DISPLAY.size:
            *numbers, knows_colours, knows_light = _DISPLAY.unpack_from(display)
            ratios = [Fraction(above, below or 1) for above, below in zip(numbers[::2], numbers[1::2], strict=True)]
            found["chromaticities"] = tuple(ratios[:8]) if knows_colours else ()
            found["luminances"] = tuple(ratios[8:]) if knows_light else ()
        light = told.get("CONTENT_LIGHT_LEVEL", b"")
        if len(light) >= _LIGHT.size:
            levels = _LIGHT.unpack_from(light)
            found["light"] = levels if any(levels) else ()  # 0 is how bitstreams say that they do not know
        return cls(**found) if any(found.values()) else None

    @property
    def has_display(self) -> bool:
        """Whether all of the mastering display is known, without which no encoder takes it."""
        return bool(self.chromaticities and self.luminances)

    def options(self, codec: str) -> dict[str, str]:
        """Return an encoder's own settings that carry this, by their names; none where it takes none."""
        if codec not in _SETTINGS:
            return {}
        display, light = _SETTINGS[codec]
        settings = {display: self._display(codec)} if self.has_display else {}
        return settings | ({light: ",".join(map(str, self.light))} if self.light else {})

    def elements(self) -> list[bytes]:
        """Return this as Matroska's elements, to be put into those of a track's colours."""
        light = [element(number, value) for number, value in zip((0x55BC, 0x55BD), self.light, strict=False)]
        values = dict(zip(_MATROSKA_DISPLAY, self.chromaticities, strict=False))
        values |= dict(zip((_MATROSKA_LEAST, _MATROSKA_MOST), self.luminances, strict=False))
        display = [element(number, float(value)) for number, value in sorted(values.items())]
        return [*light, element(0x55D0, display)] if display else light

    def to_dict(self) -> dict[str, list[str]]:
        """Return this in texts."""
        parts = {"chromaticities": self.chromaticities, "luminances": self.luminances, "light": self.light}
        return {name: [str(value) for value in values] for name, values in parts.items()}

    @classmethod
    def from_dict(cls, texts: Mapping[str, Any]) -> Self:
        """Return what `to_dict` was given.

        Raises:
            KeyError, TypeError, ValueError, ArithmeticError: If it is damaged.
        """
        ratios = {name: tuple(map(Fraction, texts[name])) for name in ("chromaticities", "luminances")}
        made = cls(**ratios, light=tuple(map(int, texts["light"])))
        lengths = len(made.chromaticities), len(made.luminances), len(made.light)
        values: list[Fraction] = [Fraction(0), *made.chromaticities, *made.luminances, *map(Fraction, made.light)]
        if not all(length in (0, full) for length, full in zip(lengths, (8, 2, 2), strict=True)):
            raise ValueError("a mastering display that is not whole")
        if min(values) < 0 or max(values) >= 1 << 16:
            raise ValueError("an impossible mastering display")
        return made

    def _display(self, codec: str) -> str:
        """Return the mastering display in the notation that the three encoders share, each with its own units."""
        whole = codec != "libsvtav1"

        def text(value: Fraction, step: int) -> str:
            return str(round(value * step)) if whole else f"{float(value):.9g}"

        red, green, blue, white = (
            ",".join(text(value, _CHROMATICITY) for value in self.chromaticities[first : first + 2])
            for first in range(0, 8, 2)
        )
        least, most = (text(value, _CANDELA) for value in self.luminances)
        return f"G({green})B({blue})R({red})WP({white})L({most},{least})"


# What x264, x265 and SVT-AV1 call the mastering display and the light levels.
_SETTINGS = {
    "libx264": ("mastering-display", "cll"),
    "libx265": ("master-display", "max-cll"),
    "libsvtav1": ("mastering-display", "content-light"),
}


def dynamic_metadata(frame: av.VideoFrame) -> list[str]:
    """Return the names of metadata that changes from frame to frame, which no encoder here takes."""
    return sorted({_DYNAMIC[name] for name in side_data(frame) or () if name in _DYNAMIC})


def is_dolby_only(frame: av.VideoFrame) -> bool:
    """Whether a frame's colours are of Dolby's own kind (profile 5), which nothing but its metadata explains."""
    told = (side_data(frame) or {}).get("DOVI_METADATA", b"")
    if len(told) < _OFFSET.size:
        return False
    header = int(_OFFSET.unpack_from(told)[0])  # AVDOVIRpuDataHeader
    profile, full_range = header + 4, header + 10
    return len(told) > full_range and (told[profile], told[full_range]) == (0, 1)
