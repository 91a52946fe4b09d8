"""The options by which users tell how a low video comes of a high one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cyclopts import Parameter

from stvsr.cli.parameters import Whole


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class DegradationOptions:
    """What was chosen; None is the default, or for `stvsr upscale` what the video has on record.

    Attributes:
        time: High frames per low frame, 1 to 16; 1 leaves the frame rate alone. 2 if not given.
        space: High pixels per low pixel in width and height, 1 to 16; 1 leaves the size alone. 2 if not given.
        exposure: The share of a low frame's duration for which the shutter is open, above 0 and at most 1: exposure
            time x frame rate. 1/50 s at 25 fps, the film camera's 180 degrees, is 0.5; bright daylight is 0.1 to 0.3,
            a dim room 0.8 to 1. To guess it, stop at fast motion: it is the length of the smear over the way to the
            next frame. 0.5 if not given; without a say where --time is 1.
        shutter: box (all instants alike) or trapezoid (the whole frame, its ends counting half; no exposure). Box if
            not given.
        blur: In space: bicubic (a clean reduction), area (the mean over the pixels), gaussian:SIGMA (of SIGMA high
            pixels: 0.8 and more for soft pictures) or a NumPy file kernel.npy of taps (height, width), or, instead of
            a shutter, (time, height, width) or (3, time, height, width), one for each colour. Bicubic if not given.
        noise: Standard deviation of the low video's noise in steps of 8 bits, 0 to 128: 2 to 5 where grain shows. 0 if
            not given.
    """

    time: Whole = None
    space: Whole = None
    exposure: float | None = None
    shutter: str | None = None
    blur: str | None = None
    noise: float | None = None

    def given(self) -> dict[str, Any]:
        """Return what was chosen, by the names that `stvsr.physics.degradation.Degradation` uses."""
        return {name: value for name, value in asdict(self).items() if value is not None}


UNCHOSEN = DegradationOptions()
