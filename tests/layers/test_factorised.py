import pytest
import torch

from stvsr.layers.factorised import FactorisedBlock3d, trunk


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last_3d])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_block_is_its_input_and_a_convolution_in_space_then_one_in_time(order, batch):
    torch.manual_seed(0)
    block = FactorisedBlock3d(6)
    x = torch.randn(batch, 6, 4, 5, 7).to(memory_format=order)
    space = torch.nn.functional.conv3d(x, block.space.weight, block.space.bias, padding=(0, 1, 1))
    within = torch.nn.functional.leaky_relu(space, 0.1)
    expected = x + torch.nn.functional.conv3d(within, block.time.weight, block.time.bias, padding=(1, 0, 0))
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)


def test_an_input_is_left_as_it_was():
    x = torch.randn(1, 4, 3, 5, 5).to(memory_format=torch.channels_last_3d)
    before = x.clone()
    with torch.no_grad():
        trunk(4, 2)(x)
    assert torch.equal(x, before)


def test_a_deep_trunk_starts_near_the_identity():
    torch.manual_seed(0)
    x = torch.randn(1, 16, 4, 9, 9)
    with torch.no_grad():
        assert (trunk(16, 20)(x) - x).std() < 1.5 * x.std()
