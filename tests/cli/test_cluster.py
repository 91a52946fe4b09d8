import sys
from fractions import Fraction

import numpy as np
import pytest

from stvsr import cli
from stvsr.models import zoo
from stvsr.models.files import build, save
from stvsr.restoration import cluster
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.writer import VideoWriter

NAME = "davsr-compact"
TINY = {
    "family": "davsr",
    "degradation": {"time": 2, "space": 2},
    "iterations": 1,
    "motion": {"channels": [4, 4, 4, 4], "kernel": 3, "levels": 2},
    "enhancer": {"kind": "convolutional", "features": 4, "blocks": 1, "layers": 1, "growth": 4},
}

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")


@pytest.fixture
def video(tmp_path, monkeypatch):
    """Five frames of 31x37, and a model with next to no layers."""
    save(build(TINY, NAME), tmp_path / "weights" / NAME)
    monkeypatch.setattr(zoo, "WEIGHTS", tmp_path / "weights")
    slope = np.add.outer(np.arange(37), np.arange(31))[..., None] * np.array([1, 2, 3])
    with VideoWriter(tmp_path / "in.mkv", 31, 37, Fraction(25), encoder=LOSSLESS_RGB) as writer:
        for i in range(5):
            writer.write((slope + 9 * i).astype(np.uint8), i / Fraction(25))
    return tmp_path / "in.mkv"


def run(monkeypatch, capsys, *arguments):
    """The command's exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["stvsr", *map(str, arguments)])
    try:
        cli.main()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    text = capsys.readouterr()
    return code, text.out, text.err


class InProcess(cluster.Cluster):
    """Ray's part, done by hand in this process."""

    def __enter__(self):
        self.calls = []
        seen.append(self)
        return self

    def connect(self):
        self.calls.append("connect")

    def close(self):
        self.calls.append("close")

    @property
    def device(self):
        return "cpu"

    def share(self, value):
        return value

    def map(self, function, shared, items):
        self.calls.append(function.__name__)
        for item in items:
            yield function(shared, item)


seen: list[InProcess] = []


def test_a_file_made_on_a_cluster_is_the_same_to_the_bit_and_the_cluster_is_left(video, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "Cluster", InProcess)
    here, there = tmp_path / "here.mkv", tmp_path / "there.mkv"
    assert run(monkeypatch, capsys, "upscale", video, here)[0] == 0
    code, out, err = run(monkeypatch, capsys, "upscale", video, there, "--cluster", "auto")
    assert (code, err) == (0, "")
    assert "there.mkv: 10 frames of 62x74 at 50 fps" in out
    assert there.read_bytes() == here.read_bytes()
    assert seen.pop().calls == ["connect", "choose_layout", "make", "close"]
    run(monkeypatch, capsys, "upscale", video, tmp_path / "dry.mkv", "--cluster", "auto", "--dry-run")
    assert seen.pop().calls == ["close"]


@pytest.mark.parametrize("command", [["upscale"], ["retime", "--fps", "60"]], ids=["upscale", "retime"])
def test_without_ray_a_cluster_is_refused_in_one_line(video, tmp_path, monkeypatch, capsys, command):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, out, err = run(monkeypatch, capsys, command[0], video, tmp_path / "o.mkv", *command[1:], "--cluster", "auto")
    assert (code, out, err) == (2, "", "stvsr: --cluster needs Ray: pip install 'stvsr[cluster]'\n")
    assert [path.name for path in tmp_path.iterdir() if path.suffix or "o.mkv" in path.name] == ["in.mkv"]
