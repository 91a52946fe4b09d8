import pytest
import torch
from torch import nn

from stvsr.layers.residual_dense import RESIDUAL_SCALE, ResidualDenseBlock3d, RRDB3d, initialise_small


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_five_paper_size_blocks_have_the_published_parameter_count():
    with torch.device("meta"):
        trunk = nn.Sequential(*(RRDB3d(64, 32) for _ in range(5)))
    assert parameters(trunk) == 10_785_600


@pytest.mark.parametrize("kernels", [((3, 3, 3),) * 3, ((1, 3, 3), (3, 1, 1))])
def test_shape_is_kept_at_odd_sizes(kernels):
    x = torch.randn(2, 6, 3, 5, 7)
    assert RRDB3d(6, 4, layers=3, kernels=kernels)(x).shape == x.shape


def test_a_block_is_its_dense_branch_scaled_plus_its_input():
    torch.manual_seed(0)
    block = ResidualDenseBlock3d(2, 3, layers=2).double()
    first, last = block.convolutions
    x = torch.randn(1, 2, 3, 5, 4, dtype=torch.float64)
    hidden = nn.functional.leaky_relu(first(x), 0.2)
    branch = nn.functional.conv3d(x, last.weight[:, :2], padding=1) + nn.functional.conv3d(
        hidden, last.weight[:, 2:], last.bias, padding=1
    )
    torch.testing.assert_close(block(x), x + RESIDUAL_SCALE * branch)


def test_blocks_whose_weights_are_zero_pass_their_input_on():
    block = RRDB3d(4, 2)
    for p in block.parameters():
        nn.init.zeros_(p)
    x = torch.randn(1, 4, 2, 3, 5)
    torch.testing.assert_close(block(x), x * 1.2)


def test_a_fresh_trunk_starts_close_to_a_scaled_identity():
    torch.manual_seed(0)
    trunk = nn.Sequential(*(RRDB3d(16, 8) for _ in range(5)))
    x = torch.randn(1, 16, 3, 9, 9)
    assert (trunk(x) - x * 1.2**5).norm() < 0.02 * trunk(x).norm()


def test_a_block_of_flat_kernels_keeps_frames_apart():
    block = ResidualDenseBlock3d(4, 2, kernel=(1, 3, 3))
    x = torch.randn(1, 4, 3, 5, 5)
    changed = x.clone()
    changed[:, :, 1] += 1
    difference = (block(x) - block(changed)).abs().amax(dim=(0, 1, 3, 4))
    assert difference[1] > 0.5
    assert torch.equal(difference[[0, 2]], torch.zeros(2))


def test_the_input_is_left_as_it_was():
    x = torch.randn(1, 4, 3, 5, 5)
    before = x.clone()
    RRDB3d(4, 2)(x)
    assert torch.equal(x, before)


def test_only_convolutions_can_be_initialised():
    with pytest.raises(TypeError, match="Linear"):
        initialise_small(nn.Linear(2, 2))


def test_what_a_dense_block_adds_is_in_proportion_to_its_scale() -> None:
    torch.manual_seed(0)
    whole = ResidualDenseBlock3d(4, 3, layers=3, scale=1.0)
    tenth = ResidualDenseBlock3d(4, 3, layers=3, scale=0.1)
    tenth.load_state_dict(whole.state_dict())
    x = torch.randn(1, 4, 3, 5, 7)
    assert torch.allclose(10 * (tenth(x) - x), whole(x) - x, atol=1e-5)
