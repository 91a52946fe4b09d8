import json
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from studies.flow.__main__ import main  # noqa: E402
from studies.flow.loop import SIZES, FlowTrainer, FlowTraining, mean_error, write_network  # noqa: E402
from studies.flow.losses import roughness, seen_in_both, supervised, unsupervised  # noqa: E402
from studies.flow.samples import FlowSamples, Known, Triples  # noqa: E402
from studies.flow.scenes import PAIRS, FlowScenes, exact_flow, scene_settings  # noqa: E402
from stvsr.data.cache import ClipCache  # noqa: E402
from stvsr.data.clips import CachedClips  # noqa: E402
from stvsr.data.layouts import Recording  # noqa: E402
from stvsr.data.synthetic.scene import Scene  # noqa: E402
from stvsr.errors import StvsrError  # noqa: E402
from stvsr.layers.optical_flow import SPyNet, load_flow, warp  # noqa: E402
from stvsr.training.interruption import Interruption  # noqa: E402

PATCH = 32


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return ClipCache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def scenes(cache):
    return FlowScenes(scene_settings(40), 2, seed=3, cache=cache, workers=1)


@pytest.fixture(scope="module")
def clips(cache):
    picture = np.random.default_rng(0).integers(0, 256, (18, 22, 3), dtype=np.uint8).repeat(2, 0).repeat(2, 1)
    moving = np.stack([np.roll(picture, index, axis=1) for index in range(8)])
    return CachedClips([Recording("clip", {"made": "for flow"}, lambda: iter(moving))], cache)


@pytest.fixture(scope="module")
def samples(scenes, clips):
    return FlowSamples(scenes, clips, PATCH, known=3, real=2, seed=1)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(SIZES, "compact", {"channels": (8, 8), "kernel": 3, "levels": 3})


def tensors(batch):
    return [*vars(batch.known).values(), *vars(batch.real).values()]


def test_paper_size_is_the_default_network():
    assert sum(p.numel() for p in SPyNet(**SIZES["paper"]).parameters()) == 1_440_300


def test_the_cached_flow_explains_the_frames(scenes):
    scene = max((scenes[k] for k in range(len(scenes))), key=lambda scene: abs(scene.fields[:, :2]).mean())
    for index, (first, second) in enumerate(PAIRS):
        one, other = (torch.from_numpy(scene.instants[k] / 255).permute(2, 0, 1)[None] for k in (first, second))
        field = torch.from_numpy(scene.fields[index].astype(np.float32))[None]
        seen = field[:, 2:] > 0.99
        along = ((warp(other, field[:, :2]) - one).abs() * seen).sum() / seen.sum()
        without = ((other - one).abs() * seen).sum() / seen.sum()
        assert along < 0.5 * without


def test_a_scene_is_rendered_once(scenes, cache, monkeypatch):
    monkeypatch.setattr(sys.modules[FlowScenes.__module__], "exact_flow", lambda scene: pytest.fail("rendered again"))
    again = FlowScenes(scenes.settings, 2, seed=3, cache=cache, workers=1)
    assert np.array_equal(again[1].fields, scenes[1].fields)


def test_a_damaged_flow_file_is_made_again(cache):
    settings = scene_settings(16)
    FlowScenes(settings, 1, seed=9, cache=cache, workers=1)
    for path in cache.folder.glob("*.flow.npy"):
        if np.load(path, mmap_mode="r").shape[-1] == 16:
            path.write_bytes(path.read_bytes()[:100])
    expected = exact_flow(Scene(settings, 9))
    assert np.array_equal(FlowScenes(settings, 1, seed=9, cache=cache, workers=1)[0].fields, expected)


def test_a_batch_depends_on_its_step_alone(samples, scenes, clips):
    again = FlowSamples(scenes, clips, PATCH, known=3, real=2, seed=1)
    again.batch(4)
    assert all(torch.equal(a, b) for a, b in zip(tensors(samples.batch(7)), tensors(again.batch(7)), strict=True))
    assert not torch.equal(samples.batch(7).known.first, samples.batch(8).known.first)
    stream = again.stream(7)
    assert torch.equal(next(stream).known.first, samples.batch(7).known.first)
    stream.close()


def test_augmented_flow_still_explains_its_pair(samples):
    """Flips, turns and scalings move the flow with the pictures; light and noise keep it from being exact."""
    better = []
    for step in range(8):
        known = samples.batch(step).known
        for k in range(3):
            one, other, flow = (part[k : k + 1] for part in (known.first, known.second, known.flow))
            along = ((warp(other, flow) - one).abs() * known.visible[k : k + 1]).sum()
            better.append(float(along / ((other - one).abs() * known.visible[k : k + 1]).sum().clamp_min(1e-6)))
    assert np.median(better) < 0.7


def test_real_samples_lie_in_order(samples):
    real = samples.batch(0).real
    assert real.clean.shape == (3, 2, 3, PATCH, PATCH)
    assert bool(((real.part >= 0) & (real.part < 1)).all())
    assert float(real.first.min()) >= 0
    assert float(real.first.max()) <= 1


def test_patches_larger_than_the_material_are_refused(scenes, clips):
    with pytest.raises(StvsrError, match="smaller than the patch"):
        FlowSamples(scenes, None, 64)
    with pytest.raises(StvsrError, match="no clip"):
        FlowSamples(scenes, clips, 40)


def shifted_triple(shift=4):
    """Three frames of one texture that moves to the right by ``shift / 2`` from each to the next."""
    random = torch.Generator().manual_seed(0)
    wide = torch.nn.functional.interpolate(torch.rand(1, 3, 20, 24, generator=random), scale_factor=2, mode="bicubic")
    frames = torch.stack([wide[..., 8 - k : 40 - k] for k in (0, shift // 2, shift)]).clamp(0, 1)
    return Triples(frames[0], frames[2], frames, torch.full((1, 1, 1, 1), 0.5))


def constant(x, y=0.0, size=(40, 32)):
    return torch.tensor([x, y]).reshape(1, 2, 1, 1).expand(1, 2, *size).contiguous()


def test_the_true_flow_of_real_frames_costs_least():
    real = shifted_triple()
    cost = {x: float(unsupervised(constant(x), constant(-x), real)) for x in (0.0, 2.0, 3.0, 4.0, 5.0, 6.0)}
    assert min(cost, key=cost.get) == 4.0


def test_the_true_flow_of_scenes_costs_least():
    truth = constant(2.0, -1.0, (16, 16))
    known = Known(truth, truth, truth, torch.ones(1, 1, 16, 16))
    exact = [torch.nn.functional.avg_pool2d(truth, 2) / 2, truth]
    assert supervised(exact, known) < 0.1
    assert supervised([exact[0], truth + 1], known) > supervised(exact, known) + 1


def test_hidden_places_are_known_by_flows_that_disagree():
    there, back = constant(3.0), constant(-3.0)
    back[..., 10:20] = 3.0
    seen = seen_in_both(there, back)
    assert seen[..., :7].all()
    assert not seen[..., 8:16].any()
    assert not seen[..., -3:].any(), "these leave the picture"


def test_a_jump_at_an_edge_costs_less_than_elsewhere():
    flow = torch.zeros(1, 2, 8, 8)
    flow[..., 4:] = 1
    edge = torch.zeros(1, 3, 8, 8)
    edge[..., 4:] = 1
    assert roughness(flow, edge) < 0.5 * roughness(flow, torch.zeros(1, 3, 8, 8))


def test_training_lowers_the_loss(samples, tmp_path):
    trainer = FlowTrainer(FlowTraining(steps=100, rate=3e-3, alike=0.2), tmp_path)
    batch = max((samples.batch(step) for step in range(4)), key=lambda batch: float(batch.known.flow.abs().mean()))
    untrained, before = mean_error(trainer.network, batch.known), float(trainer.loss(batch).detach())
    for step in range(60):
        trainer.learn(batch, step / 100)
    assert float(trainer.loss(batch).detach()) < 0.8 * before
    assert mean_error(trainer.network, batch.known) < 0.9 * untrained


def test_a_resumed_training_is_the_same_as_an_uninterrupted_one(samples, tmp_path, monkeypatch):
    training = FlowTraining(steps=6)
    whole = FlowTrainer(training, tmp_path / "whole")
    whole.run(samples)
    halves = FlowTrainer(training, tmp_path / "halves")
    with monkeypatch.context() as patch:
        patch.setattr(Interruption, "due", lambda self: halves.step == 3)
        halves.run(samples)
    assert halves.step == 3
    resumed = FlowTrainer(training, tmp_path / "halves", resume=True)
    resumed.run(samples)
    assert resumed.step == 6
    for one, other in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_gradient_that_is_not_finite_changes_nothing(samples, tmp_path):
    trainer = FlowTrainer(FlowTraining(steps=5), tmp_path)
    before = [p.clone() for p in trainer.network.parameters()]
    batch = samples.batch(0)
    batch.known.flow[0, 0, 0, 0] = float("nan")
    trainer.learn(batch, 0)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.network.parameters(), strict=True))


def test_time_or_steps_end_a_training():
    assert FlowTraining(minutes=2).share(10_000, 60) == 0.5
    assert FlowTraining(steps=8, minutes=2).share(6, 60) == 0.75
    assert FlowTraining(steps=8).share(9, 0) == 1
    with pytest.raises(StvsrError, match="minutes or of steps"):
        FlowTraining()
    with pytest.raises(StvsrError, match="size"):
        FlowTraining("huge", steps=1)


def test_a_written_network_loads_again(tmp_path):
    network = SPyNet(**SIZES["compact"])
    torch.nn.init.normal_(network.stacks[0][-1].weight)
    write_network(network, tmp_path, "mine", {"licence": "MIT"})
    pair = torch.rand(2, 1, 3, 16, 16)
    assert torch.equal(load_flow(tmp_path)(*pair), network(*pair))
    assert json.loads((tmp_path / "config.json").read_text())["name"] == "mine"


def test_the_command_trains_and_refuses_to_begin_twice(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("STVSR_DATA", raising=False)
    monkeypatch.setattr(sys.modules["studies.flow.__main__"], "scene_settings", lambda stills: scene_settings(32))
    arguments = [str(tmp_path / "run"), "--steps", "2", "--scenes", "1", "--held-out", "1", "--patch", "16"]
    arguments += ["--batch", "2", "--cache", str(tmp_path / "cache")]
    assert main(arguments) == 0
    assert "held-out end-point error" in capsys.readouterr().out
    config = json.loads((tmp_path / "run" / "model" / "config.json").read_text())
    assert config["licence"] == "MIT"
    assert config["training"]["steps"] == 2
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main([*arguments, "--resume"]) == 0
