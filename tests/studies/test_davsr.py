import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from studies import davsr as studies
from studies.davsr import EXPOSURES, STUDIES, TASKS, WIDTHS, main
from studies.page import markdown
from stvsr.evaluation.documents import read
from stvsr.evaluation.methods.ablation import Ablated, Parts, reduced, stages
from stvsr.figures.picture import strip
from stvsr.models.checkpoint import save
from stvsr.models.davsr.config import DAVSRConfig
from stvsr.models.davsr.model import DAVSR, REFINEMENTS
from stvsr.physics.degradation import Degradation
from stvsr.physics.interpolation import trilinear

SETTING = Degradation(time=2, space=2, exposure=0.7)


def tiny(iterations=2):
    torch.manual_seed(0)
    flow = {"channels": [4, 4], "kernel": 3, "levels": 2}
    enhancer = {"kind": "convolutional", "features": 8, "blocks": 1, "layers": 2, "growth": 4}
    settings = {"iterations": iterations, "motion": flow, "enhancer": enhancer, "hidden": 8}
    model = DAVSR(DAVSRConfig.from_dict(settings), "davsr-tiny").eval()
    for last in model.enhancer.last:
        nn.init.normal_(last.weight, std=0.02)
    return model


@pytest.fixture
def low():
    return torch.rand(1, 3, 3, 9, 8, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_without_the_enhancement_only_data_steps_are_left(low):
    bound = tiny().bind(SETTING)
    operator = SETTING.operator()
    trace = bound.model.trace(low, operator, iterations=2)
    for start, first in (("own", trace.start), ("trilinear", trilinear(low, SETTING.scale, operator.kernel.centroid))):
        wanted = first
        for alpha in trace.alphas:
            wanted = operator.data_step(low, wanted, alpha, refinements=REFINEMENTS)
        made = Ablated(bound, Parts(enhancement=False, start=start), "x").upsample(low)
        assert torch.allclose(made, wanted.clamp(0, 1), atol=1e-5)


@torch.inference_mode()
def test_without_the_data_step_only_enhancements_are_left(low):
    bound = tiny(iterations=1).bind(SETTING)
    seen = {}
    hook = bound.model.enhancer.register_forward_hook(lambda _, given, made: seen.update(z=given[0], x=made))
    made = Ablated(bound, Parts(data_step=False), "x").upsample(low)
    hook.remove()
    start = bound.model.trace(low, SETTING.operator(), iterations=1).start
    assert torch.allclose(seen["z"], start, atol=1e-6)
    assert torch.equal(made, seen["x"].clamp(0, 1))


@torch.inference_mode()
def test_nothing_but_the_start_is_left_without_both(low):
    bound = tiny().bind(SETTING)
    made = Ablated(bound, Parts(data_step=False, enhancement=False), "x").upsample(low)
    assert torch.allclose(made, stages(bound, low)["X0"], atol=1e-6)


@torch.inference_mode()
def test_a_model_is_whole_again_after_a_study(low):
    bound = tiny().bind(SETTING)
    before = bound.upsample(low)
    with reduced(bound.model, Parts(data_step=False, enhancement=False, start="trilinear")):
        assert not torch.equal(bound.upsample(low), before)
    assert torch.equal(bound.upsample(low), before)
    assert torch.equal(Ablated(bound, Parts(), "x").upsample(low), before)


def test_stages_are_those_of_the_trace_and_end_with_the_result(low):
    bound = tiny().bind(SETTING)
    made = stages(bound, low)
    assert list(made) == ["X0", "Z1", "X1", "Z2", "X2"]
    with torch.inference_mode():
        assert torch.equal(made["X2"], bound.upsample(low))


@pytest.fixture
def job(tmp_path):
    save(tiny(), tmp_path / "model")
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for i in range(6):
            pixels = random.integers(0, 256, (16, 20, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")
    return [str(tmp_path / "data"), str(tmp_path / "out.json"), "--model", str(tmp_path / "model"), "--no-ssim"]


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_writes_a_table_with_all_it_promises(name, job, tmp_path, monkeypatch):
    few = {label: TASKS[label] for label in list(TASKS)[-4:]}
    monkeypatch.setattr(studies, "TASKS", few)
    assert main([name, *job, *(["--picture", str(tmp_path / "p.png")] if name == "iterations" else [])]) == 0
    document = read(tmp_path / "out.json")
    assert str(tmp_path) not in (tmp_path / "out.json").read_text()
    assert "NaN" not in (tmp_path / "out.json").read_text()
    labels = [one.label for one in document.measurements]
    rows = [[row.method for row in one.rows] for one in document.measurements]
    page = markdown([document])
    assert STUDIES[name].title in page
    assert document.provenance.command.startswith(f"python -m studies.davsr {name} data out.json --model davsr-tiny")
    assert document.measurements[0].rows[-1].clips["a"].curves["psnr_rgb"]
    if name == "ablation":
        assert rows[0][-2:] == ["without data step", "whole"]
    if name == "iterations":
        assert rows[0][:6] == [f"K = {k}" for k in range(1, 7)]
        assert rows[0][6:] == [f"K = 2: {stage}" for stage in ("X0", "Z1", "X1", "Z2", "X2")]
        means = {row.method: row.value("all") for row in document.measurements[0].rows}
        assert means["K = 2: X2"] == pytest.approx(means["K = 2"], abs=0.02)  # whole clips against windows
        with Image.open(tmp_path / "p.png") as picture:
            assert picture.width > picture.height
    if name == "mismatch":
        assert [len(one) for one in rows] == [len(EXPOSURES) + 1, len(WIDTHS) + 1]
        assert "| +50 % | – |" in page
    if name == "tasks":
        assert labels == list(few)
        assert all(one[-1] == "davsr-tiny" for one in rows)
        assert f"| {labels[0]} |" in page


def test_mistakes_are_one_line(job, tmp_path, capsys):
    assert main(["tasks", str(tmp_path / "missing"), *job[1:]]) == 2
    assert main(["tasks", *job[:3], "staa-2t1s-compact"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "no model of the family davsr" in lines[1]
    assert not (tmp_path / "out.json").exists()


def test_a_strip_shows_crops_under_captions():
    crops = np.random.default_rng(0).integers(0, 256, (3, 5, 7, 3), np.uint8)
    picture = np.asarray(strip([[("a", crops[0]), ("b", crops[1])], [("c", crops[2])]], zoom=2))
    assert np.array_equal(picture[28:38:2, 6:20:2], crops[0])
    assert np.array_equal(picture[28:38:2, 26:40:2], crops[1])
    assert np.array_equal(picture[66:76:2, 6:20:2], crops[2])
