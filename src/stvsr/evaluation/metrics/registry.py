"""Metrics beyond PSNR and SSIM, each on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from stvsr.errors import StvsrError
from stvsr.video.images import Image


class Meter(Protocol):
    """What measures one clip frame by frame."""

    def add(self, restored: Image, truth: Image) -> None:
        """Take the next frame of both, ``(height, width, 3)`` uint8 RGB."""

    def curves(self) -> dict[str, list[float]]:
        """Return the value of every frame by metric, not a number where a frame has none; called once, at the end."""


MeterFactory = Callable[[], Meter]
"""Makes the meter of one clip."""


def _temporal(device: str) -> MeterFactory:
    from stvsr.evaluation.flow import network_flow
    from stvsr.evaluation.metrics.temporal import TemporalMeter

    flow = network_flow(device)
    return lambda: TemporalMeter(flow, device)


def _temporal_dis(device: str) -> MeterFactory:
    from stvsr.evaluation.flow import search_flow
    from stvsr.evaluation.metrics.temporal import TemporalMeter

    flow = search_flow()
    return lambda: TemporalMeter(flow, device)


def _lpips(device: str) -> MeterFactory:
    from stvsr.evaluation.metrics.perceptual import LPIPSMeter, lpips_network

    network = lpips_network(device)
    return lambda: LPIPSMeter(network, device)


def _vmaf(device: str) -> MeterFactory:
    from stvsr.evaluation.metrics.perceptual import VMAFMeter, ffmpeg_with_vmaf

    program = ffmpeg_with_vmaf()
    return lambda: VMAFMeter(program)


METRICS: dict[str, Callable[[str], MeterFactory]] = {
    "temporal": _temporal,
    "temporal-dis": _temporal_dis,
    "lpips": _lpips,
    "vmaf": _vmaf,
}
"""By the name that a user gives: ``temporal`` with our own flow network, ``temporal-dis`` with OpenCV's flow."""


def metrics_named(names: Sequence[str], device: str = "cpu") -> list[MeterFactory]:
    """Return what makes the meters of a clip.

    Args:
        names: Of `METRICS`.
        device: Where to compute.

    Raises:
        StvsrError: If a name is unknown, or what it needs is not installed.
    """
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise StvsrError(f"metric {unknown[0]!r} is unknown: use {', '.join(METRICS)}")
    if {"temporal", "temporal-dis"} <= set(names):
        raise StvsrError("temporal and temporal-dis are the same metrics with another optical flow: choose one")
    return [METRICS[name](device) for name in dict.fromkeys(names)]
