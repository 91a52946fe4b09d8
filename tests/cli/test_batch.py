"""Laws of many files: the good ones are done, the bad ones are listed, and nothing is done twice."""

import signal
import sys
from fractions import Fraction

import numpy as np
import pytest

from stvsr import cli
from stvsr.models import zoo
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.info import probe
from stvsr.video.reader import VideoReader
from stvsr.video.writer import VideoWriter
from tests.helpers.commands import TINY_DAVSR, TINY_STAA, run, write_model

RATE = Fraction(25)
TINY = ["--time", "1", "--space", "2", "--encoder", "ffv1"]

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")


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
def videos(tmp_path, monkeypatch):
    """A folder with two good videos, one of them further down, and one bad one; it becomes the current one."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    (folder / "trip").mkdir(parents=True)
    for name in ("good.mkv", "trip/other.mp4"):
        with VideoWriter(folder / name, 16, 12, RATE, encoder=LOSSLESS_RGB, metadata={"title": "Holiday"}) as writer:
            for i in range(3):
                writer.write(np.full((12, 16, 3), 40 * i, np.uint8), i / RATE)
    (folder / "bad.mp4").write_bytes(b"Dear diary,\n" * 400)
    return folder


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_of_many_files_the_good_ones_are_done_and_the_bad_ones_listed(videos, monkeypatch, capsys):
    code, out, err = run(monkeypatch, capsys, "degrade", "in", "out", *TINY)
    assert code == 2
    assert files(videos.parent / "out") == ["good.mkv", "trip/other.mp4"]
    assert (err.count("\n"), err.startswith("stvsr: in/bad.mp4")) == (1, True)
    *done, summary = out.splitlines()
    assert ["3 frames of 8x6" in line for line in done] == [True, True]
    assert summary.startswith("3 files: 2 done, 0 skipped, 1 failed; ")


def test_many_files_end_with_a_list_of_those_that_failed(videos, monkeypatch, capsys):
    for name in ("worse.avi", "worst.ts", "gone.mpg"):
        (videos / name).write_bytes((videos / "bad.mp4").read_bytes())
    code, out, err = run(monkeypatch, capsys, "degrade", "in", "out", *TINY)
    assert code == 2
    assert out.splitlines()[-1].startswith("6 files: 2 done, 0 skipped, 4 failed; ")
    told, listed = err.splitlines()[:4], err.splitlines()[4:]
    assert [line.removeprefix("stvsr: ") for line in told] == [line.removeprefix("failed: ") for line in listed]


def test_every_command_takes_several_files_and_makes_the_folder(videos, monkeypatch, capsys):
    (videos / "bad.mp4").unlink()
    for command, given in (("shrink", "in"), ("expand", "shrink"), ("degrade", "in"), ("upscale", "degrade")):
        arguments = [command, f"{given}/**/*.m*", command, *(["--encoder", "ffv1"] if command != "shrink" else [])]
        code, out, _ = run(monkeypatch, capsys, *arguments)
        assert (code, out.splitlines()[-1][:37]) == (0, "2 files: 2 done, 0 skipped, 0 failed;")
        assert files(videos.parent / command) == ["good.mkv", "trip/other.mp4"]
    for again in ("expand", "upscale"):
        with VideoReader(f"{again}/trip/other.mp4") as reader:
            assert [frame.rgb.shape for frame in reader] == [(12, 16, 3)] * 3


def test_what_exists_is_replaced_skipped_or_refused(videos, monkeypatch, capsys):
    (videos / "bad.mp4").unlink()
    existing = videos.parent / "out" / "good.mkv"
    existing.parent.mkdir()
    existing.write_text("precious")
    code, out, err = run(monkeypatch, capsys, "degrade", "in", "out", *TINY)
    refused = "out/good.mkv exists already; replace it with --overwrite, or choose another name"
    assert (code, err) == (2, f"stvsr: in/good.mkv: {refused}\n")
    assert "2 files: 1 done, 0 skipped, 1 failed" in out
    code, out, err = run(monkeypatch, capsys, "degrade", "in", "out", *TINY, "--skip-existing")
    assert (code, err) == (0, "")
    assert "out/good.mkv: exists already, skipped" in out
    assert "2 files: 0 done, 2 skipped, 0 failed" in out
    assert existing.read_text() == "precious"
    code, out, err = run(monkeypatch, capsys, "degrade", "in", "out", *TINY, "--quiet", "--overwrite")
    assert (code, out, err) == (0, "", "")
    assert probe(existing).width == 8


def test_a_single_file_fails_as_the_command(videos, monkeypatch, capsys):
    code, out, err = run(monkeypatch, capsys, "degrade", "in/bad.mp4", "out.mkv", *TINY)
    assert (code, out, err.count("\n")) == (2, "", 1)
    code, out, err = run(monkeypatch, capsys, "degrade", "in/good.mkv", "in/bad.mp4", *TINY)
    assert (code, out) == (2, "")
    assert "in/bad.mp4 exists already" in err
    code, out, err = run(monkeypatch, capsys, "degrade", "in/good.mkv", "in/bad.mp4", *TINY, "--skip-existing")
    assert (code, out, err) == (0, "in/bad.mp4: exists already, skipped\n", "")


def test_a_mistake_in_the_options_is_told_once_and_makes_no_folder(videos, monkeypatch, capsys):
    for options in (["--space", "99"], ["--container", "ogg"], ["--device", "abacus"], ["--memory", "0"]):
        code, out, err = run(monkeypatch, capsys, "degrade", videos / "good.mkv", videos / "trip", "out", *options)
        assert (code, out, err.count("\n")) == (2, "", 1)
    assert not (videos.parent / "out").exists()


@pytest.mark.parametrize("names", [("", "out.mkv"), ("in/good.mkv", ""), ("in", " "), ("in/good.mkv", "", "out")])
def test_an_empty_name_is_not_the_current_folder(videos, monkeypatch, capsys, names):
    for command in ("shrink", "expand", "degrade", "upscale", "deblur", "retime"):
        code, out, err = run(monkeypatch, capsys, command, *names)
        assert (code, out, err) == (2, "", "stvsr: '' is no name: give a file or a folder, '.' for the current one\n")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("-", "out.mkv"), "- stands for a pipe"),
        (("in/good.mkv", "-"), "- stands for a pipe"),
        (("https://example.org/a.mp4", "out.mkv"), "https://example.org/a.mp4 is an address"),
        (("in/good.mkv", "rtmp://example.org/live"), "rtmp://example.org/live is an address"),
        (("in/good.mkv", "x" * 252 + ".mkv"), "a name of 256 bytes"),
        (("x" * 252 + ".mkv", "out.mkv"), "a name of 256 bytes"),
    ],
    ids=lambda names: str(names)[:40],
)
def test_what_names_no_file_is_called_what_it_is(videos, monkeypatch, capsys, names, told):
    for command in ("shrink", "expand", "degrade", "upscale", "deblur", "retime"):
        code, out, err = run(monkeypatch, capsys, command, *names)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert told in err
    assert not (videos.parent / "out").exists()


def test_a_dry_run_tells_the_plan_of_every_file_and_writes_nothing(videos, monkeypatch, capsys):
    before = files(videos.parent)
    code, out, err = run(monkeypatch, capsys, "degrade", "in", "out/deep", "--dry-run", "--space", "2")
    assert (code, err.count("\n")) == (2, 1)
    assert out.splitlines()[0].startswith(
        "in/good.mkv -> out/deep/good.mkv: 3 frames of 16x12 become 2 frames of 8x6; 1 window, of at most 3 frames; "
    )
    assert out.splitlines()[-1].startswith("3 files: 2 planned, 0 skipped, 1 failed; about ")
    assert files(videos.parent) == before
    assert not (videos.parent / "out").exists()


def test_every_command_can_be_rehearsed(videos, monkeypatch, capsys):
    large, small, half = "3 frames of 16x12", "2 frames of 4x3", "2 frames of 8x6"
    for command, given, made in (
        ("shrink", "in/good.mkv", small),
        ("expand", "shrink.mkv", large),
        ("degrade", "in/good.mkv", half),
        ("upscale", "degrade.mkv", large),
    ):
        output = f"{command}.mkv"
        code, out, _ = run(monkeypatch, capsys, command, given, output, "--dry-run", "--quiet")
        assert (code, len(out.splitlines())) == (0, 1)
        assert f" become {made}; " in out
        assert not (videos.parent / output).exists()
        assert run(monkeypatch, capsys, command, given, output, "--quiet")[:2] == (0, "")


@pytest.mark.parametrize(
    ("sign", "code", "word"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_an_interrupted_batch_says_how_far_it_came(videos, monkeypatch, capsys, sign, code, word):
    from stvsr.cli.progress import TextProgress

    (videos / "bad.mp4").unlink()
    begun = []

    def begin(self, count):
        begun.append(self.title)
        if len(begun) == 2:
            signal.raise_signal(sign)

    monkeypatch.setattr(TextProgress, "begin", begin)
    monkeypatch.setattr(TextProgress, "step", lambda self, done: None)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells take from what runs in the background
    ended, out, err = run(monkeypatch, capsys, "degrade", "in", "out", *TINY)
    assert (ended, err) == (code, f"stvsr: {word}\n")
    assert begun == ["1/2 good.mkv", "2/2 other.mp4"]
    assert out.splitlines()[-1].startswith("2 files: 1 done, 0 skipped, 0 failed, 1 not finished; ")
    assert files(videos.parent / "out") == ["good.mkv"]


def test_a_mistake_of_the_program_with_one_file_is_told_after_the_others_are_done(videos, monkeypatch, capsys):
    from stvsr.jobs import degrade

    original = degrade.plan_degrade

    def fails(source, *arguments, **options):
        if source.name == "good.mkv":
            raise ZeroDivisionError("float division\nby zero")
        return original(source, *arguments, **options)

    monkeypatch.setattr(degrade, "plan_degrade", fails)
    monkeypatch.setattr(sys, "argv", ["stvsr", "degrade", "in", "out", *TINY])
    with pytest.raises(ZeroDivisionError):
        cli.main()
    told = capsys.readouterr()
    assert "stvsr: in/good.mkv: ZeroDivisionError: float division by zero\n" in told.err
    assert "3 files: 1 done, 0 skipped, 2 failed" in told.out
    assert files(videos.parent / "out") == ["trip/other.mp4"]


def test_tags_are_dropped_on_request(videos, monkeypatch, capsys):
    for options, kept in (([], "Holiday"), (["--no-metadata"], None)):
        assert run(monkeypatch, capsys, "degrade", "in/good.mkv", "low.mkv", *TINY, *options, "--overwrite")[0] == 0
        tags = {key.lower(): text for key, text in probe("low.mkv").metadata.items()}
        assert tags.get("title") == kept
        assert "stvsr_degrade" in tags


def test_each_kind_of_content_can_be_left_out_by_its_own_option():
    from stvsr.cli.options import CarriedOptions
    from stvsr.video.streams import KINDS

    parts = ("audio", "subtitles", "chapters", "attachments", "metadata")
    assert CarriedOptions().drop == set()
    assert [CarriedOptions(**{part: False}).drop for part in parts] == [
        {kind} for kind in ("audio", "subtitle", "chapter", "attachment", "metadata")
    ]
    assert CarriedOptions(**dict.fromkeys(parts, False)).drop == set(KINDS)
