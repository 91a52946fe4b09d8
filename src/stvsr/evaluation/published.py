"""Figures that others published, for comparison. None of them was measured here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VID4 = {"calendar": 41, "city": 34, "foliage": 49, "walk": 47}
"""The clips of Vid4 and how many frames each has."""


@dataclass(frozen=True)
class Published:
    """One published row: RGB, under the protocol of the same name.

    Attributes:
        method: The method's name.
        psnr_rgb: In dB.
        ssim_rgb: SSIM.
        source: Where it was printed.
    """

    method: str
    psnr_rgb: float
    ssim_rgb: float
    source: str = "STAA, Table 1"


ON_VID4: Mapping[str, tuple[Published, ...]] = {
    "staa-2t1s": (
        Published("XVFI", 29.21, 0.9496),
        Published("FLAVR", 29.83, 0.9585),
        Published("STAA", 39.78, 0.9926),
    ),
    "staa-2t4s": (
        Published("FLAVR + BasicVSR++", 24.79, 0.7678),
        Published("ZSM", 24.82, 0.7763),
        Published("XVFI + BasicVSR++", 24.90, 0.7726),
        Published("STDAN", 24.91, 0.7832),
        Published("STAA", 27.31, 0.9173),
    ),
}


def published_for(protocol: str, frames: Mapping[str, int]) -> tuple[Published, ...]:
    """Return the published rows that belong beside a measurement: those of the whole of Vid4, else none.

    Args:
        protocol: Name of the protocol.
        frames: How many frames of each clip were measured, by the clip's name.
    """
    measured = {name.lower(): count for name, count in frames.items()}
    return ON_VID4.get(protocol, ()) if measured == VID4 else ()
