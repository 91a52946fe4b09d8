"""Laws of kernels: mass, centre, composition, and agreement with independent resamplers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from stvsr.errors import StvsrError
from stvsr.physics.kernels import (
    Kernel,
    along,
    bicubic,
    bicubic_space,
    box_exposure,
    compose,
    delta,
    from_array,
    gaussian,
    gaussian_space_time,
    trapezoid_exposure,
)
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

CENTRED = {
    "box 5": (box_exposure(5), (2, 0, 0)),
    "box 4, 60 % open": (box_exposure(4, 0.6), (1.5, 0, 0)),
    "trapezoid 5": (trapezoid_exposure(5), (2, 0, 0)),
    "gaussian height 3": (gaussian("height", 1.7, 3), (0, 1, 0)),
    "gaussian time 2": (gaussian("time", 0.8, 2), (0.5, 0, 0)),
    "bicubic 2": (bicubic("width", 2), (0, 0, 0.5)),
    "bicubic 3": (bicubic("width", 3), (0, 0, 1)),
    "bicubic 4": (bicubic("height", 4), (0, 1.5, 0)),
    "davsr": (compose(box_exposure(5), bicubic_space(4)), (2, 1.5, 1.5)),
    "gaussian all": (gaussian_space_time((0.5, 1.2, 0), (2, 4, 4)), (0.5, 1.5, 0)),
    "delta": (delta(), (0, 0, 0)),
}


@pytest.mark.parametrize("name", CENTRED)
def test_a_kernel_has_mass_one_and_sits_in_the_middle_of_its_block(name: str) -> None:
    kernel, centre = CENTRED[name]
    assert kernel.mass.tolist() == pytest.approx([1.0], abs=1e-6)
    assert kernel.centroid[0].tolist() == pytest.approx(centre, abs=1e-5)


def test_the_exposure_of_reds_is_65_virtual_frames() -> None:
    weights = trapezoid_exposure(5, 16).taps.flatten() * 65
    assert weights.tolist() == pytest.approx([8.5, 16, 16, 16, 8.5], abs=1e-4)


def test_a_shutter_open_for_part_of_the_frame_covers_part_of_the_outer_frames() -> None:
    assert box_exposure(5, 0.8).taps.flatten().tolist() == pytest.approx([0.125, 0.25, 0.25, 0.25, 0.125])
    assert box_exposure(3, 1 / 3).taps.flatten().tolist() == pytest.approx([0, 1, 0])
    assert box_exposure(3, 1e-300).taps.flatten().tolist() == pytest.approx([0, 1, 0])
    assert box_exposure(4, 1e-300).taps.flatten().tolist() == pytest.approx([0, 0.5, 0.5, 0])
    assert box_exposure(5, 0.5, "start").taps.flatten().tolist() == pytest.approx([0.4, 0.4, 0.2, 0, 0])


def test_a_gaussian_too_narrow_for_its_grid_falls_on_the_nearest_samples() -> None:
    assert gaussian("width", 0.001, 3).centroid[0].tolist() == [0, 0, 1]
    assert gaussian("width", 0.001, 3).size == (1, 1, 1)
    assert gaussian("width", 0.001, 2).taps.flatten().tolist() == pytest.approx([0.5, 0.5])


def test_bicubic_four_has_the_sixteen_taps_of_the_field() -> None:
    kernel = bicubic("height", 4)
    assert (kernel.origin[1], kernel.size[1]) == (-6, 16)


def test_bicubic_has_the_same_shape_where_tensors_hold_no_values() -> None:
    for factor in range(1, 9):
        with torch.device("meta"):
            empty = bicubic_space(factor)
        kernel = bicubic_space(factor)
        assert (empty.origin, empty.size) == (kernel.origin, kernel.size)
        assert kernel.taps[0, 0, 0].abs().max() > 0
        assert kernel.taps[0, 0, -1].abs().max() > 0


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
def test_bicubic_agrees_with_pillow_inside_the_borders(factor: int) -> None:
    high = torch.rand(12 * factor, 9 * factor, generator=torch.Generator().manual_seed(0))
    size = (9, 12)
    pillow = Image.fromarray(high.numpy(), mode="F").resize(size, Image.Resampling.BICUBIC)
    operator = SpaceTimeOperator(bicubic_space(factor), Scale.of(1, factor))
    ours = operator.forward(high[None, None, None])[0, 0, 0]
    inside = np.s_[2:-2, 2:-2]
    assert np.abs(np.asarray(pillow)[inside] - ours.numpy()[inside]).max() < 2e-6


def test_composing_equals_blurring_in_turn() -> None:
    first = Kernel(torch.rand(3, 2, 3, 1), (-1, 0, 0))
    second = Kernel(torch.rand(1, 3, 2, 4), (0, -2, -1))
    clip = torch.rand(1, 3, 7, 9, 11)
    one = Scale()
    in_turn = SpaceTimeOperator(first, one, "periodic")(SpaceTimeOperator(second, one, "periodic")(clip))
    at_once = SpaceTimeOperator(compose(first, second), one, "periodic")(clip)
    assert torch.allclose(in_turn, at_once, atol=1e-5)


def test_an_array_is_centred_unless_told() -> None:
    kernel = from_array(np.ones((3, 5, 4)) / 60)
    assert kernel.origin == (-1, -2, -1)
    assert kernel.taps.shape == (1, 3, 5, 4)


def test_a_kernel_along_one_axis_leaves_the_others_alone() -> None:
    kernel = along("width", torch.tensor([1.0, 2.0]), -1)
    assert (kernel.size, kernel.origin) == ((1, 1, 2), (0, 0, -1))


@pytest.mark.parametrize(
    "make",
    [
        lambda: box_exposure(5, 0.0),
        lambda: box_exposure(5, 1.5),
        lambda: gaussian("time", -1),
        lambda: Kernel(torch.ones(3)),
    ],
)
def test_an_impossible_kernel_is_refused_in_one_line(make: object) -> None:
    assert callable(make)
    with pytest.raises(StvsrError) as error:
        make()
    assert "\n" not in str(error.value)
