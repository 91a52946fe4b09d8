"""A wrong clip is one clear line, at once, wherever it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from stvsr.errors import StvsrError
from stvsr.models.davsr.config import DAVSRConfig
from stvsr.models.davsr.model import DAVSR
from stvsr.models.staa.config import RescalerConfig
from stvsr.models.staa.model import STAA
from stvsr.physics.clip import check_clip
from stvsr.physics.degradation import Degradation
from stvsr.physics.kernels import Kernel
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

SHAPE = (1, 3, 4, 8, 8)
WRONG = {
    "8-bit values": (
        torch.zeros(SHAPE, dtype=torch.uint8),
        r"floats in \[0, 1\], not uint8; give clip.float\(\) / 255",
    ),
    "whole numbers": (torch.zeros(SHAPE, dtype=torch.int64), r"floats in \[0, 1\], not int64"),
    "half": (torch.zeros(SHAPE, dtype=torch.float16), r"float32, not float16, .* give clip.float\(\)"),
    "bfloat16": (torch.zeros(SHAPE, dtype=torch.bfloat16), "float32, not bfloat16"),
    "no batch": (torch.zeros(SHAPE[1:]), r"not \(3, 4, 8, 8\); give clip\[None\], a batch of one"),
    "one picture": (torch.zeros(SHAPE[2:]), r"has the shape \(batch, channel, time, height, width\), not \(4, 8, 8\)"),
    "an array": (np.zeros(SHAPE, np.float32), "a torch tensor .* not a numpy.ndarray; torch.from_numpy"),
    "a list": ([0.5], "a torch tensor .* not a list"),
    "nothing": (torch.zeros(1, 3, 0, 8, 8), "is empty"),
}
COLOURS_LAST = torch.zeros(1, 4, 8, 8, 3)
DEGRADATION = Degradation(2, 2)


def takers() -> dict[str, Callable[[Any], object]]:
    """Everything public that takes a clip."""
    flow = {"channels": [4, 4, 4, 4], "kernel": 3, "levels": 2}
    enhancer = {"kind": "convolutional", "features": 4, "blocks": 1, "layers": 1, "growth": 4}
    settings = {"degradation": {"time": 2, "space": 2}, "iterations": 1, "motion": flow, "enhancer": enhancer}
    davsr = DAVSR(DAVSRConfig.from_dict(settings))
    upsampler = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 1, "growth": 4}
    staa = STAA(RescalerConfig.from_dict({"scale": [2, 4], "upsampler": upsampler}))
    operator = DEGRADATION.operator()
    return {
        "operator": operator,
        "adjoint": operator.adjoint,
        "degradation": DEGRADATION.apply,
        "restore": lambda low: davsr.restore(low, operator),
        "trace": lambda low: davsr.trace(low, operator),
        "upsample": davsr.upsample,
        "downsample": davsr.downsample,
        "bound": davsr.bind(DEGRADATION).upsample,
        "staa upsample": staa.upsample,
        "staa downsample": staa.downsample,
    }


@pytest.mark.parametrize("taker", takers())
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_clip_is_refused_in_one_line(wrong: str, taker: str) -> None:
    clip, told = WRONG[wrong]
    with pytest.raises(StvsrError, match=told) as caught:
        takers()[taker](clip)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("taker", ["restore", "upsample", "bound", "staa upsample", "staa downsample"])
def test_a_model_refuses_what_is_not_its_own(taker: str) -> None:
    with pytest.raises(StvsrError, match="red, green and blue, not 4 channels"):
        takers()[taker](COLOURS_LAST)
    with pytest.raises(StvsrError, match="the clip is float64, the model float32"):
        takers()[taker](torch.zeros(SHAPE, dtype=torch.float64))


def test_a_right_clip_is_measured() -> None:
    for kind in (torch.float32, torch.float64):
        assert check_clip(torch.zeros(SHAPE, dtype=kind)) == (4, 8, 8)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((torch.ones(1, 1, 3, 3), Scale.of(1, 2)), "takes a Kernel, not a Tensor"),
        ((Kernel(torch.ones(1, 1, 3, 3)), (1, 2, 2)), "takes a Scale"),
        ((Kernel(torch.ones(1, 1, 3, 3)), Scale.of(1, 2), "reflect"), "no boundary 'reflect'; use one of replicate"),
    ],
    ids=["taps", "factors", "boundary"],
)
def test_an_operator_of_wrong_parts_is_refused_at_once(parts: tuple[Any, ...], told: str) -> None:
    with pytest.raises(StvsrError, match=told):
        SpaceTimeOperator(*parts)


@pytest.mark.parametrize("taps", [np.ones((1, 1, 3, 3)), torch.ones(1, 1, 3, 3, dtype=torch.int32), [1.0]])
def test_taps_that_are_no_floats_are_refused_at_once(taps: Any) -> None:
    with pytest.raises(StvsrError, match="a kernel's taps are a torch tensor of floats"):
        Kernel(taps)


def test_a_degradation_in_place_of_its_operator_is_refused() -> None:
    with pytest.raises(StvsrError, match="by the operator that made it, not by a Degradation"):
        DAVSR(DAVSRConfig.from_dict({"iterations": 1})).restore(torch.zeros(SHAPE), DEGRADATION)  # type: ignore[arg-type]
