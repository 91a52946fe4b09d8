import subprocess
import sys
from dataclasses import asdict, replace

import pytest
import torch
from torch import nn

from stvsr.errors import StvsrError
from stvsr.models.davsr.recurrent import RecurrentEnhancement
from stvsr.models.davsr.recurrent_config import COMPACT, FlowConfig, RecurrentConfig

TINY = RecurrentConfig(
    features=8,
    stem_blocks=1,
    branch_blocks=1,
    reconstruction_blocks=1,
    groups=4,
    branches=("backward", "forward"),
    flow=FlowConfig((4, 6), kernel=3, levels=2),
)
BETA = torch.full((1, 1, 1, 1, 1), 0.1)


def awake(config=TINY, seed=0):
    """A network whose convolutions that start at zero have been moved off it, all by enough to be seen."""
    torch.manual_seed(seed)
    network = RecurrentEnhancement(config)
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    return network


def clip(frames=3, height=13, width=18, batch=1, seed=1):
    return torch.rand(batch, 3, frames, height, width, generator=torch.Generator().manual_seed(seed))


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_parameter_counts_of_the_paper_size_parts():
    with torch.device("meta"):
        network = RecurrentEnhancement(RecurrentConfig(noise_map=False))
        assert parameters(network.flow) == 1_440_300
        assert parameters(network.stem) == 444_928
        assert parameters(network.branches) == 4_623_808
        assert parameters(network.reconstruct) == 553_664
        assert parameters(network.enlarge) == 334_083
        assert parameters(network) == 7_396_783
        assert parameters(RecurrentEnhancement()) == 7_396_783 + 576
        assert parameters(RecurrentEnhancement(COMPACT)) < 700_000


@pytest.mark.parametrize("size", [(1, 1, 1), (2, 5, 7), (3, 13, 18)])
def test_a_fresh_network_returns_its_input(size):
    z = clip(*size)
    assert torch.equal(RecurrentEnhancement(TINY)(z, BETA), z)


@pytest.mark.parametrize("frames", [1, 12])
def test_a_fresh_network_hands_the_picture_on_to_its_last_convolution_at_its_own_size(frames):
    torch.manual_seed(0)
    network, seen = RecurrentEnhancement(COMPACT), []
    network.enlarge[-1].register_forward_pre_hook(lambda _, args: seen.append(args[0].std(dim=(2, 3)).mean()))
    with torch.inference_mode():
        network(clip(frames, 32, 32), BETA)
    assert all(0.3 * clip().std() < spread < 3 * clip().std() for spread in seen)


@pytest.mark.parametrize("size", [(1, 9, 4), (2, 1, 1), (3, 13, 18)])
def test_any_size_comes_out_as_it_went_in_and_training_computes_what_inference_does(size):
    network, z = awake(), clip(*size, batch=2)
    trained = network(z, BETA)
    with torch.inference_mode():
        inferred = network(z, BETA)
    assert trained.shape == z.shape
    assert (trained - z).abs().mean() > 1e-3
    torch.testing.assert_close(inferred, trained.detach(), atol=1e-5, rtol=1e-5)


def test_sizes_are_filled_up_to_multiples_of_four_by_repeating_the_border():
    network, z = awake(), clip(2, 6, 11)
    filled = nn.functional.pad(z, (0, 1, 0, 2, 0, 0), mode="replicate")
    torch.testing.assert_close(network(z, BETA), network(filled, BETA)[..., :6, :11])


def test_gradients_reach_every_weight():
    network = awake()
    network(clip(4, 16, 16), BETA).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_reversed_clip_through_reversed_branches_comes_out_reversed():
    one, other = awake(), awake(replace(TINY, branches=("forward", "backward")))
    z = clip(4)
    torch.testing.assert_close(other(z.flip(2), BETA), one(z, BETA).flip(2), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("direction", "changed", "same"), [("forward", 3, [0, 1, 2]), ("backward", 1, [2, 3, 4])])
def test_one_branch_hears_only_of_the_frames_it_has_passed(direction, changed, same):
    network, z = awake(replace(TINY, branches=(direction,))), clip(5)
    before = network(z, BETA)
    z = z.clone()
    z[:, :, changed] = 1 - z[:, :, changed]
    differs = (network(z, BETA) - before).abs().amax(dim=(0, 1, 3, 4)) > 1e-7
    assert differs.tolist() == [frame not in same for frame in range(5)]


def test_alignment_is_given_the_flow_to_the_last_frame_and_the_sum_of_two_flows():
    network = awake(replace(TINY, branches=("backward",)))
    network.flow = Constant(1.0, -0.5)
    given = []
    network.branches[0].align.register_forward_pre_hook(lambda _, args: given.append(args))
    network(clip(4, 16, 20), BETA)
    assert len(given) == 3
    one = torch.tensor([1.0, -0.5]).reshape(1, 2, 1, 1).expand(1, 2, 4, 5)
    for step, (past, flows, _) in enumerate(given):
        torch.testing.assert_close(flows[0], one)
        torch.testing.assert_close(flows[1], 2 * one if step else 0 * one)
        assert past[1].any() == (step > 0)
    assert torch.equal(given[2][0][1], given[1][0][0])


class Constant(nn.Module):
    def __init__(self, right, down):
        super().__init__()
        self.flow = torch.tensor([right, down]).reshape(1, 2, 1, 1)

    def forward(self, first, second):
        return self.flow.expand(len(first), 2, *first.shape[-2:])


def test_flow_is_taken_from_each_frame_to_the_one_passed_before_at_a_quarter_of_the_size():
    network, z = awake(replace(TINY, branches=("forward", "backward"))), clip(3, 8, 12)
    small = [nn.functional.avg_pool2d(frame, 4) for frame in z.unbind(2)]
    asked = []
    network.flow.register_forward_pre_hook(lambda _, args: asked.append(args))
    with torch.inference_mode():
        network(z, BETA)
    for (first, second), (here, there) in zip(asked, [(1, 2), (0, 1), (1, 0), (2, 1)], strict=True):
        torch.testing.assert_close(first, small[here])
        torch.testing.assert_close(second, small[there])


def test_the_noise_level_matters_only_with_a_noise_map():
    z, levels = clip(batch=2), torch.tensor([0.1, 0.4]).reshape(2, 1, 1, 1, 1)
    network = awake()
    told = network(z, levels)
    for item in range(2):
        torch.testing.assert_close(told[item : item + 1], network(z[item : item + 1], levels[item : item + 1]))
    assert not torch.allclose(told[0], network(z, BETA + 0.5)[0], atol=1e-4)
    torch.testing.assert_close(told[:1], network(z, levels[:1])[:1])
    deaf = awake(replace(TINY, noise_map=False))
    assert torch.equal(deaf(z, levels), deaf(z, 2 * levels))


def test_offset_statistics_are_those_of_the_last_pass_and_bounded():
    network = awake(replace(TINY, max_residue=0.5))
    network(clip(3), BETA)
    statistics = network.offset_statistics()
    assert 0 < statistics["mean"] < statistics["max"] <= 0.5
    network(clip(1), BETA)
    assert network.offset_statistics() == {}


def test_autocast_keeps_the_flow_in_float32_and_the_result_close():
    network, z = awake(), clip(3, 16, 20)
    exact = network(z, BETA)
    inside, flows = [], []
    network.flow.stacks[0].register_forward_hook(lambda _, __, output: inside.append(output.dtype))
    network.branches[0].align.register_forward_pre_hook(lambda _, args: flows.extend(args[1]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = network(z, BETA)
        rough.square().mean().backward()
    assert {*inside, *(flow.dtype for flow in flows), rough.dtype} == {torch.float32}
    assert (rough - exact).norm() < 0.03 * (exact - z).norm()


def test_the_compact_setting_is_the_same_design():
    network = RecurrentEnhancement(COMPACT).eval()
    nn.init.normal_(network.enlarge[-1].weight, std=0.1)
    z = clip(2, 17, 22)
    with torch.inference_mode():
        x = network(z, BETA)
    assert x.shape == z.shape
    assert x.isfinite().all()
    assert (x - z).abs().mean() > 1e-4


def test_memory_and_context_grow_with_the_network():
    small, large = RecurrentEnhancement(TINY), RecurrentEnhancement(replace(TINY, features=16, branch_blocks=3))
    assert small.bytes_per_high_pixel < large.bytes_per_high_pixel
    assert small.reach(4, 1)[1] < large.reach(4, 1)[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"features": 0}, "enhancer.features is 0"),
        ({"branch_blocks": 2.5}, "enhancer.branch_blocks is 2.5"),
        ({"groups": 3}, "twice a divisor of enhancer.features, 64"),
        ({"groups": 48}, "twice a divisor"),
        ({"branches": ("sideways",)}, "enhancer.branches"),
        ({"branches": "forward"}, "enhancer.branches"),
        ({"branches": ()}, "enhancer.branches"),
        ({"max_residue": 0}, "enhancer.max_residue"),
        ({"max_residue": float("nan")}, "enhancer.max_residue"),
        ({"noise_map": 1}, "enhancer.noise_map"),
        ({"flow": {"kernels": 3}}, "enhancer.flow has no setting 'kernels'"),
        ({"flow": {"kernel": 4}}, "flow.kernel is 4"),
        ({"flow": {"channels": [32, "a"]}}, "flow.channels"),
        ({"flow": {"levels": 0}}, "flow.levels is 0"),
        ({"flow": 7}, "enhancer.flow is 7"),
    ],
)
def test_impossible_settings_are_refused_by_name(settings, message):
    with pytest.raises(StvsrError, match=message):
        RecurrentConfig(**settings)


def test_a_configuration_can_be_made_of_what_asdict_and_json_make_of_it():
    settings = asdict(COMPACT)
    settings["branches"], settings["flow"]["channels"] = list(settings["branches"]), list(settings["flow"]["channels"])
    assert RecurrentConfig(**settings) == COMPACT


def test_the_configuration_needs_no_torch():
    code = "import sys, stvsr.models.davsr.recurrent_config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
