import json

import pytest
import torch
from torch.nn import functional as F

from stvsr.errors import StvsrError
from stvsr.layers.optical_flow import BUNDLED, SPyNet, flow_network, load_flow, warp


def small(**settings):
    return SPyNet(**{"channels": (4, 4), "kernel": 3, "levels": 3} | settings)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def stirred(network):
    """The same network with a last convolution that is not zero."""
    for stack in network.stacks:
        torch.nn.init.normal_(stack[-1].weight, std=0.05)
    return network


def texture(height, width, seed=0):
    random = torch.Generator().manual_seed(seed)
    parts = [torch.rand(1, 3, height // k + 1, width // k + 1, generator=random) for k in (3, 8, 20)]
    return sum(F.interpolate(part, (height, width), mode="bicubic") for part in parts).div(3).clamp(0, 1)


def test_bicubic_sampling_keeps_fine_detail_that_bilinear_blurs():
    x = torch.arange(48.0)

    def wave(at):
        return torch.sin(at * 1.2).expand(1, 3, 16, 48)

    flow = torch.tensor([0.5, 0.0])[None, :, None, None].expand(1, 2, 16, 48)
    off = {mode: (warp(wave(x), flow, mode) - wave(x + 0.5))[..., 4:-4].abs().max() for mode in ("bilinear", "bicubic")}
    assert off["bicubic"] < off["bilinear"] / 3


def test_parameter_count_of_the_paper():
    with torch.device("meta"):
        assert sum(p.numel() for p in SPyNet().parameters()) == 1_440_300


def test_a_whole_shift_warps_exactly_inside():
    image = torch.rand(2, 3, 9, 14)
    flow = torch.tensor([3.0, -2.0]).reshape(1, 2, 1, 1).expand(2, 2, 9, 14)
    warped = warp(image, flow)
    torch.testing.assert_close(warped[..., 2:, :-3], image[..., :-2, 3:], atol=1e-5, rtol=0)


def test_no_flow_returns_the_picture_and_a_far_one_its_border():
    image = torch.rand(1, 2, 5, 7)
    torch.testing.assert_close(warp(image, torch.zeros(1, 2, 5, 7)), image, atol=1e-5, rtol=0)
    far = torch.tensor([-99.0, 0.0]).reshape(1, 2, 1, 1).expand(1, 2, 5, 7)
    torch.testing.assert_close(warp(image, far), image[..., :1].expand_as(image), atol=1e-5, rtol=0)


def test_half_a_pixel_is_the_mean_of_two():
    image = torch.rand(1, 1, 4, 6)
    warped = warp(image, torch.tensor([0.5, 0.0]).reshape(1, 2, 1, 1).expand(1, 2, 4, 6))
    expected = (image[..., :-1] + image[..., 1:]) / 2
    torch.testing.assert_close(warped[..., :-1], expected, atol=1e-5, rtol=0)


def test_warp_passes_the_numerical_gradients_on():
    image = texture(6, 7)
    flow = torch.full((1, 2, 6, 7), 0.3, requires_grad=True)  # away from the kinks at whole shifts
    weight = torch.rand(1, 3, 6, 7)
    (analytic,) = torch.autograd.grad((warp(image, flow) * weight).sum(), flow)
    step = torch.zeros_like(flow)
    step[0, 0, 2, 3] = 0.05
    numeric = ((warp(image, flow + step) - warp(image, flow - step)) * weight).sum() / 0.1
    torch.testing.assert_close(analytic[0, 0, 2, 3], numeric.detach(), rtol=1e-3, atol=1e-4)


def test_warp_keeps_the_precision_of_the_picture():
    assert warp(torch.rand(1, 3, 4, 4).bfloat16(), torch.zeros(1, 2, 4, 4)).dtype == torch.bfloat16


def test_an_untrained_network_finds_no_motion():
    flow = SPyNet(kernel=5, levels=4)(torch.rand(1, 3, 20, 30), torch.rand(1, 3, 20, 30))
    assert flow.shape == (1, 2, 20, 30)
    assert flow.abs().max() == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (17, 31), (32, 16)])
def test_every_size_gives_a_finite_flow_of_that_size(size):
    flow = stirred(small())(torch.rand(2, 3, *size), torch.rand(2, 3, *size))
    assert flow.shape == (2, 2, *size)
    assert flow.isfinite().all()
    assert flow.abs().sum() > 0


def test_a_pair_does_not_depend_on_the_others_of_its_batch():
    network = stirred(small())
    first, second = torch.rand(2, 3, 3, 18, 25)
    together = network(first, second)
    for index in range(3):
        alone = network(first[index : index + 1], second[index : index + 1])
        torch.testing.assert_close(together[index : index + 1], alone, atol=1e-5, rtol=1e-5)


def test_flows_grow_from_level_to_level_in_pixels_of_their_own():
    network = small()
    with torch.no_grad():
        network.stacks[0][-1].bias.copy_(torch.tensor([1.0, -0.5]))  # only the coarsest level answers
    flows = network.pyramid(torch.rand(1, 3, 16, 24), torch.rand(1, 3, 16, 24))
    assert [tuple(flow.shape[-2:]) for flow in flows] == [(4, 6), (8, 12), (16, 24)]
    assert [flow[0, :, 0, 0].tolist() for flow in flows] == [[1, -0.5], [2, -1], [4, -2]]


def test_a_size_between_two_is_padded_by_its_last_row_and_column():
    network = stirred(small())
    first, second = torch.rand(2, 1, 3, 9, 14)
    padded = [torch.nn.functional.pad(picture, (0, 2, 0, 3), mode="replicate") for picture in (first, second)]
    torch.testing.assert_close(network(first, second), network(*padded)[..., :9, :14])


def test_every_weight_learns():
    network = stirred(small())
    sum(flow.square().sum() for flow in network.pyramid(*torch.rand(2, 1, 3, 16, 16))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


@pytest.mark.parametrize("settings", [{"kernel": 4}, {"levels": 0}, {"channels": ()}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(StvsrError, match="flow network"):
        small(**settings)


def test_a_description_builds_the_same_network():
    network = small()
    assert flow_network(json.loads(json.dumps(network.describe()))).describe() == network.describe()
    with pytest.raises(StvsrError, match="family"):
        flow_network({"family": "other"})


@pytest.mark.parametrize("shift", [(0, 0), (1, -2), (-5, 3), (9, 0)])
def test_the_shipped_network_finds_a_known_shift(shift):
    x, y = shift
    scene = texture(140, 150)
    first = scene[..., 20:116, 20:116]
    second = scene[..., 20 - y : 116 - y, 20 - x : 116 - x]
    with torch.no_grad():
        flow = load_flow()(first, second)
    error = (flow[0] - torch.tensor([x, y]).reshape(2, 1, 1)).norm(dim=0)[12:-12, 12:-12]
    assert error.mean() < 0.3


def test_the_shipped_network_says_where_it_comes_from():
    config = json.loads((BUNDLED / "spynet-compact" / "config.json").read_text())
    network = load_flow("spynet-compact")
    assert config["parameters"] == sum(p.numel() for p in network.parameters())
    assert config["licence"].startswith("MIT")
    assert config["quality"]
    assert not network.training


def test_weights_that_do_not_fit_and_unknown_names_are_refused(tmp_path):
    with pytest.raises(StvsrError, match="spynet-compact"):
        load_flow("no-such-network")
    source = BUNDLED / "spynet-compact"
    config = json.loads((source / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes((source / "model.safetensors").read_bytes())
    config["model"]["kernel"] = 7
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(StvsrError, match="not the weights"):
        load_flow(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(StvsrError, match="not the weights"):
        load_flow(tmp_path)
