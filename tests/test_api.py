"""Laws of the Python API: what the commands do, by the same names, arguments and defaults."""

from __future__ import annotations

import inspect
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import get_type_hints

import pytest

import stvsr
from stvsr.jobs.options import JobOptions, OptionSettings
from stvsr.models import zoo
from tests.helpers import importing
from tests.helpers.commands import TINY_DAVSR, TINY_STAA, run, times, write_model, write_slope

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")
VERBS = ("upscale", "deblur", "retime", "degrade", "shrink", "expand")


@pytest.fixture(scope="module", autouse=True)
def small_models(tmp_path_factory):
    """Two bundled models with next to no layers, one of each family."""
    folder = tmp_path_factory.mktemp("weights")
    write_model(TINY_DAVSR, folder / "davsr-compact")
    write_model(TINY_STAA, folder / "staa-2t4s-compact")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zoo, "WEIGHTS", folder)
        yield


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Five frames of 31x37."""
    return write_slope(tmp_path / "in.mkv", Fraction(25))


def test_importing_the_package_imports_nothing_heavy_and_every_name_is_there() -> None:
    program = (
        "import sys, stvsr\n"
        "assert not {'torch', 'av', 'numpy', 'cyclopts', 'rich'} & set(sys.modules), sorted(sys.modules)\n"
        "for name in stvsr.__all__:\n"
        "    assert getattr(stvsr, name) is not None\n"
        "assert set(stvsr.__all__) <= set(dir(stvsr))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=importing())
    assert not done.returncode, done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_takes_what_its_plan_takes_and_says_so(verb: str) -> None:
    plan, at_once = getattr(stvsr, f"plan_{verb}"), getattr(stvsr, verb)
    assert inspect.signature(at_once).parameters == inspect.signature(plan).parameters
    assert at_once.__name__ == verb
    assert "Raises:" in at_once.__doc__


def test_the_options_of_a_job_can_all_be_given_as_keywords() -> None:
    assert set(OptionSettings.__annotations__) == set(get_type_hints(JobOptions))


def test_a_function_makes_the_file_that_its_command_makes(video, tmp_path, monkeypatch, capsys) -> None:
    for verb, given in (("degrade", {"time": 3, "noise": 2}), ("shrink", {"time": 2}), ("upscale", {"space": 1})):
        options = [word for name, value in given.items() for word in (f"--{name}", value)]
        assert run(monkeypatch, capsys, verb, video, tmp_path / f"{verb}-typed.mkv", *options)[0] == 0
        outcome = getattr(stvsr, verb)(video, tmp_path / f"{verb}.mkv", **given)
        assert outcome.path.read_bytes() == (tmp_path / f"{verb}-typed.mkv").read_bytes()
    assert stvsr.expand(tmp_path / "shrink.mkv", tmp_path / "expand.mkv").frames == 5
    assert times(tmp_path / "expand.mkv") == times(video)
    assert stvsr.retime(str(video), str(tmp_path / "r.mkv"), fps=50, model="davsr-compact", space=2).width == 62
    assert stvsr.deblur(video, tmp_path / "d.mkv", model=stvsr.load("davsr-compact"), time=2).frames == 10


def test_a_job_tells_what_it_will_do_and_writes_nothing_before_it_runs(video, tmp_path) -> None:
    job = stvsr.plan_upscale(video, tmp_path / "out.mkv", time=2, space=2)
    preview = job.preview()
    assert (preview.before, preview.after) == ((5, 37, 31), (10, 74, 62))
    assert str(preview).startswith("5 frames of 31x37 become 10 frames of 62x74; 1 window")
    assert list(tmp_path.iterdir()) == [video]
    assert job.run().frames == len(job.target.pts) == 10


def test_what_exists_is_replaced_only_if_that_is_asked_for(video, tmp_path) -> None:
    output = tmp_path / "out.mkv"
    job = stvsr.plan_upscale(video, output, space=1)
    output.write_text("precious")
    for refused in (job.run, lambda: stvsr.upscale(video, output), lambda: stvsr.plan_shrink(video, output)):
        with pytest.raises(stvsr.StvsrError, match=r"out\.mkv exists already; replace it with `overwrite`, or choose"):
            refused()
    assert output.read_text() == "precious"
    assert stvsr.upscale(video, output, overwrite=True).frames == 10
    assert stvsr.upscale(video, output, options=stvsr.JobOptions(overwrite=True, encoder="ffv1")).path == output


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"model": "davsr-compat"}, "no model 'davsr-compat': did you mean 'davsr-compact'?"),
        ({"model": "staa-2t4s-compact"}, "made to rescale, and is given no degradation"),
        ({"time": 2.5}, "time 2.5 is impossible"),
        ({"exposure": "long"}, "exposure 'long' is impossible: give a number"),
        ({"blur": "much"}, "blur 'much' is unknown"),
        ({"cuts": 0}, "`cuts` 0 is impossible"),
        ({"interlaced": "guess"}, "`interlaced` 'guess': use"),
        ({"drop": ["sound"]}, "give some of audio"),
        ({"memory": "much"}, "`memory` much: give"),
        ({"memory": -1}, "`memory` -1: give a positive number of bytes"),
        ({"encoder": "magic"}, "choose one of h264"),
        ({"quality": 99}, "is not between 0 (best) and"),
        ({"device": "abacus"}, "`device` abacus: PyTorch finds no such device"),
        ({"iterations": 0}, "`iterations` 0 is impossible"),
    ],
    ids=str,
)
def test_wrong_input_is_one_clear_error_at_once(video, tmp_path, given, told) -> None:
    with pytest.raises(stvsr.StvsrError) as raised:
        stvsr.upscale(video, tmp_path / "out.mkv", **given)
    assert told in str(raised.value)
    assert "--" not in str(raised.value)
    assert list(tmp_path.iterdir()) == [video]


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_option_is_a_type_error_that_names_those_there_are(video, tmp_path, verb) -> None:
    with pytest.raises(TypeError, match=r"there is no option 'sharpness'; there are .*overwrite"):
        getattr(stvsr, verb)(video, tmp_path / "out.mkv", sharpness=2)


def test_a_missing_source_or_folder_is_one_line(tmp_path, video) -> None:
    for source, output, told in (
        (tmp_path / "no.mkv", tmp_path / "o.mkv", "no.mkv"),
        (video, tmp_path / "nowhere" / "o.mkv", "does not exist; create it first"),
    ):
        with pytest.raises(stvsr.StvsrError, match=told) as raised:
            stvsr.upscale(source, output)
        assert "\n" not in str(raised.value)


def test_the_bundled_models_are_listed_by_name() -> None:
    assert stvsr.list_models() == ["davsr-compact", "staa-2t4s-compact"]
