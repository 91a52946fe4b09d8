"""Laws of the operator, at odd sizes, several scales and kernels, in both precisions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.physics.boundary import Boundary
from stvsr.physics.kernels import Kernel, bicubic_space, box_exposure, compose, delta, gaussian_space_time
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

Size = tuple[int, int, int]


def _random_kernel(channels: int, size: Size, origin: Size) -> Kernel:
    generator = torch.Generator().manual_seed(1)
    taps = torch.rand(channels, *size, generator=generator, dtype=torch.float64)
    return Kernel(taps / taps.sum(dim=(1, 2, 3), keepdim=True), origin)


# name -> kernel, scale, a size that the scale divides, an odd size
CASES: dict[str, tuple[Kernel, Scale, Size, Size]] = {
    "box x bicubic": (
        compose(box_exposure(5), bicubic_space(2)).to(torch.float64),
        Scale.of(5, 2),
        (10, 8, 6),
        (7, 9, 11),
    ),
    "gaussian": (
        gaussian_space_time((0.6, 1.1, 1.1), (2, 3, 3)).to(torch.float64),
        Scale.of(2, 3),
        (6, 9, 12),
        (5, 7, 10),
    ),
    "three colours": (_random_kernel(3, (3, 5, 4), (-1, -2, 0)), Scale.of(2, 4), (4, 8, 12), (5, 11, 9)),
    "wide window": (_random_kernel(3, (4, 8, 8), (-1, -2, -2)), Scale(2, 4, 4), (6, 8, 16), (3, 13, 17)),
    "height alone": (_random_kernel(1, (1, 3, 1), (0, -1, 0)), Scale(1, 2, 1), (3, 6, 5), (3, 7, 5)),
    "ahead of the block": (_random_kernel(1, (2, 2, 2), (1, 1, 2)), Scale.of(2, 3), (6, 9, 9), (5, 8, 10)),
    "delta": (delta().to(torch.float64), Scale.of(3, 2), (6, 6, 8), (7, 5, 9)),
}
BOUNDARIES: list[Boundary] = ["periodic", "replicate"]


def _rand(*shape: int) -> Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def _dense(operator: SpaceTimeOperator, size: Size) -> Tensor:
    """A as a matrix, one column for each high sample."""
    count = 3 * size[0] * size[1] * size[2]
    basis = torch.eye(count, dtype=torch.float64).reshape(count, 3, *size)
    return operator.forward(basis).flatten(1).T


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_adjoint_is_the_transpose(name: str, boundary: Boundary, dtype: torch.dtype) -> None:
    kernel, scale, *sizes = CASES[name]
    operator = SpaceTimeOperator(kernel.to(dtype), scale, boundary)
    for size in sizes:
        high, low = _rand(2, 3, *size).to(dtype), _rand(2, 3, *scale.low_size(size)).to(dtype)
        left, right = (operator(high) * low).sum(), (high * operator.adjoint(low, size)).sum()
        assert left.item() == pytest.approx(right.item(), rel=1e-12 if dtype == torch.float64 else 1e-5)


@pytest.mark.parametrize("name", CASES)
def test_forward_is_the_weighted_sum_of_the_taps(name: str) -> None:
    kernel, scale, _, size = CASES[name]
    operator = SpaceTimeOperator(kernel, scale)
    high = _rand(1, 3, *size)
    low = operator(high)
    last = [n - 1 for n in low.shape[2:]]
    for place in ((0, 0, 0), tuple(last)):
        for colour in range(3):
            taps = kernel.taps[colour % kernel.taps.shape[0]]
            expected = 0.0
            for index in torch.cartesian_prod(*(torch.arange(n) for n in kernel.size)).reshape(-1, 3).tolist():
                at = [
                    min(max(s * i + o + d, 0), n - 1)
                    for s, i, o, d, n in zip(scale.steps, place, kernel.origin, index, size, strict=True)
                ]
                expected += (taps[tuple(index)] * high[0, colour, at[0], at[1], at[2]]).item()
            assert low[0, colour][place].item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_the_low_spectrum_is_the_gram_matrix_diagonalised(name: str) -> None:
    kernel, scale, size, _ = CASES[name]
    operator = SpaceTimeOperator(kernel, scale, "periodic")
    low = _rand(1, 3, *scale.low_size(size))
    gram = operator(operator.adjoint(low, size))
    spectral = torch.fft.irfftn(
        torch.fft.rfftn(low, dim=(2, 3, 4)) * operator.low_spectrum(scale.low_size(size)),
        s=scale.low_size(size),
        dim=(2, 3, 4),
    )
    assert torch.allclose(gram, spectral, atol=1e-12)


@pytest.mark.parametrize("name", ["box x bicubic", "three colours", "ahead of the block"])
@pytest.mark.parametrize("alpha", [1e-1, 1e-4])
def test_the_data_step_agrees_with_a_dense_solve(name: str, alpha: float) -> None:
    kernel, scale, size, _ = CASES[name]
    operator = SpaceTimeOperator(kernel, scale, "periodic")
    high, low = _rand(1, 3, *size), _rand(1, 3, *scale.low_size(size))
    matrix = _dense(operator, size)
    system = matrix.T @ matrix + alpha * torch.eye(matrix.shape[1], dtype=torch.float64)
    expected = torch.linalg.solve(system, matrix.T @ low.flatten() + alpha * high.flatten())
    assert (operator.data_step(low, high, alpha).flatten() - expected).abs().max() < 1e-9


def _normal_equations_error(operator: SpaceTimeOperator, low: Tensor, high: Tensor, z: Tensor, alpha: float) -> float:
    size: Size = (high.shape[2], high.shape[3], high.shape[4])
    gradient = operator.adjoint(operator(z) - low, size) + alpha * (z - high)
    start = operator.adjoint(operator(high) - low, size)
    return (gradient.norm() / start.norm()).item()


@pytest.mark.parametrize("name", CASES)
def test_the_data_step_solves_the_normal_equations(name: str) -> None:
    kernel, scale, size, odd = CASES[name]
    alpha = 1e-3
    for boundary, n, refinements, bound in (("periodic", size, None, 1e-10), ("replicate", odd, 60, 1e-6)):
        operator = SpaceTimeOperator(kernel, scale, "periodic" if boundary == "periodic" else "replicate")
        high, low = _rand(1, 3, *n), _rand(1, 3, *scale.low_size(n))
        z = operator.data_step(low, high, alpha, refinements)
        assert _normal_equations_error(operator, low, high, z, alpha) < bound


@pytest.mark.parametrize("alpha", [1e-2, 1e-6])
def test_the_data_step_is_safe_in_single_precision(alpha: float) -> None:
    kernel, scale, size, _ = CASES["box x bicubic"]
    exact = SpaceTimeOperator(kernel, scale, "periodic")
    single = SpaceTimeOperator(kernel.to(torch.float32), scale, "periodic")
    high = _rand(1, 3, *size)
    low = exact(_rand(1, 3, *size) * 0.5 + 0.25)
    expected = exact.data_step(low, high, alpha)
    measured = single.data_step(low.float(), high.float(), alpha)
    assert (expected - measured).abs().max() < 2e-4


def test_each_refinement_improves_the_borders() -> None:
    kernel, scale, _, _ = CASES["wide window"]
    operator = SpaceTimeOperator(kernel, scale)
    high, low = _rand(1, 3, 8, 24, 28), _rand(1, 3, 4, 6, 7)
    errors = [
        _normal_equations_error(operator, low, high, operator.data_step(low, high, 1e-2, n), 1e-2) for n in (0, 2, 6)
    ]
    assert errors[2] < errors[1] < errors[0]


def test_one_border_does_not_reach_the_opposite_one() -> None:
    kernel, scale, _, _ = CASES["gaussian"]
    operator = SpaceTimeOperator(kernel, scale)
    high, low = _rand(1, 3, 32, 48, 48), _rand(1, 3, 16, 16, 16)
    changed = low.clone()
    changed[:, :, 0], changed[..., 0], changed[..., 0, :] = 0, 0, 0
    moved = (operator.data_step(low, high, 1e-2, 0) - operator.data_step(changed, high, 1e-2, 0)).abs()
    assert moved[:, :, 24:, 36:, 36:].max() < 1e-3 * moved.max()


def test_the_data_step_keeps_a_clip_that_already_agrees() -> None:
    kernel, scale, _, odd = CASES["three colours"]
    operator = SpaceTimeOperator(kernel, scale)
    high = _rand(1, 3, *odd)
    assert torch.allclose(operator.data_step(operator(high), high, 1e-3), high, atol=1e-12)


def test_the_data_step_is_differentiable_in_everything() -> None:
    taps = CASES["three colours"][0].taps.clone().requires_grad_()
    scale = Scale.of(2, 4)
    high = _rand(1, 3, 4, 8, 8).requires_grad_()
    low = _rand(1, 3, 2, 2, 2).requires_grad_()
    alpha = torch.full((3, 1, 1, 1), 0.1, dtype=torch.float64, requires_grad=True)

    def step(taps: Tensor, high: Tensor, low: Tensor, alpha: Tensor) -> Tensor:
        return SpaceTimeOperator(Kernel(taps, (-1, -2, 0)), scale).data_step(low, high, alpha, 1)

    assert torch.autograd.gradcheck(step, (taps, high, low, alpha), fast_mode=True)


def test_the_data_step_stays_in_single_precision_under_autocast() -> None:
    kernel, scale, size, _ = CASES["wide window"]
    operator = SpaceTimeOperator(kernel.to(torch.float32), scale)
    high, low = _rand(1, 3, *size).float(), _rand(1, 3, *scale.low_size(size)).float()
    plain = operator.data_step(low, high, 1e-3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = operator.data_step(low, high, 1e-3)
    assert cast.dtype == torch.float32
    assert torch.equal(plain, cast)


def test_alpha_may_differ_from_clip_to_clip() -> None:
    kernel, scale, _, odd = CASES["gaussian"]
    operator = SpaceTimeOperator(kernel, scale)
    high, low = _rand(2, 3, *odd), _rand(2, 3, *scale.low_size(odd))
    both = operator.data_step(low, high, torch.tensor([0.1, 1.0]).reshape(2, 1, 1, 1, 1))
    second = operator.data_step(low[1:], high[1:], 1.0)
    assert torch.allclose(both[1:], second, atol=1e-7)


def test_wrong_shapes_are_refused_in_one_line() -> None:
    operator = SpaceTimeOperator(_random_kernel(2, (1, 1, 1), (0, 0, 0)), Scale.of(2, 2))
    with pytest.raises(StvsrError, match="2 channels"):
        operator(_rand(1, 3, 4, 4, 4))
    with pytest.raises(StvsrError, match="batch, channel"):
        operator(_rand(3, 4, 4, 4))
    with pytest.raises(StvsrError, match="does not belong"):
        operator.adjoint(_rand(1, 2, 2, 2, 2), (9, 9, 9))


def test_autocast_does_not_touch_the_operator():
    from stvsr.physics.degradation import Degradation
    from stvsr.physics.interpolation import trilinear

    operator = Degradation(time=2, space=2).operator()
    high = torch.rand(1, 3, 4, 8, 10)
    low = operator.forward(high)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(operator.forward(high), low)
        assert operator.adjoint(low).dtype == torch.float32
        assert trilinear(low, operator.scale, operator.kernel.centroid).dtype == torch.float32
