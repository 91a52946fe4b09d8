"""Which of STAA's three models a configuration describes: its task says so."""

from __future__ import annotations

from typing import Any

from stvsr.errors import StvsrError
from stvsr.models.staa.config import DeblurrerConfig, InterpolatorConfig, RescalerConfig
from stvsr.models.staa.deblurrer import Deblurrer
from stvsr.models.staa.model import STAA
from stvsr.models.staa.retimer import Retimer


def build(config: dict[str, Any], name: str) -> STAA | Deblurrer | Retimer:
    """Return the untrained model of a configuration that has its task in it.

    Raises:
        StvsrError: If the task or a setting is impossible.
    """
    task = config["task"]
    if task == "rescale":
        return STAA(RescalerConfig.from_dict(config), name)
    if task == "deblur":
        return Deblurrer(DeblurrerConfig.from_dict(config), name)
    if task == "interpolate":
        return Retimer(InterpolatorConfig.from_dict(config), name)
    raise StvsrError(f"model.task is {task!r}: a model of the family staa can rescale, deblur or interpolate")
