import numpy as np
import pytest
from PIL import Image

from stvsr.engine.upsampling import upsample_stream
from stvsr.errors import StvsrError
from stvsr.evaluation.clips import find_clips
from stvsr.evaluation.evaluation import Evaluation
from stvsr.evaluation.measure import low_frames
from stvsr.evaluation.methods.external import load_external, stored_results
from stvsr.evaluation.methods.interpolation import Interpolation, Subsampling
from stvsr.evaluation.protocols import degraded_protocol, protocol_for
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale

PAPER = Degradation(time=3, space=2)
PROGRAM = """
import numpy as np

calls = []

def hold(frames, time, space):
    calls.append(frames.shape)
    return frames.repeat(time, 0).repeat(space, 1).repeat(space, 2)

def lazy(frames, time, space):
    yield from hold(frames, time, space)

def short(frames, time, space):
    return hold(frames, time, space)[1:]

def floats(frames, time, space):
    return hold(frames, time, space) / 255

def broken(frames, time, space):
    raise MemoryError("no room")

number = 3
"""


@pytest.fixture
def data(tmp_path):
    random = np.random.default_rng(0)
    for name in ("City", "walk"):
        write(tmp_path / "data" / name, random.integers(0, 256, (7, 20, 24, 3), np.uint8))
    return find_clips(tmp_path / "data")


def psnr(result):
    return [[score.psnr_rgb for score in clip.scores] for clip in result.clips]


def write(folder, frames):
    folder.mkdir(parents=True)
    for i, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{i:03d}.png")


@pytest.fixture
def program(tmp_path, monkeypatch):
    (tmp_path / "others_method.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    return "others_method"


@pytest.mark.parametrize("name", ["hold", "lazy"])
def test_a_callable_joins_under_a_given_degradation(program, data, name):
    theirs, ours = load_external(f"{program}.py:{name}", PAPER), Interpolation(PAPER, "hold", "hold")
    first, second = Evaluation([theirs, ours], data, degraded_protocol(PAPER), ssim=False).scores()
    assert first.method == f"others_method:{name}"
    assert psnr(first) == psnr(second)
    assert theirs.function.__globals__["calls"] == [(2, 10, 12, 3)] * 2


def test_a_callable_gets_sharp_low_frames_where_methods_shrink_by_themselves(program, data):
    scale = Scale.of(2)
    theirs = load_external(f"{program}:hold", Subsampling(scale).degradation)
    (result,) = Evaluation([theirs], data[:1], protocol_for(scale), ssim=False).scores()
    assert [score.identical for score in result.clips[0].scores] == [1, 0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("name", "told"),
    [("short", "5 frames for 2 low ones; 6 are due"), ("floats", "float64"), ("broken", "MemoryError: no room")],
)
def test_what_breaks_the_contract_is_one_line(program, name, told):
    low = np.zeros((2, 4, 5, 3), np.uint8)
    with pytest.raises(StvsrError, match=told):
        list(load_external(f"{program}.py:{name}", PAPER).restore(low))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("others_method", "give MODULE:FUNCTION"), ("no_such_module:f", "cannot import"),
        ("missing.py:f", "no such file"), ("others_method.py:number", "no function 'number'"),
    ],
)  # fmt: skip
def test_what_cannot_be_called_is_refused(program, text, told):
    with pytest.raises(StvsrError, match=told):
        load_external(text, PAPER)


def results(folder, clips, frames=6):
    for clip in clips:
        low = paper_low(clip)
        write(folder / clip.name.lower(), list(upsample_stream(Interpolation(PAPER), low))[:frames])


def paper_low(clip):
    return low_frames(None, clip, degraded_protocol(PAPER))


def test_stored_frames_score_as_if_they_were_made_here(data, tmp_path):
    results(tmp_path / "theirs", data)
    stored = stored_results(f"Somebody 2025={tmp_path / 'theirs'}", PAPER.scale)
    first, second = Evaluation([stored, Interpolation(PAPER)], data, degraded_protocol(PAPER), ssim=False).scores()
    assert first.method == "Somebody 2025"
    assert psnr(first) == psnr(second)
    assert np.isnan(first.seconds_per_megapixel)
    assert stored_results(str(tmp_path / "theirs"), PAPER.scale).name == "theirs"


def test_stored_frames_that_do_not_align_are_refused(data, tmp_path):
    protocol, truth = degraded_protocol(PAPER), np.stack(list(data[0].frames()))
    cases = {
        "short": (truth[:5], "gave only 5 frames"),
        "long": (np.concatenate([truth, truth[:1]]), "the truth has 7"),
        "small": (truth[:, :-2], "24x18; 24x20 is due"),
    }
    for name, (frames, told) in cases.items():
        write(tmp_path / name / "city", frames)
        with pytest.raises(StvsrError, match=told):
            Evaluation([stored_results(str(tmp_path / name), PAPER.scale)], data[:1], protocol, ssim=False).scores()
    write(tmp_path / "whole" / "city", truth)
    whole = stored_results(str(tmp_path / "whole"), PAPER.scale)
    (result,) = Evaluation([whole], data[:1], protocol).scores()
    assert result.mean().identical == 1
    write(tmp_path / "whole" / "foliage", truth)
    with pytest.raises(StvsrError, match="no result for the clip walk; there are city, foliage"):
        Evaluation([stored_results(str(tmp_path / "whole"), PAPER.scale)], data, protocol, ssim=False).scores()
    with pytest.raises(StvsrError, match="no such folder"):
        stored_results("missing", PAPER.scale)
