import pytest
import torch

from stvsr.layers.quantise import quantise


@pytest.mark.parametrize("levels", [1, 7, 255])
def test_values_lie_on_the_grid_and_within_half_a_step(levels):
    x = torch.linspace(-0.5, 1.5, 1001, dtype=torch.float64)
    y = quantise(x, levels)
    codes = y * levels
    torch.testing.assert_close(codes, codes.round(), atol=1e-9, rtol=0)
    assert y.min() == 0
    assert y.max() == 1
    assert (y - x.clamp(0, 1)).abs().max() <= 0.5 / levels + 1e-12


def test_quantising_twice_changes_nothing():
    once = quantise(torch.rand(3, 5, 7) * 1.4 - 0.2)
    assert torch.equal(quantise(once), once)


def test_all_8_bit_codes_survive():
    codes = torch.arange(256, dtype=torch.uint8)
    assert torch.equal((quantise(codes.float() / 255) * 255).round().to(torch.uint8), codes)


def test_gradient_is_one_inside_and_two_at_the_ends_and_beyond():
    x = torch.tensor([-3.0, -1e-6, 0.0, 1e-6, 0.5019, 0.99999, 1.0, 7.0], requires_grad=True)
    quantise(x).sum().backward()
    assert x.grad.tolist() == [2, 2, 2, 1, 1, 1, 2, 2]


def test_gradient_scales_with_the_incoming_one():
    x = torch.tensor([-1.0, 0.5], requires_grad=True)
    (quantise(x) * torch.tensor([3.0, 5.0])).sum().backward()
    assert x.grad.tolist() == [6, 5]


def test_the_input_is_left_as_it_was():
    x = torch.rand(5)
    before = x.clone()
    quantise(x)
    assert torch.equal(x, before)
