import pytest
import torch
from torch import nn

from stvsr.layers.convolution import Conv3d

CASES = [
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": (3, 1, 1), "padding": (1, 0, 0)},
    {"kernel_size": (1, 3, 3), "padding": (0, 1, 1), "bias": False},
    {"kernel_size": 1},
    {"kernel_size": (1, 2, 2), "stride": (1, 2, 2)},
    {"kernel_size": 3, "padding": 1, "padding_mode": "replicate"},
    {"kernel_size": 3, "padding": "same"},
]


def pair(**arguments):
    """Our layer and PyTorch's with the same weights."""
    torch.manual_seed(0)
    ours, theirs = Conv3d(6, 4, **arguments), nn.Conv3d(6, 4, **arguments)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last_3d])
@pytest.mark.parametrize("arguments", CASES)
def test_values_and_gradients_are_those_of_the_ordinary_layer(arguments, order):
    ours, theirs = pair(**arguments)
    x = torch.randn(1, 6, 3, 5, 7).to(memory_format=order)
    grads = []
    for layer in (ours, theirs):
        given = x.clone(memory_format=torch.preserve_format).requires_grad_()
        y = layer(given)
        y.square().sum().backward()
        grads.append([y.detach(), given.grad, *(p.grad for p in layer.parameters())])
    for got, expected in zip(*grads, strict=True):
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")
def test_a_single_clip_is_convolved_by_onednn(monkeypatch):
    calls = []
    convolve = torch.mkldnn_convolution
    monkeypatch.setattr(torch, "mkldnn_convolution", lambda *a: calls.append(a) or convolve(*a))
    layer, x = pair(kernel_size=3)[0], torch.randn(1, 6, 3, 5, 7)
    layer(x)
    assert len(calls) == 1
    with torch.backends.mkldnn.flags(enabled=False):
        layer(x)
    assert len(calls) == 1


@pytest.mark.parametrize("shape", [(1, 6, 3, 5, 7), (6, 3, 5, 7), (0, 6, 3, 5, 7)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float32])
def test_other_types_and_shapes_are_left_to_the_ordinary_layer(dtype, shape):
    ours, theirs = (layer.to(dtype) for layer in pair(kernel_size=3, padding=1))
    x = torch.randn(shape).to(dtype)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kernel", [(1, 3, 3), (3, 1, 1)])
def test_a_kernel_in_space_or_time_alone_is_convolved_in_two_dimensions_without_moving_a_value(kernel, monkeypatch):
    calls = []
    convolve = nn.functional.conv2d
    monkeypatch.setattr(nn.functional, "conv2d", lambda x, *a, **k: calls.append(x) or convolve(x, *a, **k))
    layer = pair(kernel_size=kernel, padding=tuple(size // 2 for size in kernel))[0]
    x = torch.randn(2, 6, 3, 5, 7).to(memory_format=torch.channels_last_3d)
    made = layer(x)
    assert calls[0].data_ptr() == x.data_ptr()
    assert made.is_contiguous(memory_format=torch.channels_last_3d)


def test_autocast_still_computes_in_bfloat16():
    layer, _ = pair(kernel_size=3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(torch.randn(1, 6, 3, 5, 7)).dtype == torch.bfloat16
