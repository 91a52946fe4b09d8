import json
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from stvsr.models import zoo
from stvsr.video.info import probe
from stvsr.video.reader import VideoReader
from tests.helpers.commands import run, write_slope

NAME = "staa-2t4s-compact"
RATE = Fraction(25)

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")


@pytest.fixture(autouse=True)
def one_small_model(tmp_path_factory, monkeypatch):
    """A bundled model: STAA with next to no layers, which starts as plain interpolation."""
    from stvsr.models.checkpoint import save
    from stvsr.models.staa.config import DownsamplerConfig, RescalerConfig, UpsamplerConfig
    from stvsr.models.staa.model import STAA

    small = UpsamplerConfig(features=4, temporal="none", blocks=1, dense=1, layers=1, growth=4)
    weights = tmp_path_factory.mktemp("weights")
    save(STAA(RescalerConfig(downsampler=DownsamplerConfig(window=(3, 7, 7)), upsampler=small), NAME), weights / NAME)
    monkeypatch.setattr(zoo, "WEIGHTS", weights)
    return weights / NAME


@pytest.fixture
def video(tmp_path):
    return write_slope(tmp_path / "in.mkv", RATE)


def test_a_video_goes_down_and_comes_back_with_its_size_frames_and_times(video, tmp_path, monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv")
    assert code == 0
    assert "low.mkv: 3 frames of 8x10 at 12.5 fps" in out
    assert len(out.splitlines()) == 1
    code, out, _ = run(monkeypatch, capsys, "expand", tmp_path / "low.mkv", tmp_path / "high.mkv", "--encoder", "ffv1")
    assert code == 0
    assert "high.mkv: 5 frames of 31x37 at 25 fps" in out
    with VideoReader(tmp_path / "high.mkv") as reader:
        assert [frame.time for frame in reader] == [i / RATE for i in range(5)]
    info = probe(tmp_path / "high.mkv")
    assert (info.width, info.height, info.rate, info.codec) == (31, 37, 25, "ffv1")


def test_quiet_says_nothing(video, tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv", "--quiet") == (0, "", "")
    assert run(
        monkeypatch, capsys, "expand", tmp_path / "low.mkv", tmp_path / "o.mkv", "--encoder", "ffv1", "--quiet"
    ) == (
        0,
        "",
        "",
    )


def test_the_record_names_the_model_its_checksum_and_its_kernel(video, tmp_path, monkeypatch, capsys):
    run(monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv", "--time", "2", "--space", "4")
    record = json.loads(probe(tmp_path / "low.mkv").metadata["stvsr"])
    assert record["model"] == NAME
    assert record["weights"] == zoo.find(NAME).checksum
    assert record["kernel"]["shape"] == [3, 3, 7, 7]
    assert sum(record["kernel"]["taps"]) == pytest.approx(3, abs=1e-3)


@pytest.mark.parametrize("rate", [["--crf", "30"], ["--bitrate", "200k"]], ids=lambda rate: rate[0])
@pytest.mark.parametrize("codec", ["h264", "vp9"])
def test_a_lossy_small_video_says_so_and_comes_back(video, tmp_path, monkeypatch, capsys, codec, rate):
    arguments = ["shrink", video, tmp_path / "low.mkv", "--time", 2, "--space", 4, "--codec", codec, *rate]
    code, out, err = run(monkeypatch, capsys, *arguments)
    assert (code, "low.mkv: 3 frames of 8x10 at 12.5 fps" in out) == (0, True)
    assert f"{NAME} was not trained for lossy codecs" in err
    info = probe(tmp_path / "low.mkv")
    limit = {"crf": "30"} if rate[0] == "--crf" else {"bitrate": "200000"}
    library = {"h264": "libx264", "vp9": "libvpx-vp9"}[codec]
    assert json.loads(info.metadata["stvsr"])["coding"] == {"codec": library, **limit}
    assert (info.codec, info.pixel_format) == (codec, "yuv420p")
    code, out, err = run(
        monkeypatch, capsys, "expand", tmp_path / "low.mkv", tmp_path / "high.mkv", "--encoder", "ffv1"
    )
    assert (code, "high.mkv: 5 frames of 31x37 at 25 fps" in out) == (0, True)
    assert "damaged" not in err


def test_a_lossy_codec_takes_the_model_that_was_trained_with_one(video, tmp_path, monkeypatch, capsys, one_small_model):
    from stvsr.models.checkpoint import build, save

    small = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 1, "growth": 4}
    for name, training in (("staa-1t2s-compact", {}), ("staa-1t2s-codec-compact", {"codec": {"name": "h265"}})):
        folder = one_small_model.parent / name
        save(build({"scale": [1, 2], "upsampler": small}, name), folder, {"training": training})
    for rate, name in (([], "staa-1t2s-compact"), (["--codec", "h264"], "staa-1t2s-codec-compact")):
        code, _, err = run(
            monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv", "--time", 1, "--space", 2, "--overwrite", *rate
        )
        record = json.loads(probe(tmp_path / "low.mkv").metadata["stvsr"])
        assert (code, record["model"], "not trained" in err) == (0, name, False)
    assert (
        run(monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv", "--codec", "h264", "--crf", 9, "--overwrite")[0]
        == 0
    )
    assert json.loads(probe(tmp_path / "low.mkv").metadata["stvsr"])["model"] == "staa-1t2s-codec-compact"
    code, _, err = run(monkeypatch, capsys, "shrink", video, tmp_path / "new.mkv", "--codec", "h264", "--time", 2)
    assert (code, "no model to rescale by 2t1s ships" in err) == (2, True)


def test_half_the_frames_go_through_a_codec_and_those_between_are_made(
    video, tmp_path, monkeypatch, capsys, one_small_model
):
    from stvsr.models.checkpoint import build, save

    tiny = {"network": "warping", "flow": "search", "features": 4, "blocks": 1, "layers": 1, "growth": 4}
    config = {"scale": [2, 1], "downsampler": {"constraint": "bicubic"}, "upsampler": tiny}
    name, training = "staa-2t1s-codec-compact", {"codec": {"name": "h265"}}
    save(build(config, name), one_small_model.parent / name, {"training": training})
    small, large = tmp_path / "low.mkv", tmp_path / "high.mkv"
    code, _, err = run(monkeypatch, capsys, "shrink", video, small, "--time", 2, "--codec", "h264", "--crf", 8)
    assert (code, "not trained" in err) == (0, False)
    with VideoReader(small) as stored:
        assert [frame.time for frame in stored] == [i / RATE for i in (0, 2, 4)]
    assert run(monkeypatch, capsys, "expand", small, large, "--encoder", "ffv1")[0] == 0
    with VideoReader(video) as before, VideoReader(large) as after:
        pairs = list(zip(before, after, strict=True))
    assert [again.time for _, again in pairs] == [i / RATE for i in range(5)]
    assert max(abs(float(again.rgb.mean()) - float(frame.rgb.mean())) for frame, again in pairs) < 2


def test_other_weights_than_those_on_record_bring_a_warning(video, tmp_path, monkeypatch, capsys, one_small_model):
    run(monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv")
    from safetensors.torch import load_file, save_file

    weights = load_file(one_small_model / "model.safetensors")
    save_file({name: tensor + 1e-3 for name, tensor in weights.items()}, one_small_model / "model.safetensors")
    code, _, err = run(monkeypatch, capsys, "expand", tmp_path / "low.mkv", tmp_path / "high.mkv")
    assert code == 0
    assert f"{NAME} has other weights" in err


def test_a_model_of_another_scale_is_refused_before_its_weights_are_spoken_of(video, tmp_path, monkeypatch, capsys):
    run(monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv")
    from stvsr.models.checkpoint import build, save

    small = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 1, "growth": 4}
    save(build({"scale": [2, 1], "upsampler": small}, "staa-2t1s-tiny"), tmp_path / "other")
    code, _, err = run(
        monkeypatch, capsys, "expand", tmp_path / "low.mkv", tmp_path / "high.mkv", "--model", tmp_path / "other"
    )
    assert (code, err.count("\n")) == (2, 1)
    assert "was shrunk by 2t4s, model staa-2t1s-tiny is for 2t1s; take another model" in err


def test_only_models_that_ship_are_taken_from_a_video(video, tmp_path, monkeypatch, capsys, one_small_model):
    run(monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv")
    one_small_model.rename(tmp_path / "elsewhere")
    arguments = ["expand", tmp_path / "low.mkv", tmp_path / "high.mkv"]
    code, _, err = run(monkeypatch, capsys, *arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert "give its folder or hub id with --model" in err
    assert run(monkeypatch, capsys, *arguments, "--model", tmp_path / "elsewhere")[0] == 0


BAD_INPUT = {
    "missing": None,
    "empty": b"",
    "text named .mkv": b"Dear diary,\n" * 400,
    "noise": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("command", ["shrink", "expand"])
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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shrink", "in.mkv", "in.mkv"], "is the input itself"),
        (["shrink", "in.mkv", "nowhere/out.mkv"], "does not exist; create it first"),
        (["shrink", "in.mkv", "out.xyz"], "use one of .mkv"),
        (
            ["shrink", "in.mkv", "out.mkv", "--time", "3"],
            f"no model to rescale by 3t4s ships with stvsr; there are: {NAME}",
        ),
        (["shrink", "in.mkv", "out.mkv", "--time", "0"], "must be positive"),
        (["shrink", "in.mkv", "out.mkv", "--model", "nothing"], f"one of: {NAME}"),
        (["shrink", "in.mkv", "out.mkv", "--model", NAME, "--space", "4"], "leave out --time and --space"),
        (["shrink", "in.mkv", "out.mkv", "--memory", "0"], "give a positive number of gigabytes"),
        (["shrink", "in.mkv", "out.mkv", "--memory", "inf"], "give a positive number of gigabytes"),
        (["shrink", "in.mkv", "out.mkv", "--memory", "nan"], "give a positive number of gigabytes"),
        (["shrink", "in.mkv", "out.mkv", "--device", "abacus"], "use --device cpu"),
        (["shrink", "in.mkv", "out.mkv", "--device", "meta"], "use --device cpu"),
        (["shrink", "in.mkv", "out.mkv", "--time", "1.5"], "--time 1.5: give a whole number"),
        (["shrink", "in.mkv", "out.mkv", "--space", "abc"], "--space abc: give a whole number"),
        (["shrink", "in.mkv", "out.mkv", "--space", "inf"], "--space inf: give a whole number"),
        (["shrink", "in.mkv", "out.mkv", "--model", ""], "--model '': give a name"),
        (["shrink", "in.mkv", "out.mkv", "--spice", "4"], "--spice"),
        (["shrink", "in.mkv", "out.mkv", "--memory", "much"], "such as 4GB or 500MB"),
        (["shrink", "in.mkv", "out.mkv", "--cuts", "many"], "give a score above 0"),
        (["shrink", "in.mkv", "out.mkv", "--cuts", "0"], "give a score above 0"),
        (["shrink", "in.mkv", "out.mkv", "--crf", "2.5"], "--crf 2.5: give a whole number"),
        (["shrink", "in.mkv", "out.mkv", "--crf", "99"], "encoder h265: quality 99 is not between 0 (best) and 51"),
        (["shrink", "in.mkv", "out.mkv", "--crf", "9", "--bitrate", "9k"], "give one of them"),
        (["shrink", "in.mkv", "out.mkv", "--codec", "ffv1", "--bitrate", "9k"], "is lossless and takes no bitrate"),
        (["shrink", "in.mkv", "out.mkv", "--bitrate", "fast"], "--bitrate fast: give bits per second, such as 500k"),
        (["shrink", "in.mkv", "out.mkv", "--bitrate", "nan"], "--bitrate nan: give bits per second, such as 500k"),
        (["shrink", "in.mkv", "out.mkv", "--bitrate", "5"], "bitrate 5 is not between 1000 and"),
        (["shrink", "in.mkv", "out.mkv", "--codec", "h264", "--pixel-format", "grey"], "choose one of yuv420p"),
        (["shrink", "in.mkv", "out.mp4", "--codec", "h264", "--crf", "30", "--model", "none"], f"one of: {NAME}"),
        (["shrink", "in.mkv"], "stvsr shrink INPUT... OUTPUT. See 'stvsr shrink --help'"),
        (["shrimp"], 'Unknown command "shrimp"'),
        (["expand", "in.mkv", "out.mkv", "--quality", "7.5"], "--quality 7.5: give a whole number"),
        (["expand", "in.mkv", "out.mkv"], "only what 'stvsr shrink' made can be expanded"),
        (["expand", "in.mkv", "out.mkv", "--encoder", "magic"], "choose one of h264"),
        (["expand", "in.mkv", "out.mkv", "--quality", "99"], "is not between 0 (best) and"),
        (["expand", "in.mkv", "out.mkv", "--pixel-format", "grey"], "choose one of yuv420p"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_exit_code_2_and_touches_nothing(video, tmp_path, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(tmp_path)
    before = video.read_bytes()
    code, out, err = run(monkeypatch, capsys, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert video.read_bytes() == before
    assert list(tmp_path.iterdir()) == [video]


def test_being_terminated_leaves_no_half_written_file_and_exit_code_143(video, tmp_path, monkeypatch, capsys):
    from stvsr.cli.progress import TextProgress

    seen = []

    def step(self, done):
        seen.extend(path.name for path in tmp_path.iterdir() if "partial" in path.name)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(TextProgress, "step", step)
    before = signal.getsignal(signal.SIGTERM)
    code, out, err = run(monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv")
    assert (code, out, err) == (143, "", "stvsr: terminated\n")
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == [video]
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no folder that even root cannot write to")
def test_an_output_folder_without_permission_is_one_line(video, monkeypatch, capsys):
    code, out, err = run(monkeypatch, capsys, "shrink", video, "/proc/out.mkv")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "/proc/out.mkv cannot be written" in err


def test_help_and_every_refusal_that_needs_no_model_come_without_torch(video, tmp_path):
    program = (
        "import sys\n"
        "from stvsr import cli\n"
        "for arguments in (['shrink', '--help'], ['expand', '--help'], ['expand', sys.argv[1], sys.argv[2]]):\n"
        "    sys.argv[1:] = arguments\n"
        "    try:\n"
        "        cli.main()\n"
        "    except SystemExit as stop:\n"
        "        print('code', stop.code)\n"
        "print('torch' in sys.modules)\n"
    ).replace("sys.argv[1], sys.argv[2]", f"{str(video)!r}, {str(tmp_path / 'out.mkv')!r}")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "4:2:0" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["code 2", "False"]
    assert done.stderr.count("\n") == 1


def test_a_small_video_is_inspected_without_its_taps(video, tmp_path, monkeypatch, capsys):
    run(monkeypatch, capsys, "shrink", video, tmp_path / "low.mkv", "--quiet")
    code, out, _ = run(monkeypatch, capsys, "inspect", tmp_path / "low.mkv")
    assert code == 0
    assert len(out.splitlines()) < 20
    assert "Shrunk" in out
    assert NAME in out
