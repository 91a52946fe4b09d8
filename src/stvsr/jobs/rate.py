"""A frame rate to change to: frames a second, or a multiple of the source's rate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from stvsr.errors import StvsrError

LOWEST, HIGHEST = Fraction(1, 10), Fraction(480)
"""Frames a second; what is outside, video files are not believed to mean."""
# So that header fields of 31 bits hold them, and times on the new grid stay short.
_LARGEST_TERM = 1_000_000
_NTSC = {"23.976": 24, "23.98": 24, "29.97": 30, "47.952": 48, "47.95": 48, "59.94": 60, "119.88": 120}
"""What people write for so many frames in 1.001 seconds."""


Number: TypeAlias = str | float | Fraction


@dataclass(frozen=True)
class Rate:
    """A target rate.

    Attributes:
        value: Frames a second, or what to multiply the source's rate by.
        relative: Whether it is a multiple.
    """

    value: Fraction
    relative: bool = False

    @classmethod
    def parse(cls, fps: Number | None, ratio: Number | None) -> Rate:
        """Return the rate that a user gave, by one of two options.

        Args:
            fps: Frames a second: ``24``, ``24000/1001`` or, meaning the same, ``23.976``.
            ratio: A multiple: ``6/5`` or ``1.2``.

        Raises:
            StvsrError: If it is given not at all, twice, or as nothing of the kind.
        """
        if (fps is None) == (ratio is None):
            raise StvsrError("say the new rate by one of `fps`, such as `fps` 24, and `rate`, such as `rate` 6/5")
        option, value = ("`fps`", fps) if ratio is None else ("`rate`", ratio)
        text = str(value).strip()
        try:
            if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6}|/[0-9]{1,7})?", text):
                raise ValueError(text)
            number = Fraction(_NTSC[text] * 1000, 1001) if ratio is None and text in _NTSC else Fraction(text)
            if not number:
                raise ValueError(text)
        except (ValueError, ZeroDivisionError):
            raise StvsrError(f"{option} {text}: give a number or a fraction above 0, such as 24 or 6/5") from None
        rate = cls(number, relative=ratio is not None)
        if not rate.relative:
            rate.of(Fraction(1))
        return rate

    def of(self, source: Fraction) -> Fraction:
        """Return frames a second.

        Args:
            source: The source's.

        Raises:
            StvsrError: If no video can have that rate.
        """
        fps = (self.value * source if self.relative else self.value).limit_denominator(_LARGEST_TERM)
        if not LOWEST <= fps <= HIGHEST or fps.numerator > 100 * _LARGEST_TERM:
            raise StvsrError(
                f"{float(fps):g} frames a second are impossible: choose a rate from {float(LOWEST):g} to {HIGHEST}"
            )
        return fps
