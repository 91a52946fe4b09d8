"""Figures that others published, for comparison. None of them was measured here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stvsr.evaluation.protocol import PROTOCOLS

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
        clips: The same of each clip, PSNR and SSIM, in the order of `VID4`; empty where not printed.
    """

    method: str
    psnr_rgb: float
    ssim_rgb: float
    source: str = "STAA, Table 1"
    clips: tuple[tuple[float, float], ...] = ()


def _davsr(method: str, mean: tuple[float, float], *clips: tuple[float, float]) -> Published:
    return Published(method, *mean, "DAVSR, Table 2", clips)


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
    "davsr-5t4s": (
        _davsr(
            "DAIN + CDVD-TSP + BasicVSR++",
            (19.35, 0.477), (17.05, 0.480), (21.64, 0.421), (19.01, 0.340), (19.68, 0.668),
        ),
        _davsr(
            "DAIN + EDVR for deblurring + BasicVSR++",
            (19.57, 0.492), (17.35, 0.497), (21.80, 0.433), (19.22, 0.350), (19.91, 0.687),
        ),
        _davsr(
            "DAIN + BasicVSR++ for blurry video",
            (20.17, 0.513), (18.05, 0.522), (22.22, 0.439), (20.08, 0.400), (20.33, 0.692),
        ),
        _davsr(
            "SuperSloMo + CDVD-TSP + BasicVSR++",
            (19.42, 0.483), (17.11, 0.488), (21.70, 0.427), (19.09, 0.344), (19.78, 0.672),
        ),
        _davsr(
            "SuperSloMo + EDVR for deblurring + BasicVSR++",
            (19.61, 0.493), (17.59, 0.505), (21.78, 0.432), (19.22, 0.346), (19.86, 0.687),
        ),
        _davsr(
            "SuperSloMo + BasicVSR++ for blurry video",
            (20.22, 0.515), (18.30, 0.530), (22.21, 0.439), (20.09, 0.398), (20.30, 0.692),
        ),
        _davsr(
            "DAVSR",
            (23.85, 0.746), (22.09, 0.747), (25.18, 0.731), (23.96, 0.680), (24.18, 0.827),
        ),
    ),
}  # fmt: skip


def published_for(protocol: str, frames: Mapping[str, int]) -> tuple[Published, ...]:
    """Return the published rows that belong beside a measurement: those of the whole of Vid4, else none.

    Args:
        protocol: Name of the protocol.
        frames: How many frames of each clip were measured, by the clip's name.
    """
    measured = {name.lower(): count for name, count in frames.items()}
    whole = {name: PROTOCOLS[protocol].measured(count) for name, count in VID4.items()} if protocol in ON_VID4 else {}
    return ON_VID4.get(protocol, ()) if measured == whole else ()
