"""Laws of the phase-correct start: ramps stay where they are, whatever the kernel's phase."""

from __future__ import annotations

import pytest
import torch

from stvsr.physics.interpolation import trilinear
from stvsr.physics.kernels import Kernel
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale


@pytest.mark.parametrize("scale", [Scale.of(2, 4), Scale.of(2, 1), Scale(1, 3, 2), Scale.of(5, 2)])
def test_a_ramp_comes_back_exactly_inside(scale: Scale) -> None:
    taps = torch.rand(3, 2, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    kernel = Kernel(taps / taps.sum(dim=(1, 2, 3), keepdim=True), (0, -1, 0))
    high_size = scale.high_size((9, 8, 9))
    axes = [torch.arange(n, dtype=torch.float64) for n in high_size]
    ramp = 0.01 * axes[0][:, None, None] - 0.02 * axes[1][:, None] + 0.015 * axes[2]
    clip = ramp.expand(1, 3, *high_size)
    low = SpaceTimeOperator(kernel, scale)(clip)
    back = trilinear(low, scale, kernel.centroid)
    inside = tuple(slice(3 * s, -3 * s) for s in (2, *scale.steps))[1:]
    error = (back - clip)[(slice(None), slice(None), *inside)].abs()
    assert error.numel() > 0
    assert error.max() < 1e-9


def test_no_scale_and_no_shift_is_the_identity() -> None:
    low = torch.rand(2, 3, 3, 5, 4)
    assert torch.equal(trilinear(low, Scale(), torch.zeros(1, 3)), low)


def test_samples_past_the_ends_go_on_as_they_are() -> None:
    low = torch.tensor([0.2, 0.8]).reshape(1, 1, 2, 1, 1)
    high = trilinear(low, Scale(2), torch.tensor([[0.5, 0.0, 0.0]])).flatten()
    assert high.tolist() == pytest.approx([0.2, 0.35, 0.65, 0.8])
