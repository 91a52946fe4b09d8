import pytest
import torch

from stvsr.evaluation.methods.front import Front, fronts
from stvsr.evaluation.methods.interpolation import baseline
from stvsr.models.davsr.config import DAVSRConfig
from stvsr.models.davsr.model import DAVSR
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale


@pytest.fixture
def bound():
    torch.manual_seed(0)
    flow = {"channels": [4], "kernel": 3, "levels": 1}
    enhancer = {"kind": "convolutional", "features": 4, "blocks": 1, "layers": 2, "growth": 4}
    settings = {"degradation": {"time": 2, "space": 2}, "iterations": 2, "hidden": 4}
    model = DAVSR(DAVSRConfig.from_dict({**settings, "motion": flow, "enhancer": enhancer}), "davsr-tiny")
    return model.eval().bind(Degradation(time=2, space=2, noise=2))


@torch.inference_mode()
def test_a_front_is_the_first_data_step_and_leaves_the_model_as_it_was(bound):
    low = torch.rand(1, 3, 3, 8, 10)
    before = bound.upsample(low)
    trace = bound.model.trace(low, bound.operator, noise=2, iterations=2)
    assert torch.equal(Front(bound).upsample(low), trace.data[0].clamp(0, 1))
    assert torch.equal(bound.upsample(low), before)


def test_the_enhancement_network_does_not_run_in_it(bound, monkeypatch):
    monkeypatch.setattr(bound.model.enhancer, "forward", lambda *_: pytest.fail("ran"))
    Front(bound).upsample(torch.rand(1, 3, 3, 8, 10))
    with pytest.raises(pytest.fail.Exception):
        bound.upsample(torch.rand(1, 3, 3, 8, 10))


def test_every_davsr_model_has_one_and_nothing_else_has(bound):
    (front,) = fronts([baseline(Scale.of(2, 2)), bound])
    assert front.name == "davsr-tiny, flow and data step alone"
    assert front.scale == bound.scale
