import torch

from stvsr.training.losses import l1
from stvsr.training.report import operations_per_step


def test_operations_are_those_of_the_convolutions_forward_and_backward(tiny):
    model = tiny.Tiny("tiny", 0.0).train()
    clip = torch.rand(2, 3, 4, 7, 9)
    random = torch.get_rng_state()
    low = 2 * 2 * 7 * 9  # samples of the low grid in the batch
    down, up, plane = low * 3 * 3 * 3, low * 6 * 3 * 27, 2 * low * 3 * 3
    # a product is two operations; backward costs as much again for the input (not the clip) and for the weights
    assert operations_per_step(model, l1, clip) == 2 * (2 * down + 3 * up + 3 * plane)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), random)
