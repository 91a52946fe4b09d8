from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stvsr.cli.compare import compare
from stvsr.errors import StvsrError
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.writer import VideoWriter
from tests.helpers.commands import run

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")


@pytest.fixture
def videos(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 128, 3), np.uint8)
    paths = []
    for name, light in (("truth", 0), ("one", 1), ("two", 2)):
        paths.append(tmp_path / f"{name}.mkv")
        with VideoWriter(paths[-1], 96, 64, Fraction(24), encoder=LOSSLESS_RGB) as writer:
            for i in range(5):
                writer.write(noise[:, 3 * i : 96 + 3 * i] // 2 + light, Fraction(i, 24))
    return paths


def test_a_picture_says_what_it_shows(videos, tmp_path, capsys):
    truth, *others = videos
    compare(*others, tmp_path / "out.png", truth=truth, frame=[1], crop="8,8,32,32")
    assert capsys.readouterr().out == f"{tmp_path / 'out.png'}: frames 1, 2, 3, crop 8,8,32,32\n"
    compare(*others, tmp_path / "all.png", name=["first", "second"], frame=[4, 0])
    assert "frames 0, 4, crop " in capsys.readouterr().out
    compare(*others, tmp_path / "auto.png", truth=truth)
    assert (tmp_path / "auto.png").stat().st_size > 1000


def test_frames_are_named_on_the_command_line(videos, tmp_path, monkeypatch, capsys):
    words = ["compare", *videos, tmp_path / "out.png", "--frame"]
    assert "frames 1, 2, 3, crop " in run(monkeypatch, capsys, *words, "1")[1]
    assert "frames 0, 4, crop " in run(monkeypatch, capsys, *words, "4", "--frame", "0")[1]
    for wrong in ("1.5", "first", "-1"):
        code, out, err = run(monkeypatch, capsys, *words, wrong)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "--frame" in err


def test_a_page_says_where_its_video_is(videos, tmp_path, capsys):
    compare(*videos[1:], tmp_path / "out.html", seconds=0.1)
    assert "out.html: 3 frames" in (out := capsys.readouterr().out)
    assert "inside the page" in out


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        ("out.jpg", {}, "last the"),
        ("out.png", {"frame": [-1]}, "count from 0"),
        ("out.html", {"frame": [-1]}, "count from 0"),
        ("out.png", {"frame": [9]}, "frame 9"),
        ("out.html", {"frame": [9]}, "frame 9"),
        ("out.png", {"frame": [*range(9)]}, "6 at most"),
        ("out.png", {"crop": "1,1,500,500"}, "--crop"),
        ("out.html", {"seconds": 0}, "--seconds 0"),
        ("none/out.html", {}, "does not exist"),
        ("out.png", {"name": ["a", "b", "c"]}, "3 names"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_file(videos, tmp_path, output, options, message):
    before = set(tmp_path.iterdir())
    with pytest.raises(StvsrError, match=message):
        compare(*videos[1:], tmp_path / output, **options)
    assert set(tmp_path.iterdir()) == before


def test_the_videos_themselves_are_safe(videos):
    with pytest.raises(StvsrError, match="last the"):
        compare(*videos)
    with pytest.raises(StvsrError, match="give the videos"):
        compare(Path("one.png"))
