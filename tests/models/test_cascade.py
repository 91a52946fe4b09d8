from __future__ import annotations

import pytest
import torch

import stvsr
from stvsr.models.cascade import Cascade, in_space, is_sharp_in_time
from stvsr.models.davsr.config import DAVSRConfig
from stvsr.models.davsr.model import DAVSR
from stvsr.physics.degradation import Degradation

SPACE = {"degradation": {"time": 1, "space": 2}, "iterations": 1, "start": "trilinear",
         "enhancer": {"kind": "factorised", "features": 8, "blocks": 1, "refining": 1}}  # fmt: skip


@pytest.fixture(scope="module")
def interpolator():
    return stvsr.load("staa-6over5t1s-compact")


@pytest.fixture
def restorer() -> DAVSR:
    torch.manual_seed(0)
    return DAVSR(DAVSRConfig.from_dict(SPACE), "space").eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("degradation", "sharp"),
    [
        (Degradation(2, 2, exposure=0.5), True),
        (Degradation(3, 1, exposure=1 / 3), True),
        (Degradation(2, 1, exposure=0.6), False),
        (Degradation(2, 1, shutter="trapezoid", exposure=0.5), False),
        (Degradation(1, 2), True),
    ],
    ids=str,
)
def test_frames_are_sharp_where_the_shutter_is_open_for_one_high_frame_at_most(degradation, sharp) -> None:
    assert is_sharp_in_time(degradation) is sharp


@pytest.mark.parametrize("time", [2, 3])
@pytest.mark.parametrize("space", [1, 2])
def test_restored_frames_are_kept_and_the_others_stand_between_them(restorer, interpolator, time, space) -> None:
    degradation = Degradation(time, space, exposure=1 / time, noise=0 if space > 1 else 4)
    low = torch.rand(1, 3, 3, 12, 16)
    cascade = Cascade(degradation, restorer, interpolator)
    high = cascade.upsample(low)
    assert high.shape == (1, 3, 3 * time, 12 * space, 16 * space)
    alone = restorer.bind(in_space(degradation)).upsample(low)
    torch.testing.assert_close(high[:, :, ::time], alone)
    assert torch.equal(high[:, :, -1], high[:, :, -time])


def test_without_anything_to_undo_in_space_the_given_frames_are_kept_to_the_bit(restorer, interpolator) -> None:
    cascade = Cascade(Degradation(2, 1, exposure=0.5), restorer, interpolator)
    low = torch.rand(1, 3, 3, 12, 16)
    assert torch.equal(cascade.upsample(low)[:, :, ::2], low)
    assert cascade.name == interpolator.name


def test_contexts_add_up(restorer, interpolator) -> None:
    degradation = Degradation(2, 2, exposure=0.5)
    first = restorer.bind(in_space(degradation)).context
    frames, pixels = Cascade(degradation, restorer, interpolator).context
    assert frames == first[0] + interpolator.context[0]
    assert pixels == first[1] + -(-interpolator.context[1] // 2)
