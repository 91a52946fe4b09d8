import json
import math
import os
import signal
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from stvsr.errors import StvsrError
from stvsr.training.loop import HOPELESS, fit
from stvsr.training.state import CURRENT, PREVIOUS, read_state
from tests.helpers import importing, program


def in_forks(task, folder):
    command = program("forks", task, folder)
    done = subprocess.run(
        command, env=importing(OMP_NUM_THREADS="1"), capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def same(first, second):
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


def comparable(folder):
    saved, _ = read_state(folder)
    saved["progress"].pop("seconds")
    saved["progress"].pop("table_bytes")
    return saved


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    folder = tmp_path_factory.mktemp("kill")
    in_forks("kill", folder)
    return folder


def test_a_run_killed_at_any_event_resumes_to_bit_exactly_the_same_end(killed, rows):
    whole, *others = sorted(killed.iterdir(), reverse=True)
    assert len(others) > 30  # every batch, and every step of writing two checkpoints
    for folder in others:
        assert same(comparable(folder), comparable(whole)), folder.name
        assert rows(folder) == rows(whole), folder.name


def test_a_run_killed_at_any_event_leaves_whole_model_folders(killed):
    for folder in killed.iterdir():
        for name in ("best", "last"):
            config = json.loads((folder / name / "config.json").read_text())
            assert config["training"]["steps"] in ((5,) if name == "last" else (4, 5))
            assert (folder / name / "model.safetensors").stat().st_size > 0
        assert not list(folder.glob("*.partial"))


def test_two_processes_give_the_loss_curve_of_one_with_twice_the_batch(tmp_path, rows):
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    in_forks("ranks", tmp_path)
    one, two = rows(tmp_path / "one"), rows(tmp_path / "two")
    assert [row["skipped"] for row in one] == [row["skipped"] for row in two] == list("000011")
    for name in ("loss", "gradient_norm", "psnr", "psnr_synthesised"):
        first = [float(row[name]) for row in one if row[name]]
        second = [float(row[name]) for row in two if row[name]]
        assert second == pytest.approx(first, rel=2e-4), name


@pytest.mark.slow
def test_torchrun_and_the_command_line_give_the_same_curve(tmp_path, rows):
    scene = "{size: [24, 24], frames: 6}"
    common = [
        "model={family: staa, scale: [2, 1], upsampler: {temporal: none, features: 8, blocks: 1, dense: 1, growth: 4}}",
        f"data.train=[{{kind: synthetic, count: 2, cache: {tmp_path}/cache, scene: {scene}}}]",
        "data.validation=[]", "data.frames=5", "data.patch=16", "steps=4", "log_every=1", "name=staa-2t1s",
    ]  # fmt: skip
    command = ["-m", "torch.distributed.run", "--nproc-per-node"]
    main = "import sys; from stvsr.cli import main; main()"
    script = tmp_path / "command.py"
    script.write_text(main)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("name: staa-2t1s\n")
    for processes, batch in ((1, 4), (2, 2)):
        run = ["--folder", str(tmp_path / str(processes)), "--device", "cpu"]
        arguments = [*command, str(processes), str(script), "train", str(recipe), *common, f"data.batch={batch}", *run]
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    one, two = ([float(row["loss"]) for row in rows(tmp_path / name)] for name in "12")
    assert len(one) == 4
    assert two == pytest.approx(one, rel=1e-4)


def test_the_loss_falls(tiny, tmp_path, rows):
    fit(tiny.recipe(steps=60, log_every=10, model={"dropout": 0.0}), tmp_path, device="cpu", parts=tiny.parts())
    losses = [float(row["loss"]) for row in rows(tmp_path)]
    assert losses[-1] < 0.8 * losses[0]


def test_a_step_that_is_not_finite_changes_nothing_and_is_counted(tiny, tmp_path, rows):
    clean = tiny.recipe(model={"dropout": 0.0}, steps=3, optimizer={"rate": 1e-2, "schedule": "constant"})
    fit(clean, tmp_path / "clean", device="cpu", parts=tiny.parts())
    longer = tiny.recipe(model={"dropout": 0.0}, steps=5, optimizer={"rate": 1e-2, "schedule": "constant"})
    fit(longer, tmp_path / "bad", device="cpu", parts=tiny.parts(bad_steps=(3, 4)))
    before, after = comparable(tmp_path / "clean"), comparable(tmp_path / "bad")
    assert after["progress"]["skipped"] == 2
    for part in ("model", "average"):
        assert same(before[part], after[part])
    assert rows(tmp_path / "bad")[-1]["loss"] == ""


def test_a_loss_that_is_never_finite_ends_the_run_with_advice(tiny, tmp_path):
    bad = tuple(range(HOPELESS))
    with pytest.raises(StvsrError, match=r"lower optimizer.rate"):
        fit(tiny.recipe(steps=1000), tmp_path, device="cpu", parts=tiny.parts(bad_steps=bad))


def test_the_largest_seed_trains(tiny, tmp_path):
    assert fit(tiny.recipe(seed=2**63 - 1, steps=1), tmp_path, device="cpu", parts=tiny.parts()).finished


def test_weights_that_are_not_finite_are_never_written(tiny, tmp_path):
    from dataclasses import replace

    models = []

    class Spoiling(tiny.Noise):
        def stream(self, first_step=0):
            for step, batch in super().stream(first_step):
                if step == 4:
                    models[0].plane.weight.data[0] = math.inf
                yield step, batch

    def build(config, name):
        models.append(tiny.Tiny(name, **config))
        return models[-1]

    spoiling = replace(tiny.parts(batches=lambda data, rank, world: Spoiling(data.batch)), build=build)
    with pytest.raises(StvsrError, match=r"not finite after step 5.*lower optimizer\.rate"):
        fit(tiny.recipe(steps=5), tmp_path, device="cpu", parts=spoiling)
    assert read_state(tmp_path)[0]["progress"]["step"] == 4
    assert json.loads((tmp_path / "last" / "config.json").read_text())["training"]["steps"] == 4
    for name in ("last", "best"):
        tensors = load_file(tmp_path / name / "model.safetensors")
        assert all(bool(value.isfinite().all()) for value in tensors.values())


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tiny, tmp_path, rows, capfd):
    fit(tiny.recipe(), tmp_path / "whole", device="cpu", parts=tiny.parts())
    fit(tiny.recipe(), tmp_path / "run", device="cpu", parts=tiny.parts())
    current = tmp_path / "run" / CURRENT
    current.write_bytes(current.read_bytes()[:-1000])
    fit(tiny.recipe(), tmp_path / "run", device="cpu", parts=tiny.parts())
    assert "damaged" in capfd.readouterr().err
    assert same(comparable(tmp_path / "run"), comparable(tmp_path / "whole"))
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_step_saves_and_says_how_to_go_on(tiny, tmp_path, rows, capfd, number):
    class Signalling(tiny.Noise):
        def stream(self, first_step=0):
            for step, batch in super().stream(first_step):
                if step == 3 and first_step == 0:
                    os.kill(os.getpid(), number)
                yield step, batch

    stopping = tiny.parts(batches=lambda data, rank, world: Signalling(data.batch))
    outcome = fit(tiny.recipe(), tmp_path / "run", device="cpu", parts=stopping)
    assert (outcome.steps, outcome.finished) == (4, False)
    assert "the same command goes on" in " ".join(capfd.readouterr().err.split())
    assert fit(tiny.recipe(), tmp_path / "run", device="cpu", parts=stopping).finished
    fit(tiny.recipe(), tmp_path / "whole", device="cpu", parts=tiny.parts())
    assert same(comparable(tmp_path / "run"), comparable(tmp_path / "whole"))
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")


def test_a_spent_budget_stops_the_run_with_a_checkpoint(tiny, tmp_path):
    outcome = fit(tiny.recipe(minutes=1e-9), tmp_path, device="cpu", parts=tiny.parts())
    assert (outcome.steps, outcome.finished) == (1, False)
    assert read_state(tmp_path)[0]["progress"]["step"] == 1


def test_fresh_moves_the_old_run_aside(tiny, tmp_path):
    run = tmp_path / "run"
    fit(tiny.recipe(), run, device="cpu", parts=tiny.parts())
    outcome = fit(tiny.recipe(steps=2), run, resume=False, device="cpu", parts=tiny.parts())
    assert outcome.steps == 2
    assert read_state(tmp_path / "run.1")[0]["progress"]["step"] == 6


def test_a_checkpoint_of_another_model_is_refused(tiny, tmp_path):
    fit(tiny.recipe(steps=1), tmp_path, device="cpu", parts=tiny.parts())

    class Wider(tiny.Tiny):
        def __init__(self, name, dropout):
            super().__init__(name, dropout)
            self.upsampler = torch.nn.Conv3d(3, 6, 5, padding=2)

    from dataclasses import replace

    other = replace(tiny.parts(), build=lambda config, name: Wider(name, **config))
    with pytest.raises(StvsrError, match="another model"):
        fit(tiny.recipe(), tmp_path, device="cpu", parts=other)
    assert read_state(tmp_path)[0]["progress"]["step"] == 1


def test_fine_tuning_starts_from_the_weights_it_names(tiny, tmp_path, rows):
    from dataclasses import replace

    source = tiny.Tiny("source", 0.0)
    loading = replace(tiny.parts(), load=lambda name: source)
    fit(
        tiny.recipe(start_from="source", steps=1, ema=0, optimizer={"rate": 1e-12}),
        tmp_path,
        parts=loading,
        device="cpu",
    )
    for name, value in read_state(tmp_path)[0]["model"].items():
        torch.testing.assert_close(value, source.state_dict()[name], atol=1e-9, rtol=0)


def test_a_run_that_goes_on_says_that_start_from_has_no_effect_and_does_not_claim_it(tiny, tmp_path, capfd):
    def run(steps, **changes):
        fit(tiny.recipe(steps=steps, **changes), tmp_path, device="cpu", parts=tiny.parts())
        return " ".join(capfd.readouterr().err.split())

    assert "no effect" not in run(1)
    for steps in (2, 3):  # the second time as the first
        said = run(steps, start_from="elsewhere")
        assert "start_from=elsewhere had no effect" in said
        assert "checkpoint: start_from" not in said
    assert json.loads((tmp_path / "last" / "config.json").read_text())["training"]["start_from"] is None


def test_the_best_model_is_that_of_the_best_validation(tiny, tmp_path, rows):
    outcome = fit(tiny.recipe(steps=9), tmp_path, device="cpu", parts=tiny.parts())
    measured = {int(row["step"]): float(row["psnr"]) for row in rows(tmp_path) if row["psnr"]}
    assert sorted(measured) == [3, 6, 9]
    assert outcome.best == pytest.approx(max(measured.values()), abs=1e-4)
    config = json.loads((tmp_path / "best" / "config.json").read_text())
    assert measured[config["training"]["steps"]] == max(measured.values())
    assert config["quality"]["validation"]["psnr"] == pytest.approx(outcome.best, abs=1e-3)


def test_the_table_logs_offsets_norms_and_rates(tiny, tmp_path, rows):
    fit(tiny.recipe(), tmp_path, device="cpu", parts=tiny.parts())
    for row in rows(tmp_path):
        assert all(math.isfinite(float(row[name])) for name in ("offset_mean", "gradient_norm", "learning_rate"))
    assert (tmp_path / PREVIOUS).exists()


STAGES = [{"until": 0.5, "batch": 1}, {"until": 1, "batch": 3, "loss": "log_mse"}]


def test_stages_change_samples_and_loss_and_a_run_stopped_in_any_goes_on_to_the_same_end(tiny, tmp_path, rows):
    recipe = tiny.recipe(steps=8, stages=STAGES, log_every=1, optimizer={"rate": 1e-2, "spike": 3})
    fit(recipe, tmp_path / "whole", device="cpu", parts=tiny.parts())
    losses = [float(row["loss"]) for row in rows(tmp_path / "whole")]
    assert all(loss > 0 for loss in losses[:4])
    assert all(loss < 0 for loss in losses[4:])
    for steps in (2, 4, 6):  # half-way through a stage, and between two
        folder = tmp_path / str(steps)
        reference = read_state(tmp_path / "whole")[0]
        stopped = interrupted_after(steps, tiny)
        fit(recipe, folder, device="cpu", parts=stopped)
        assert read_state(folder)[0]["progress"]["step"] == steps
        fit(recipe, folder, device="cpu", parts=tiny.parts())
        assert same(comparable(folder)["model"], reference["model"])


def interrupted_after(steps, tiny):
    """Parts whose batches ask the process to stop while the last of ``steps`` is taken."""

    class Stopping(tiny.Noise):
        def sized(self, frames, patch, batch):
            return Stopping(batch, self.rank, self.bad_steps)

        def stream(self, first_step=0):
            for step, batch in super().stream(first_step):
                if step == steps - 1:
                    os.kill(os.getpid(), signal.SIGTERM)
                yield step, batch

    return tiny.parts(batches=lambda data, rank, world: Stopping(data.batch, rank))


def test_a_loss_out_of_all_proportion_changes_nothing_once_the_mean_has_settled(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[fit.__module__], "SETTLING", 3)

    class Wild(tiny.Noise):
        def stream(self, first_step=0):
            for step, batch in super().stream(first_step):
                yield step, batch * 20 if step in (1, 5) else batch

    def parts():
        return tiny.parts(batches=lambda data, rank, world: Wild(data.batch, rank))

    recipe = tiny.recipe(steps=8, model={"dropout": 0.0}, optimizer={"rate": 1e-3, "spike": 3})
    fit(recipe, tmp_path, device="cpu", parts=parts())
    assert read_state(tmp_path)[0]["progress"]["skipped"] == 1  # step 1 came before the mean had settled


FACTORISED = {
    "family": "davsr", "degradation": {"time": 1, "space": 2}, "iterations": 2, "start": "trilinear",
    "compressed": True, "enhancer": {"kind": "factorised", "features": 8, "blocks": 2, "refining": 1, "ends": 2},
}  # fmt: skip


def test_losses_in_bf16_and_in_float32_agree(tiny, tmp_path, rows):
    from dataclasses import replace

    from stvsr.models import checkpoint

    parts = replace(tiny.parts(), build=checkpoint.build, save=checkpoint.save)
    for precision in ("float32", "bf16"):
        recipe = tiny.recipe(
            model=FACTORISED, steps=6, log_every=1, validation={"every": 0}, precision=precision, name="davsr",
            optimizer={"kind": "muon", "rate": 1e-3}, loss="charbonnier",
        )  # fmt: skip
        fit(recipe, tmp_path / precision, device="cpu", parts=parts)
    one, other = ([float(row["loss"]) for row in rows(tmp_path / name)] for name in ("float32", "bf16"))
    assert other == pytest.approx(one, rel=5e-3)
