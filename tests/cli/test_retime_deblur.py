from fractions import Fraction

import pytest

from tests.helpers.commands import TINY_DAVSR, run, times, write_model, write_slope

RATE = Fraction(20)

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of the davsr family with next to no layers."""
    return write_model(TINY_DAVSR, tmp_path_factory.mktemp("weights") / "davsr-tiny")


@pytest.fixture(scope="module")
def between(tmp_path_factory):
    """A model that makes frames between frames, with next to no layers, in a folder of such."""
    tiny = {"network": "warping", "features": 4, "blocks": 1, "layers": 1, "growth": 4, "fold": 2}
    model = {"family": "staa", "scale": ["6/5", 1], "upsampler": tiny}
    return write_model(model, tmp_path_factory.mktemp("weights") / "staa-6over5t1s-tiny")


@pytest.fixture
def video(tmp_path):
    return write_slope(tmp_path / "in.mkv", RATE)


def test_a_rate_is_given_in_frames_a_second_or_as_a_ratio(video, model, tmp_path, monkeypatch, capsys):
    for option in (["--fps", "24"], ["--rate", "6/5"]):
        code, out, err = run(
            monkeypatch,
            capsys,
            "retime",
            video,
            tmp_path / "o.mkv",
            "--overwrite",
            "--encoder",
            "ffv1",
            *option,
            "--model",
            model,
        )
        assert (code, err) == (0, "")
        assert "o.mkv: 6 frames of 31x37 at 24 fps" in out
        assert times(tmp_path / "o.mkv") == [Fraction(k, 24) for k in range(6)]
    options = ["--rate", "1.5", "--time", "5", "--space", "2", "--exposure", "0.3", "--dry-run"]
    code, out, err = run(
        monkeypatch,
        capsys,
        "retime",
        video,
        tmp_path / "o.mkv",
        "--overwrite",
        "--encoder",
        "ffv1",
        *options,
        "--model",
        model,
    )
    assert (code, err) == (0, "")
    assert "5 frames of 31x37 become 8 frames of 62x74" in out


def test_a_model_that_makes_frames_between_frames_is_asked_for_by_name(video, between, tmp_path, monkeypatch, capsys):
    for rate, count in (("24", 6), ("23", 6), ("60", 15)):
        code, out, err = run(
            monkeypatch,
            capsys,
            "retime",
            video,
            tmp_path / "o.mkv",
            "--overwrite",
            "--encoder",
            "ffv1",
            "--fps",
            rate,
            "--model",
            between,
        )
        assert (code, err) == (0, "")
        assert f"o.mkv: {count} frames of 31x37 at {rate} fps" in out
    words = [
        "retime",
        video,
        tmp_path / "o.mkv",
        "--overwrite",
        "--encoder",
        "ffv1",
        "--fps",
        "24",
        "--model",
        between,
        "--dry-run",
    ]
    assert "5 frames of 31x37 become 6 frames of 31x37" in run(monkeypatch, capsys, *words)[1]
    for option in (["--space", "2"], ["--time", "3"], ["--exposure", "0.5"], ["--iterations", "2"]):
        words = ["retime", video, tmp_path / "no.mkv", "--fps", "24", "--model", between, *option]
        code, out, err = run(monkeypatch, capsys, *words)
        assert code == 2
        assert f"{option[0]}: staa-6over5t1s-tiny only makes frames between frames" in err
    for command in (["shrink"], ["upscale"], ["deblur"]):
        code, out, err = run(monkeypatch, capsys, *command, video, tmp_path / "no.mkv", "--model", between)
        assert code == 2
        assert err.count("\n") == 1
    assert not (tmp_path / "no.mkv").exists()


def test_frames_are_made_between_frames_unless_more_is_asked_for(video, model, between, tmp_path, monkeypatch, capsys):
    from stvsr.models import zoo

    monkeypatch.setattr(zoo, "WEIGHTS", between.parent)
    monkeypatch.setattr(zoo, "DEFAULT_RESTORER", str(model))
    for rate, options, used in (
        ("24", [], True),
        ("25", [], True),
        ("13", [], True),
        ("24", ["--exposure", "0.5"], False),
        ("24", ["--time", "2"], False),
        ("24", ["--model", model], False),
    ):
        words = ["retime", video, tmp_path / "o.mkv", "--overwrite", "--encoder", "ffv1", "--fps", rate, *options]
        code, out, err = run(monkeypatch, capsys, *words)
        assert code == 0
        assert ("staa-6over5t1s-tiny makes what is between frames" in out + err) == used
        assert len(times(tmp_path / "o.mkv")) == round(int(rate) / 4)


def test_many_files_go_into_a_folder(video, model, tmp_path, monkeypatch, capsys):
    (tmp_path / "second.mkv").write_bytes(video.read_bytes())
    (tmp_path / "broken.mkv").write_bytes(b"no video")
    files = [video, tmp_path / "second.mkv", tmp_path / "broken.mkv"]
    code, out, err = run(monkeypatch, capsys, "retime", *files, tmp_path / "made", "--fps", "10", "--model", model)
    assert code == 2
    assert out.splitlines()[-1].startswith("3 files: 2 done, 0 skipped, 1 failed")
    assert "broken.mkv" in err
    assert times(tmp_path / "made" / "in.mkv") == [0, Fraction(1, 10), Fraction(1, 5)]


def test_deblur_finds_five_frames_of_the_same_size_for_each(video, model, tmp_path, monkeypatch, capsys):
    code, out, err = run(
        monkeypatch, capsys, "deblur", video, tmp_path / "o.mkv", "--overwrite", "--encoder", "ffv1", "--model", model
    )
    assert (code, err) == (0, "")
    assert "o.mkv: 25 frames of 31x37 at 100 fps" in out
    words = ["upscale", video, tmp_path / "same.mkv", "--encoder", "ffv1", "--model", model]
    run(monkeypatch, capsys, *words, "--time", "5", "--space", "1", "--exposure", "1")
    assert (tmp_path / "o.mkv").read_bytes() == (tmp_path / "same.mkv").read_bytes()
    options = ["--time", "2", "--space", "4", "--exposure", "0.7"]
    words = ["deblur", video, tmp_path / "o.mkv", "--overwrite", "--encoder", "ffv1", "--model", model, *options]
    assert "10 frames of 124x148" in run(monkeypatch, capsys, *words)[1]


def test_what_was_degraded_is_deblurred_as_it_says(video, model, tmp_path, monkeypatch, capsys):
    run(monkeypatch, capsys, "degrade", video, tmp_path / "low.mkv", "--time", "3", "--space", "1", "--exposure", "0.9")
    code, out, err = run(
        monkeypatch,
        capsys,
        "deblur",
        tmp_path / "low.mkv",
        tmp_path / "o.mkv",
        "--overwrite",
        "--encoder",
        "ffv1",
        "--model",
        model,
    )
    assert code == 0
    assert "5 frames of 31x37 at 20 fps" in out
    assert "undoing: 3x time, 1x space, exposure 0.9" in err


@pytest.mark.parametrize(
    ("command", "options", "told"),
    [
        ("retime", [], "say the new rate by one of --fps, such as --fps 24, and --rate"),
        ("retime", ["--fps", "24", "--rate", "2"], "say the new rate by one of"),
        ("retime", ["--fps", "film"], "--fps film: give a number or a fraction above 0"),
        ("retime", ["--rate", "0"], "--rate 0: give a number or a fraction above 0"),
        ("retime", ["--rate", "30"], "600 frames a second are impossible"),
        ("retime", ["--rate", "17"], "the new rate is 17 times the old one"),
        ("retime", ["--fps", "24", "--time", "17"], "time 17 is impossible"),
        ("retime", ["--fps", "24", "--exposure", "2"], "exposure 2.0 is impossible"),
        ("retime", ["--fps", "24", "--model", "nothing"], "nothing"),
        ("deblur", ["--time", "1"], "leave nothing to do without a blur or noise"),
        ("deblur", ["--time", "0"], "time 0 is impossible"),
        ("deblur", ["--exposure", "0"], "exposure 0.0 is impossible"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line_exit_code_2_and_touches_nothing(
    video, model, tmp_path, monkeypatch, capsys, command, options, told
):
    known = [] if "--model" in options else ["--model", model]
    code, out, err = run(monkeypatch, capsys, command, video, tmp_path / "out.mkv", *options, *known)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert list(tmp_path.iterdir()) == [video]
