import math

import pytest
import torch

from stvsr.training.losses import charbonnier, l1, log_charbonnier, log_mse


def test_l1_is_the_mean_absolute_difference():
    a, b = torch.rand(2, 3, 5, 7, 3), torch.rand(2, 3, 5, 7, 3)
    torch.testing.assert_close(l1(a, b), torch.nn.functional.l1_loss(a, b))


def test_charbonnier_is_l1_for_large_differences_and_smooth_at_zero():
    a = torch.full((1, 3, 2, 2, 2), 0.75, requires_grad=True)
    assert charbonnier(a, torch.zeros_like(a)).item() == pytest.approx(0.75, rel=1e-6)
    loss = charbonnier(a, a.detach().clone())
    loss.backward()
    assert loss.item() == pytest.approx(1e-6, rel=1e-3)
    assert torch.equal(a.grad, torch.zeros_like(a))


def test_the_logarithm_gives_easy_clips_the_weight_of_hard_ones():
    target = torch.zeros(2, 3, 2, 2, 2)
    output = torch.stack([torch.full_like(target[0], 0.1), torch.full_like(target[0], 0.4)]).requires_grad_()
    loss = log_charbonnier(output, target, floor=0)
    assert loss.item() == pytest.approx((math.log(0.1) + math.log(0.4)) / 2, rel=1e-5)
    loss.backward()
    easy, hard = (output.grad * output.detach()).flatten(1).sum(1)  # what a change by a given share brings
    assert easy.item() == pytest.approx(hard.item(), rel=1e-4)
    assert torch.isfinite(log_charbonnier(target, target))


def test_the_logarithm_of_the_squared_error_is_minus_the_mean_psnr_of_the_clips():
    target, output = torch.rand(3, 3, 2, 5, 4), torch.rand(3, 3, 2, 5, 4)
    psnr = [-10 * torch.log10((a - b).square().mean()) for a, b in zip(target, output, strict=True)]
    assert log_mse(output, target, floor=0).item() == pytest.approx(-float(sum(psnr)) / 3 * math.log(10) / 10, rel=1e-5)
    assert torch.isfinite(log_mse(target, target))


@pytest.mark.parametrize("loss", [l1, charbonnier, log_charbonnier, log_mse])
def test_half_precision_is_measured_in_float32(loss):
    a = torch.full((1, 3, 9, 64, 64), 0.001, dtype=torch.bfloat16)
    assert loss(a, torch.zeros_like(a)).dtype == torch.float32
