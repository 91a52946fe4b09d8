"""STAA: a space-time downsampler and an upsampler trained together. `STAA` needs torch, the configuration does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stvsr.models.staa.config import (
    DeblurrerConfig,
    DownsamplerConfig,
    InterpolatorConfig,
    RescalerConfig,
    UpsamplerConfig,
)

if TYPE_CHECKING:
    from stvsr.models.staa.model import STAA

__all__ = [
    "STAA",
    "DeblurrerConfig",
    "DownsamplerConfig",
    "InterpolatorConfig",
    "RescalerConfig",
    "UpsamplerConfig",
]


def __getattr__(name: str) -> object:
    if name == "STAA":
        from stvsr.models.staa.model import STAA

        return STAA
    raise AttributeError(f"module 'stvsr.models.staa' has no attribute {name!r}")
