import copy

import pytest
import torch
from torch import nn

from stvsr.errors import StvsrError
from stvsr.layers.factorised import trunk
from stvsr.training.muon import Muon, orthogonalised
from stvsr.training.optimisation import make_optimizer, set_rate
from stvsr.training.recipe import OptimizerRecipe

MUON = OptimizerRecipe(kind="muon", rate=1e-3, muon_rate=0.02)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.body, self.last = nn.Conv3d(3, 8, 3, padding=1), trunk(8, 2), nn.Conv3d(8, 3, 1)

    def forward(self, x):
        return self.last(self.body(self.first(x)))


def stepped(network, optimizer, steps):
    torch.manual_seed(1)
    for _ in range(steps):
        x = torch.randn(2, 3, 3, 6, 6)
        loss = (network(x) - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


@pytest.mark.parametrize("shape", [(8, 8), (8, 24), (24, 8), (64, 576)])
def test_singular_values_become_about_one_and_directions_stay(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    made = orthogonalised(matrix)
    values = torch.linalg.svdvals(made)
    assert values.max() < 1.3
    assert values.median() > 0.6
    inside = u.T @ made @ v.T  # diagonal where only the singular values have changed
    assert (inside - inside.diagonal().diag()).abs().max() < 1e-3


def test_weights_of_hidden_convolutions_are_muons_and_all_others_adams():
    network = Network()
    optimizer = make_optimizer(network, MUON)
    set_rate(optimizer, 1e-3, MUON)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert {name for name, p in network.named_parameters() if rates[id(p)] == pytest.approx(0.02)} == {
        f"body.{block}.{layer}.weight" for block in (0, 1) for layer in ("space", "time")
    }
    assert len(rates) == len(list(network.parameters()))


def test_the_rates_of_both_fall_together():
    network = Network()
    optimizer = make_optimizer(network, MUON)
    set_rate(optimizer, 1e-4, MUON)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == pytest.approx([1e-4, 2e-3])


def test_it_learns():
    network = Network()
    optimizer = make_optimizer(network, MUON)
    first = stepped(copy.deepcopy(network), make_optimizer(network, MUON), 1)
    assert stepped(network, optimizer, 60) < 0.6 * first


def test_decay_alone_shrinks_weights_by_rate_times_decay():
    weight = nn.Parameter(torch.ones(3, 3))
    optimizer = Muon([weight], lr=0.1, decay=0.5)
    weight.grad = torch.zeros(3, 3)
    optimizer.step()
    assert torch.allclose(weight, torch.full((3, 3), 0.95))


def test_a_state_that_is_saved_and_loaded_goes_on_to_the_bit():
    network = Network()
    optimizer = make_optimizer(network, MUON)
    stepped(network, optimizer, 3)
    other = Network()
    other.load_state_dict(network.state_dict())
    resumed = make_optimizer(other, MUON)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    stepped(network, optimizer, 2)
    stepped(other, resumed, 2)
    for ours, theirs in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_state_of_adam_is_refused():
    network = Network()
    with pytest.raises((KeyError, ValueError)):
        make_optimizer(network, MUON).load_state_dict(make_optimizer(network, OptimizerRecipe()).state_dict())


def test_a_network_without_hidden_convolutions_is_refused():
    with pytest.raises(StvsrError, match="use 'adam'"):
        make_optimizer(nn.Conv3d(3, 3, 1), MUON)
