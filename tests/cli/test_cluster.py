import sys
from fractions import Fraction

import pytest

from stvsr.engine import cluster
from stvsr.models import zoo
from tests.helpers.commands import TINY_DAVSR, run, write_model, write_slope

NAME = "davsr-compact"

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")


@pytest.fixture
def video(tmp_path, monkeypatch):
    """Five frames of 31x37, and a model with next to no layers."""
    write_model(TINY_DAVSR, tmp_path / "weights" / NAME)
    monkeypatch.setattr(zoo, "WEIGHTS", tmp_path / "weights")
    return write_slope(tmp_path / "in.mkv", Fraction(25))


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
    assert seen.pop().calls == ["connect", "choose_layout", "make_segment", "close"]
    run(monkeypatch, capsys, "upscale", video, tmp_path / "dry.mkv", "--cluster", "auto", "--dry-run")
    assert seen.pop().calls == ["close"]


@pytest.mark.parametrize("command", [["upscale"], ["retime", "--fps", "60"]], ids=["upscale", "retime"])
def test_without_ray_a_cluster_is_refused_in_one_line(video, tmp_path, monkeypatch, capsys, command):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, out, err = run(monkeypatch, capsys, command[0], video, tmp_path / "o.mkv", *command[1:], "--cluster", "auto")
    assert (code, out, err) == (2, "", "stvsr: --cluster needs Ray: pip install 'stvsr[cluster]'\n")
    assert [path.name for path in tmp_path.iterdir() if path.suffix or "o.mkv" in path.name] == ["in.mkv"]
