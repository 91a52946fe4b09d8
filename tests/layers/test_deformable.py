import math

import pytest
import torch
from torch.nn import functional as F

from stvsr.layers.deformable import (
    DeformableConv2d,
    clear_offset_statistics,
    deform_conv2d,
    offset_statistics,
)

SIZES = [(1, 1), (1, 5), (7, 1), (2, 3), (7, 5)]
f64 = {"dtype": torch.float64}


def slow_deform_conv2d(x, offset, mask, weight, bias, padding, dilation):
    """The definition, one product at a time."""
    batch, channels, height, width = x.shape
    out_channels, _, rows, columns = weight.shape
    groups = offset.shape[1] // (2 * rows * columns)
    out_height, out_width = offset.shape[-2:]

    def pixel(b, c, y, x_):
        return x[b, c, y, x_].item() if 0 <= y < height and 0 <= x_ < width else 0.0

    def bilinear(b, c, y, x_):
        y0, x0 = math.floor(y), math.floor(x_)
        fy, fx = y - y0, x_ - x0
        top = (1 - fx) * pixel(b, c, y0, x0) + fx * pixel(b, c, y0, x0 + 1)
        bottom = (1 - fx) * pixel(b, c, y0 + 1, x0) + fx * pixel(b, c, y0 + 1, x0 + 1)
        return (1 - fy) * top + fy * bottom

    y = torch.zeros(batch, out_channels, out_height, out_width, **f64) + bias[:, None, None]
    for b, c, k, i, j in torch.cartesian_prod(
        *map(torch.arange, (batch, channels, rows * columns, out_height, out_width))
    ).tolist():
        tap = c // (channels // groups) * rows * columns + k
        down, right = offset[b, 2 * tap, i, j].item(), offset[b, 2 * tap + 1, i, j].item()
        row = i - padding[0] + k // columns * dilation[0] + down
        column = j - padding[1] + k % columns * dilation[1] + right
        value = mask[b, tap, i, j] * bilinear(b, c, row, column)
        y[b, :, i, j] += weight[:, c, k // columns, k % columns] * value
    return y


def case(size, groups=2, kernel=(3, 3), padding=(1, 1), dilation=(1, 1), batch=2, spread=2.0, channels=4):
    """Random arguments of `deform_conv2d` in float64."""
    generator = torch.Generator().manual_seed(sum(size) + groups)

    def normal(*shape):
        return torch.randn(shape, generator=generator, **f64)

    taps = kernel[0] * kernel[1]
    out = [n + 2 * p - d * (k - 1) for n, p, d, k in zip(size, padding, dilation, kernel, strict=True)]
    return {
        "x": normal(batch, channels, *size),
        "offset": spread * normal(batch, groups * taps * 2, *out),
        "mask": normal(batch, groups * taps, *out).sigmoid(),
        "weight": normal(3, channels, *kernel),
        "bias": normal(3),
        "padding": padding,
        "dilation": dilation,
    }


@pytest.mark.parametrize("size", SIZES)
def test_it_equals_the_definition_at_odd_sizes_and_sizes_of_one(size):
    arguments = case(size)
    torch.testing.assert_close(deform_conv2d(**arguments), slow_deform_conv2d(**arguments), atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    ("kernel", "padding", "dilation", "groups"),
    [((1, 3), (0, 2), (1, 1), 4), ((3, 2), (2, 0), (2, 3), 1), ((3, 3), (0, 0), (1, 1), 2)],
)
def test_it_equals_the_definition_for_any_kernel_padding_dilation_and_groups(kernel, padding, dilation, groups):
    arguments = case((5, 4), groups, kernel, padding, dilation)
    torch.testing.assert_close(deform_conv2d(**arguments), slow_deform_conv2d(**arguments), atol=1e-10, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_zero_offsets_and_unit_masks_make_an_ordinary_convolution(size):
    arguments = case(size, spread=0.0) | {"mask": None}
    ordinary = F.conv2d(arguments["x"], arguments["weight"], arguments["bias"], padding=1)
    torch.testing.assert_close(deform_conv2d(**arguments), ordinary, atol=1e-10, rtol=0)


def test_whole_offsets_shift_the_image_and_zeros_come_in():
    arguments = case((7, 5)) | {"mask": None}
    offset = arguments["offset"]
    offset[:, 0::2], offset[:, 1::2] = 2, -1
    padded = F.pad(arguments["x"], (2, 2, 3, 3))
    ordinary = F.conv2d(padded, arguments["weight"], arguments["bias"])
    torch.testing.assert_close(deform_conv2d(**arguments), ordinary[..., 4:11, 0:5], atol=1e-10, rtol=0)


@pytest.mark.parametrize("taps_at_once", [1, 2, 4, 9])
def test_taking_a_few_taps_at_once_changes_nothing(taps_at_once):
    arguments = case((5, 7))
    torch.testing.assert_close(deform_conv2d(**arguments, taps_at_once=taps_at_once), deform_conv2d(**arguments))


def test_large_inputs_are_sampled_in_parts_without_changing_the_result(monkeypatch):
    arguments = case((5, 7))
    whole = deform_conv2d(**arguments)
    calls = []
    sample = F.grid_sample
    monkeypatch.setattr(F, "grid_sample", lambda *a, **k: calls.append(a[1].shape) or sample(*a, **k))
    monkeypatch.setattr("stvsr.layers.deformable.SAMPLED_BYTES_CPU", 4 * 2 * 2 * 35 * 8)
    torch.testing.assert_close(deform_conv2d(**arguments), whole)
    assert len(calls) > 4


def test_the_gradient_is_that_of_the_function():
    arguments = case((3, 2), batch=1, channels=2)
    # Bilinear interpolation has kinks at whole positions; stay off them.
    arguments["offset"] = arguments["offset"].floor() + 0.2 + 0.6 * torch.rand(arguments["offset"].shape, **f64)
    tensors = [arguments[name].requires_grad_() for name in ("x", "offset", "mask", "weight", "bias")]
    assert torch.autograd.gradcheck(lambda *given: deform_conv2d(*given, padding=1, taps_at_once=4), tensors, atol=1e-6)


def test_a_fresh_layer_is_an_ordinary_convolution():
    layer = DeformableConv2d(8, groups=4).double()
    x, guide = torch.randn(2, 8, 5, 7, **f64), torch.randn(2, 8, 5, 7, **f64)
    torch.testing.assert_close(layer(x, guide), F.conv2d(x, layer.weight, layer.bias, padding=1))


def test_a_fresh_layer_learns_where_to_look():
    torch.manual_seed(0)
    layer = DeformableConv2d(4, groups=2)
    layer(torch.randn(1, 4, 5, 5), torch.randn(1, 4, 5, 5)).square().sum().backward()
    assert layer.predict.weight.grad.abs().sum() > 0


def moved_layer(scale=3.0):
    torch.manual_seed(0)
    layer = DeformableConv2d(4, groups=2)
    torch.nn.init.normal_(layer.predict.bias, std=scale)
    return layer


def test_positions_stay_float32_under_autocast():
    layer = moved_layer()
    # Positions in bfloat16 would be wrong by whole pixels beyond column 256, which shows in noise.
    x = torch.randn(1, 4, 3, 600)
    exact = layer(x, torch.zeros_like(x))
    grids = []
    sample = F.grid_sample
    with pytest.MonkeyPatch.context() as patch, torch.autocast("cpu", dtype=torch.bfloat16):
        patch.setattr(F, "grid_sample", lambda *a, **k: grids.append(a[1]) or sample(*a, **k))
        rough = layer(x, torch.zeros_like(x))
    assert [grid.dtype for grid in grids] == [torch.float32]
    assert (rough - exact).norm() < 0.02 * exact.norm()


def test_a_bfloat16_layer_answers_in_bfloat16_close_to_float32():
    layer = moved_layer()
    x, guide = torch.randn(1, 4, 9, 9), torch.randn(1, 4, 9, 9)
    exact = layer(x, guide)
    rough = layer.bfloat16()(x.bfloat16(), guide.bfloat16())
    assert rough.dtype == torch.bfloat16
    assert (rough.float() - exact).norm() < 0.02 * exact.norm()


def test_offset_statistics_are_those_of_the_offsets_used():
    layer = moved_layer()
    x = torch.randn(1, 4, 3, 3)
    assert offset_statistics(layer) == {}
    layer(x, x * 0)
    layer(x, x * 0)
    used = layer.predict.bias[: layer.offset_channels].abs()
    assert offset_statistics(layer) == pytest.approx({"mean": used.mean().item(), "max": used.max().item()}, rel=1e-5)
    clear_offset_statistics(layer)
    assert offset_statistics(layer) == {}


def test_shapes_that_do_not_belong_together_are_refused():
    arguments = case((5, 7))
    with pytest.raises(ValueError, match="offset is"):
        deform_conv2d(**arguments | {"offset": arguments["offset"][..., 1:]})
    with pytest.raises(ValueError, match="mask is"):
        deform_conv2d(**arguments | {"mask": arguments["mask"][:, 1:]})
    with pytest.raises(ValueError, match="groups"):
        deform_conv2d(**arguments | {"offset": arguments["offset"][:, 1:]})


@pytest.mark.parametrize("size", [(7, 5), (1, 4)])
def test_an_exported_layer_gives_the_same_in_onnx_runtime(size, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    layer = moved_layer().eval()
    x, guide = torch.randn(1, 4, *size), torch.randn(1, 4, *size)
    path = tmp_path / "layer.onnx"
    torch.onnx.export(
        layer,
        (x, guide),
        path,
        input_names=["x", "guide"],
        opset_version=20,
        dynamo=True,
        verbose=False,
    )
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (exported,) = session.run(None, {"x": x.numpy(), "guide": guide.numpy()})
    torch.testing.assert_close(torch.from_numpy(exported), layer(x, guide).detach(), atol=1e-4, rtol=0)
