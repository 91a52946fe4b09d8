import copy

import pytest
import torch
from torch import nn

from stvsr.layers.deformable import DeformableConv2d
from stvsr.layers.residual_dense import RRDB3d
from stvsr.layers.temporal import DeformableTemporalModule


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def moved_module(features=4, groups=2):
    """A small module whose offsets are not zero."""
    torch.manual_seed(0)
    module = DeformableTemporalModule(features, groups)
    for layer in module.modules():
        if isinstance(layer, DeformableConv2d):
            nn.init.normal_(layer.predict.weight, std=0.3)
            nn.init.normal_(layer.predict.bias, std=0.5)
    return module


def test_paper_size_has_exactly_the_computed_parameter_count():
    with torch.device("meta"):
        assert parameters(DeformableTemporalModule()) == 5_063_392


@pytest.mark.parametrize(("time", "space", "millions"), [(2, 1, 15.865), (2, 4, 16.020)])
def test_whole_upsampler_has_the_published_parameter_count(time, space, millions):
    with torch.device("meta"):
        trunk = nn.Sequential(
            nn.Conv3d(3, 64, 3),
            DeformableTemporalModule(),
            *(RRDB3d(64, 32) for _ in range(5)),
            nn.Conv3d(64, 3 * time * space**2, 3),
        )
    assert round(parameters(trunk) / 1e6, 3) == millions


@pytest.mark.parametrize("shape", [(1, 4, 1, 1, 1), (2, 4, 3, 5, 7), (1, 4, 2, 8, 9)])
def test_shape_is_kept_at_sizes_that_are_no_multiple_of_four(shape):
    assert moved_module()(torch.randn(shape)).shape == shape


def test_reversed_time_gives_reversed_results_with_the_directions_swapped():
    module = moved_module().double()
    x = torch.randn(2, 4, 4, 8, 8, dtype=torch.float64)
    forward, backward = module._propagate(x)
    reversed_forward, reversed_backward = module._propagate(x.flip(2))
    torch.testing.assert_close(reversed_forward, backward.flip(1))
    torch.testing.assert_close(reversed_backward, forward.flip(1))


def test_directions_side_by_side_equal_one_cell_run_frame_by_frame():
    module = moved_module().double()
    x = torch.randn(1, 4, 3, 8, 4, dtype=torch.float64)
    hidden = cell = torch.zeros(1, 4, 8, 4, dtype=torch.float64)
    for frame, shown in zip(x.unbind(2), module._propagate(x)[0].unbind(1), strict=True):
        hidden = module.align_hidden(hidden, module.align_hidden.pyramid(frame))
        cell = module.align_cell(cell, module.align_cell.pyramid(frame))
        hidden, cell = module.cell(frame, (hidden, cell))
        torch.testing.assert_close(hidden, shown)


def test_every_frame_hears_of_every_other():
    module = moved_module().double()
    x = torch.randn(1, 4, 4, 4, 4, dtype=torch.float64)
    for frame in range(4):
        changed = x.clone()
        changed[:, :, frame] += 1
        difference = (module(changed) - module(x)).abs().amax(dim=(0, 1, 3, 4))
        assert difference.min() > 1e-6


def test_clips_of_a_batch_do_not_mix():
    module = moved_module().double()
    x = torch.randn(3, 4, 2, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(module(x), torch.cat([module(clip) for clip in x.split(1)]))


def test_channels_last_input_gives_the_same():
    module = moved_module()
    x = torch.randn(2, 4, 3, 8, 8)
    torch.testing.assert_close(module(x.to(memory_format=torch.channels_last_3d)), module(x))


def test_gradients_reach_every_weight():
    module = moved_module()
    module(torch.randn(1, 4, 3, 8, 8)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())


def test_offset_statistics_tell_of_the_last_forward_pass_only():
    fresh, moved = DeformableTemporalModule(4, 2), moved_module()
    small, large = torch.randn(1, 4, 2, 4, 4), 100 * torch.randn(1, 4, 2, 4, 4)
    assert fresh.offset_statistics() == {}
    fresh(small)
    assert fresh.offset_statistics() == {"mean": 0.0, "max": 0.0}
    moved(small)
    first = moved.offset_statistics()
    assert 0 < first["mean"] < first["max"]
    moved(large)
    assert moved.offset_statistics()["max"] > 5 * first["max"]
    moved(small)
    assert moved.offset_statistics() == pytest.approx(first, rel=1e-4)


def test_bfloat16_autocast_stays_close_to_float32():
    module = moved_module()
    x = torch.randn(1, 4, 3, 8, 12)
    exact = module(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = module(x)
    assert (rough.float() - exact).norm() < 0.05 * exact.norm()


@pytest.mark.parametrize("frames", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_an_exported_module_gives_the_same_in_onnx_runtime(frames, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    module = moved_module().eval()
    x = torch.randn(1, 4, frames, 5, 7)
    path = tmp_path / "module.onnx"
    torch.onnx.export(
        module, (x,), path, input_names=["x"], opset_version=20, dynamo=True, optimize=False, verbose=False
    )
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (exported,) = session.run(None, {"x": x.numpy()})
    torch.testing.assert_close(torch.from_numpy(exported), module(x).detach(), atol=1e-4, rtol=0)


def test_a_module_that_has_run_can_be_copied():
    module = moved_module()
    x = torch.randn(1, 4, 2, 4, 4)
    expected = module(x)
    twin = copy.deepcopy(module)
    twin(2 * x)
    torch.testing.assert_close(twin(x), expected)
    assert twin.align_cell.state_to_current.deform[0].offsets is not (
        module.align_cell.state_to_current.deform[0].offsets
    )
