"""Laws of the command line as a whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from stvsr.cli import main
from tests.helpers.commands import run, write_slope

WATCHED = (
    "import sys\nfrom stvsr.cli import main\nsys.argv = ['stvsr', *sys.argv[1:]]\n"
    "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
    "heavy = {'torch', 'lightning', 'torchmetrics', 'matplotlib', 'PIL', 'yaml'} & set(sys.modules)\n"
    "assert not heavy, heavy"
)


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["models"], ["models", "--json"], ["shrink", "--help"], ["upscale", "--help"], ["plot", "--help"]],
)
def test_what_needs_no_network_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", WATCHED, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def _output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["stvsr", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
    assert not stop.value.code
    return capsys.readouterr().out


def test_help_describes_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    text = _output(capsys, "--help")
    for name in (
        "upscale",
        "retime",
        "deblur",
        "degrade",
        "shrink",
        "expand",
        "inspect",
        "models",
        "evaluate",
        "compare",
        "plot",
        "train",
        "demo",
    ):
        line = next(line for line in text.splitlines() if line.startswith(f"│ {name} "))
        assert len(line.strip("│ ").split()) > 3


def test_help_of_shrink_says_why_ordinary_video_would_lose_the_motion(capsys: pytest.CaptureFixture[str]) -> None:
    assert "4:2:0" in _output(capsys, "shrink", "--help")


def test_models_as_json_tell_all_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    for row in json.loads(_output(capsys, "models", "--json")):
        assert set(row) == {"name", "family", "task", "scale", "domain", "parameters", "licence", "quality", "training"}
        assert row["parameters"] > 0


def test_the_usual_score_of_a_cut_is_told_without_loading_video_code() -> None:
    from stvsr.cli.parameters import USUAL_CUTS
    from stvsr.video.cuts import USUAL_THRESHOLD

    assert USUAL_CUTS == USUAL_THRESHOLD


def test_an_option_of_another_command_leads_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, option, other in (("upscale", "--fps", "retime"), ("expand", "--bitrate", "shrink")):
        code, _, err = run(monkeypatch, capsys, command, "in.mkv", "out.mkv", option, "24")
        assert (code, err.count("\n")) == (2, 1)
        assert option in err
        assert f"There is one for 'stvsr {other}'." in err


def test_helps_name_every_kind_of_device_and_the_model_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    for command, model in (
        ("upscale", "what ships for the degradation"),
        ("retime", "staa-6over5t1s-compact"),
        ("deblur", "--time and"),
    ):
        text = " ".join(_output(capsys, command, "--help").replace("│", " ").split())
        assert "cpu, cuda, cuda:1, mps or xpu" in text
        assert model in text[text.rindex("--model STR") : text.rindex("--iterations")]


def test_commands_are_shown_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    text = _output(capsys, "--help")
    places = [
        text.index(word) for word in ("Restore", "upscale", "Store", "shrink", "Look", "inspect", "Study", "train")
    ]
    assert places == sorted(places)


def test_the_package_can_be_run_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stvsr", "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout[0].isdecimal()


@pytest.mark.parametrize(("given", "expected"), [(None, "passive"), ("active", "active")])
def test_threads_do_not_spin_unless_that_is_asked_for(given: str | None, expected: str) -> None:
    environment = {name: text for name, text in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if given is not None:
        environment["OMP_WAIT_POLICY"] = given
    code = "import sys, os, stvsr; assert 'torch' not in sys.modules; print(os.environ['OMP_WAIT_POLICY'])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_name_that_the_terminal_cannot_show_does_not_end_a_batch(tmp_path: Path, encoding: str) -> None:
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
        write_slope(tmp_path / folder / "\u590f\u4f11\u307f.mkv", Fraction(25))
    done = subprocess.run(
        [sys.executable, "-m", "stvsr", "upscale", "in", "out", "--skip-existing"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u590f\\u4f11\\u307f.mkv: exists already, skipped" in done.stdout


def test_models_fit_a_terminal_of_80_columns_and_say_what_each_is_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from stvsr.models.zoo import entries

    monkeypatch.setenv("COLUMNS", "80")
    lines = _output(capsys, "models").splitlines()
    assert max(map(len, lines)) <= 80
    for entry in entries():
        (line,) = [line for line in lines if line.split()[:1] == [entry.name]]
        assert any(word in line for word in ("upscale", "shrink", "deblur", "retime")), line
    (space,) = [line for line in lines if "davsr-space-compact" in line]
    assert "cleaner" in space
