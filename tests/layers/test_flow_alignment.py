import pytest
import torch
from torch import nn
from torch.nn import functional as F

from stvsr.layers import flow_alignment
from stvsr.layers.deformable import clear_offset_statistics, offset_statistics
from stvsr.layers.flow_alignment import FlowGuidedAlignment
from stvsr.layers.optical_flow import warp

MARGIN = 6
inside = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))


def texture(height, width, channels=4, right=0.0, down=0.0):
    """Smooth waves, moved to the right and down by any number of pixels."""
    y, x = torch.meshgrid(torch.arange(height) - down, torch.arange(width) - right, indexing="ij")
    waves = [torch.sin(0.31 * (c + 1) * x + c) + torch.cos(0.23 * (c + 2) * y - 0.1 * c * x) for c in range(channels)]
    return torch.stack(waves)[None].float()


def constant_flow(height, width, right, down):
    return torch.tensor([right, down]).reshape(1, 2, 1, 1).expand(1, 2, height, width)


def wild(layer, scale=1.0):
    """Let the last predicting convolution say something."""
    nn.init.normal_(layer.predict[-1].weight, std=scale)
    nn.init.normal_(layer.predict[-1].bias, std=scale)
    return layer


@pytest.mark.parametrize("groups", [2, 4, 8])
def test_a_fresh_layer_is_the_convolution_of_what_lies_where_the_flows_point(groups):
    torch.manual_seed(0)
    layer = FlowGuidedAlignment(4, groups)
    past = tuple(torch.randn(2, 2, 4, 23, 31))
    y, x = torch.meshgrid(torch.arange(23.0), torch.arange(31.0), indexing="ij")
    first = torch.stack((2 + torch.sin(y / 5), torch.cos(x / 7) - 1)).expand(2, 2, 23, 31)
    second = torch.stack((-3 + x / 40, 1.5 - y / 30)).expand(2, 2, 23, 31)
    expected = layer.bias[:, None, None]
    for row in range(3):
        for column in range(3):
            tap = torch.tensor([column - 1.0, row - 1.0])[:, None, None]
            taken = torch.cat([warp(p, flow + tap) for p, flow in zip(past, (first, second), strict=True)], dim=1)
            expected = expected + torch.einsum("oc,bchw->bohw", layer.weight[:, :, row, column], taken)
    aligned = layer(past, (first, second), torch.randn(2, 4, 23, 31))
    torch.testing.assert_close(aligned[inside], expected[inside], atol=1e-4, rtol=0)


def test_a_fresh_layer_with_constant_flows_is_warping_then_an_ordinary_convolution():
    torch.manual_seed(0)
    layer = FlowGuidedAlignment(4, 4)
    past, current = tuple(torch.randn(2, 1, 4, 19, 26)), torch.randn(1, 4, 19, 26)
    flows = (constant_flow(19, 26, 1.25, -0.5), constant_flow(19, 26, -2.0, 3.75))
    warped = torch.cat([warp(p, flow) for p, flow in zip(past, flows, strict=True)], dim=1)
    expected = F.conv2d(warped, layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(layer(past, flows, current)[inside], expected[inside], atol=1e-4, rtol=0)


def test_a_moving_texture_comes_to_rest_where_the_current_frame_is():
    layer = FlowGuidedAlignment(4, 4)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    with torch.no_grad():  # the middle tap alone: the mean of both frames
        layer.weight[:, :, 1, 1] = torch.eye(4).repeat(1, 2) / 2
    size = (21, 27)
    current, last, before = (texture(*size, right=2 * n, down=-1 * n) for n in (2, 1, 0))
    right = (constant_flow(*size, -2.0, 1.0), constant_flow(*size, -4.0, 2.0))
    torch.testing.assert_close(layer((last, before), right, current)[inside], current[inside], atol=1e-4, rtol=0)
    mistaken = tuple(flow.flip(1) for flow in right)
    assert (layer((last, before), mistaken, current) - current)[inside].abs().mean() > 0.1


def test_offsets_stay_within_the_residue_of_their_own_flow(monkeypatch):
    torch.manual_seed(0)
    layer = wild(FlowGuidedAlignment(4, 4, max_residue=3.0), scale=5.0)
    used = []
    convolve = flow_alignment.deform_conv2d
    monkeypatch.setattr(
        flow_alignment, "deform_conv2d", lambda x, o, *a, **k: used.append(o) or convolve(x, o, *a, **k)
    )
    flows = (constant_flow(7, 9, 20.0, -40.0), constant_flow(7, 9, 60.0, -80.0))
    layer(tuple(torch.randn(2, 1, 4, 7, 9)), flows, torch.randn(1, 4, 7, 9))
    moves = used[0].reshape(2, 2, 9, 2, 7, 9)  # frame, group of the frame, tap, (down, right)
    for frame, flow in enumerate(((20.0, -40.0), (60.0, -80.0))):
        for axis, expected in enumerate((flow[1], flow[0])):
            departure = (moves[frame, :, :, axis] - expected).abs()
            assert 2.5 < departure.max() <= 3.0 + 1e-4


def test_offset_statistics_are_of_the_departure_from_the_flow():
    torch.manual_seed(0)
    layer = wild(FlowGuidedAlignment(4, 2, max_residue=2.0))
    past, flows = tuple(torch.randn(2, 1, 4, 6, 6)), tuple(50 * torch.randn(2, 1, 2, 6, 6))
    assert offset_statistics(layer) == {}
    layer(past, flows, torch.randn(1, 4, 6, 6))
    statistics = offset_statistics(layer)
    assert 0 < statistics["mean"] < statistics["max"] <= 2.0
    clear_offset_statistics(layer)
    assert offset_statistics(layer) == {}


def test_a_fresh_layer_learns_where_to_look_and_teaches_the_flow():
    torch.manual_seed(0)
    layer = FlowGuidedAlignment(4, 2)
    flows = tuple(torch.randn(2, 1, 2, 8, 8).requires_grad_())
    for flow in flows:
        flow.retain_grad()
    layer(tuple(torch.randn(2, 1, 4, 8, 8)), flows, torch.randn(1, 4, 8, 8)).square().sum().backward()
    assert layer.predict[-1].weight.grad.abs().sum() > 0
    assert all(flow.grad.abs().sum() > 0 for flow in flows)


def test_gradients_reach_every_weight():
    torch.manual_seed(0)
    layer = wild(FlowGuidedAlignment(4, 4), scale=0.3)
    layer(
        tuple(torch.randn(2, 1, 4, 8, 8)), tuple(torch.randn(2, 1, 2, 8, 8)), torch.randn(1, 4, 8, 8)
    ).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in layer.parameters())


def test_offsets_are_float32_under_autocast(monkeypatch):
    torch.manual_seed(0)
    layer = wild(FlowGuidedAlignment(4, 2), scale=0.1)
    past, current = tuple(torch.randn(2, 1, 4, 5, 300)), torch.randn(1, 4, 5, 300)
    flows = tuple(torch.randn(2, 1, 2, 5, 300))
    exact = layer(past, flows, current)
    used = []
    convolve = flow_alignment.deform_conv2d
    monkeypatch.setattr(
        flow_alignment, "deform_conv2d", lambda x, o, *a, **k: used.append(o) or convolve(x, o, *a, **k)
    )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = layer(tuple(p.bfloat16() for p in past), flows, current.bfloat16())
    assert used[0].dtype == torch.float32
    assert (rough - exact).norm() < 0.03 * exact.norm()


def test_groups_must_be_twice_a_divisor_of_the_features():
    for groups in (0, 1, 3, 6):
        with pytest.raises(ValueError, match="twice a divisor"):
            FlowGuidedAlignment(4, groups)
