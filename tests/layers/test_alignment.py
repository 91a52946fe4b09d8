import torch
from torch import nn
from torch.nn import functional as F

from stvsr.layers.alignment import SIZE_MULTIPLE, DirectedAlignment, FeaturePyramid, PyramidAlignment
from stvsr.layers.deformable import DeformableConv2d


def test_pyramid_levels_halve_in_size():
    levels = FeaturePyramid(4)(torch.randn(2, 4, 12, 20))
    assert [level.shape for level in levels] == [(2, 4, 12, 20), (2, 4, 6, 10), (2, 4, 3, 5)]


def test_alignment_keeps_the_shape_down_to_the_smallest_size():
    module = PyramidAlignment(4, groups=2)
    for size in [(SIZE_MULTIPLE, SIZE_MULTIPLE), (12, 20)]:
        state, current = torch.randn(2, 2, 4, *size)
        assert module(state, module.pyramid(current)).shape == state.shape


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_parameter_counts_of_the_paper_size_parts():
    with torch.device("meta"):
        assert parameters(FeaturePyramid(64)) == 147_712
        assert parameters(DirectedAlignment(64, 8)) == 1_112_008
        assert parameters(PyramidAlignment(64, 8)) == 2_379_984


def test_offsets_can_follow_the_fixed_pyramid_and_gradients_reach_every_weight():
    torch.manual_seed(0)
    module = PyramidAlignment(4, groups=2)
    for layer in module.modules():
        if isinstance(layer, DeformableConv2d):
            nn.init.normal_(layer.predict.weight, std=0.3)
    state, current = torch.randn(2, 1, 4, 8, 12)
    module(state, module.pyramid(current)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())


def test_a_fresh_directed_alignment_does_not_look_at_the_fixed_side():
    # Predicted offsets start at zero, so what is aligned cannot depend on where it is aligned to.
    module = DirectedAlignment(4, groups=2)
    pyramid = FeaturePyramid(4)
    moving, one, other = (pyramid(torch.randn(1, 4, 8, 8)) for _ in range(3))
    assert torch.equal(module(moving, one), module(moving, other))


def test_the_finest_level_alone_is_a_deformable_convolution():
    module = DirectedAlignment(4, groups=2)
    for merge in module.merge_aligned:  # let the finer level through untouched and drop the coarser
        nn.init.zeros_(merge.weight)
        nn.init.zeros_(merge.bias)
        with torch.no_grad():
            merge.weight[:, :4, 1, 1] = torch.eye(4)
    pyramid = FeaturePyramid(4)
    moving, fixed = pyramid(torch.randn(1, 4, 8, 8)), pyramid(torch.randn(1, 4, 8, 8))
    fine = module.deform[0]
    expected = F.conv2d(moving[0], fine.weight, fine.bias, padding=1)
    torch.testing.assert_close(module(moving, fixed), expected, atol=1e-5, rtol=1e-5)
