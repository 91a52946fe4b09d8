import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from stvsr.models import zoo
from stvsr.video.info import probe
from stvsr.video.reader import VideoReader
from tests.helpers.commands import TINY_DAVSR, TINY_STAA, run, times, write_model, write_slope

NAME, OTHER = "davsr-compact", "staa-2t4s-compact"
RATE = Fraction(25)

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Two bundled models with next to no layers, one of each family."""
    folder = tmp_path_factory.mktemp("weights")
    write_model(TINY_DAVSR, folder / NAME)
    write_model(TINY_STAA, folder / OTHER)
    return folder


@pytest.fixture(autouse=True)
def small_models(weights, monkeypatch):
    monkeypatch.setattr(zoo, "WEIGHTS", weights)


@pytest.fixture
def video(tmp_path):
    return write_slope(tmp_path / "in.mkv", RATE)


def test_any_video_becomes_twice_as_large_and_fast_by_default(video, tmp_path, monkeypatch, capsys):
    code, out, err = run(monkeypatch, capsys, "upscale", video, tmp_path / "out.mp4")
    assert (code, err) == (0, "")
    assert "out.mp4: 10 frames of 62x74 at 50 fps" in out
    assert len(out.splitlines()) == 1
    assert times(tmp_path / "out.mp4") == [i / (2 * RATE) for i in range(10)]


def test_an_axis_can_be_switched_off(video, tmp_path, monkeypatch, capsys):
    for options, told in (
        (["--time", "1", "--space", "3"], "5 frames of 93x111 at 25 fps"),
        (["--time", "3", "--space", "1", "--exposure", "0.8"], "15 frames of 31x37 at 75 fps"),
        (["--time", "1", "--space", "1", "--blur", "gaussian:1", "--iterations", "1"], "5 frames of 31x37 at 25 fps"),
        (["--time", "1", "--space", "1", "--noise", "5"], "5 frames of 31x37 at 25 fps"),
    ):
        code, out, err = run(
            monkeypatch, capsys, "upscale", video, tmp_path / "out.mkv", *options, "--overwrite", "--encoder", "ffv1"
        )
        assert (code, err) == (0, "")
        assert told in out


def test_more_iterations_than_were_trained_are_told_of(video, tmp_path, monkeypatch, capsys):
    options = ["--time", "1", "--space", "1", "--blur", "gaussian:1", "--iterations", "3"]
    code, out, err = run(
        monkeypatch, capsys, "upscale", video, tmp_path / "out.mkv", *options, "--overwrite", "--encoder", "ffv1"
    )
    assert code == 0
    assert "5 frames of 31x37" in out
    assert err.count("\n") == 1
    assert "was trained for 1 iteration: more take longer" in err


def test_a_video_goes_down_and_comes_back_without_a_single_option(video, tmp_path, monkeypatch, capsys):
    options = ["--time", "3", "--space", "2", "--exposure", "0.7", "--noise", "2", "--encoder", "ffv1"]
    code, out, err = run(monkeypatch, capsys, "degrade", video, tmp_path / "low.mkv", *options)
    assert (code, err) == (0, "")
    assert "low.mkv: 2 frames of 16x19 at 8.333 fps" in out
    code, out, err = run(
        monkeypatch, capsys, "upscale", tmp_path / "low.mkv", tmp_path / "high.mkv", "--encoder", "ffv1"
    )
    assert code == 0
    assert "high.mkv: 5 frames of 31x37 at 25 fps" in out
    assert err.count("\n") == 1
    assert "undoing: 3x time, 2x space, exposure 0.7, bicubic, noise 2" in err
    assert times(tmp_path / "high.mkv") == times(video)
    code, out, err = run(monkeypatch, capsys, "upscale", tmp_path / "low.mkv", tmp_path / "o.mkv", "--time", "2")
    assert "4 frames of 32x38 at 16.67 fps" in out
    assert "undoing: 2x time, 2x space, exposure 0.7" in err


def test_the_seed_and_a_kernel_reach_the_job(video, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("k.npy", np.ones((3, 3)))

    def low(*options):
        arguments = ["degrade", video, "low.mkv", "--time", "1", "--space", "1", "--encoder", "ffv1", *options]
        assert run(monkeypatch, capsys, *arguments, "--quiet", "--overwrite") == (0, "", "")
        with VideoReader("low.mkv") as reader:
            return np.stack([frame.rgb for frame in reader])

    assert (low("--noise", "9") != low("--noise", "9", "--seed", "1")).mean() > 0.5
    blurred = low("--blur", "k.npy").astype(float)
    with VideoReader(video) as reader:
        before = next(iter(reader)).rgb.astype(float)
    around = np.mean([before[y : y + 35, x : x + 29] for y in range(3) for x in range(3)], axis=0)
    assert np.abs(blurred[0, 1:-1, 1:-1] - around).max() <= 0.51


def test_quiet_says_nothing(video, tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, capsys, "degrade", video, tmp_path / "low.mkv", "--quiet", "--encoder", "ffv1") == (
        0,
        "",
        "",
    )
    assert run(monkeypatch, capsys, "upscale", video, tmp_path / "o.mp4", "--quiet") == (0, "", "")


def test_the_encoder_is_the_users_choice(video, tmp_path, monkeypatch, capsys):
    options = ["--encoder", "h265", "--quality", "30", "--pixel-format", "yuv444p10le", "--quiet"]
    assert run(monkeypatch, capsys, "upscale", video, tmp_path / "o.mp4", *options)[0] == 0
    info = probe(tmp_path / "o.mp4")
    assert (info.codec, info.pixel_format) == ("hevc", "yuv444p10le")


BAD_INPUT = {
    "missing": None,
    "empty": b"",
    "text named .mkv": b"Dear diary,\n" * 400,
    "noise": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("command", ["upscale", "degrade"])
@pytest.mark.parametrize("content", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_what_is_no_video_is_one_line_exit_code_2_and_no_output(tmp_path, monkeypatch, capsys, command, content):
    path = tmp_path / "bad.mkv"
    if content is not None:
        path.write_bytes(content)
    before = sorted(tmp_path.iterdir())
    code, out, err = run(monkeypatch, capsys, command, path, tmp_path / "out.mkv")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "bad.mkv" in err
    assert sorted(tmp_path.iterdir()) == before


BOTH = [
    ("in.mkv", [], "is the input itself"),
    ("nowhere/out.mkv", [], "does not exist; create it first"),
    ("out.xyz", [], "use one of .mkv"),
    ("out.mkv", ["--time", "2.5"], "--time 2.5: give a whole number"),
    ("out.mkv", ["--time", "0"], "time 0 is impossible: give a whole number from 1 to 16"),
    ("out.mkv", ["--space", "-2"], "space -2 is impossible"),
    ("out.mkv", ["--space", "abc"], "--space abc: give a whole number"),
    ("out.mkv", ["--exposure", "0"], "exposure 0.0 is impossible: give the open share, above 0 and at most 1"),
    ("out.mkv", ["--exposure", "1.01"], "exposure 1.01 is impossible"),
    ("out.mkv", ["--exposure", "nan"], "exposure nan is impossible"),
    ("out.mkv", ["--exposure", "long"], "--exposure"),
    ("out.mkv", ["--shutter", "global"], "shutter 'global' is unknown: use box or trapezoid"),
    ("out.mkv", ["--blur", "gaussian:x"], "blur 'gaussian:x': give a Gaussian's width"),
    ("out.mkv", ["--blur", "gaussian"], "blur 'gaussian' is unknown: use bicubic, area, gaussian:SIGMA or a .npy"),
    ("out.mkv", ["--blur", "missing.npy"], "missing.npy"),
    ("out.mkv", ["--blur", "in.mkv"], "blur 'in.mkv' is unknown"),
    ("out.mkv", ["--noise", "-1"], "noise -1.0 is impossible: give code values from 0 to 128"),
    ("out.mkv", ["--noise", "inf"], "noise inf is impossible"),
    ("out.mkv", ["--time", "1", "--space", "1"], "leave nothing to do without a blur or noise"),
    ("out.mkv", ["--memory", "0"], "give a positive number of gigabytes"),
    ("out.mkv", ["--device", "abacus"], "use --device cpu"),
    ("out.mkv", ["--encoder", "magic"], "choose one of h264"),
    ("out.mkv", ["--quality", "99"], "is not between 0 (best) and"),
    ("out.webm", [], ".webm cannot hold video from libx264"),
    ("out.mkv", ["--exposition", "1"], "--exposition"),
]


@pytest.mark.parametrize(
    ("command", "output", "options", "told"),
    [
        *[(command, *mistake) for command in ("upscale", "degrade") for mistake in BOTH],
        ("upscale", "out.mkv", ["--model", "nothing"], f"one of: {NAME}, {OTHER}"),
        (
            "upscale",
            "out.mkv",
            ["--model", OTHER],
            "is made to rescale, and is given no degradation that it could undo",
        ),
        ("upscale", "out.mkv", ["--model", ""], "--model '': give a name"),
        ("upscale", "out.mkv", ["--iterations", "0"], "iterations 0 is impossible"),
        ("upscale", "out.mkv", ["--iterations", "1.5"], "--iterations 1.5: give a whole number"),
        ("degrade", "out.mkv", ["--seed", "-1"], "seed -1 is impossible: give 0 or more"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line_exit_code_2_and_touches_nothing(
    video, tmp_path, monkeypatch, capsys, command, output, options, told
):
    monkeypatch.chdir(tmp_path)
    before = video.read_bytes()
    code, out, err = run(monkeypatch, capsys, command, "in.mkv", output, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert video.read_bytes() == before
    assert list(tmp_path.iterdir()) == [video]


def test_without_the_default_model_the_message_names_those_that_are_there(
    video, tmp_path, monkeypatch, capsys, weights
):
    monkeypatch.setattr(zoo, "WEIGHTS", tmp_path / "none")
    code, _, err = run(monkeypatch, capsys, "upscale", video, tmp_path / "out.mkv")
    assert (code, err.count("\n")) == (2, 1)
    assert f"no model {NAME!r}: give a folder, a hub id" in err
    assert run(monkeypatch, capsys, "upscale", video, tmp_path / "out.mkv", "--model", weights / NAME)[0] == 0


def test_help_and_every_refusal_that_needs_no_model_come_without_torch(video, tmp_path):
    program = (
        "import sys\n"
        "from stvsr import cli\n"
        "for arguments in (['upscale', '--help'], ['degrade', '--help'], ['upscale', 'x.mkv', 'y.mkv']):\n"
        "    sys.argv[1:] = arguments\n"
        "    try:\n"
        "        cli.main()\n"
        "    except SystemExit as stop:\n"
        "        print('code', stop.code)\n"
        "print('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "exposure" in done.stdout
    assert "bright daylight" in " ".join(done.stdout.replace("│", " ").split())
    assert "--encoder ffv1" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["code 2", "False"]
    assert done.stderr.count("\n") == 1
