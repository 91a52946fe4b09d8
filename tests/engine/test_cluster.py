import os
import pickle
import signal
import sys
from pathlib import Path

import pytest
import torch

from stvsr.engine import job, remote
from stvsr.engine.cluster import Cluster
from stvsr.engine.segments import folder_of
from stvsr.engine.upsampling import Upsampling
from stvsr.errors import StvsrError
from stvsr.video.encoders import encoder
from tests.helpers import importing
from tests.helpers.fakes import Blur
from tests.helpers.jobs import restore
from tests.helpers.killed import Heard, source


class Here:
    """Takes a cluster's place: everything goes through pickle, to one worker in this process, out of order."""

    device = "cpu"

    def __init__(self, fail_after: int = 10**6) -> None:
        self.left = fail_after

    def share(self, value):
        return pickle.dumps(value)

    def map(self, function, shared, items):
        held = []
        for item in items:
            held.append(pickle.dumps(item))
            if len(held) == 3:
                yield self._run(function, shared, held.pop())
        while held:
            yield self._run(function, shared, held.pop())

    def call(self, function, shared, item):
        return function(pickle.loads(shared), item)

    def _run(self, function, shared, item):
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return pickle.loads(pickle.dumps(function(pickle.loads(shared), pickle.loads(item))))


class Steps(Heard):
    def __init__(self) -> None:
        super().__init__()
        self.steps = []

    def step(self, done):
        self.steps.append(done)


@pytest.fixture(autouse=True)
def short_segments(monkeypatch):
    monkeypatch.setattr(job, "SEGMENT", 8)


def run(given: Path, output: Path, cluster=None, model=None, **options) -> Steps:
    progress = Steps()
    model = model or Blur(2, 2, reach=(1, 2))
    restore(given, output, model, progress=progress, memory=20_000_000, cluster=cluster, **options)
    return progress


@pytest.mark.parametrize("codec", ["h264", "ffv1"])
def test_a_file_made_elsewhere_is_the_same_to_the_bit(tmp_path, codec):
    given = source(tmp_path)
    run(given, tmp_path / "here.mkv", encoder=encoder(codec))
    progress = run(given, tmp_path / "there.mkv", Here(), encoder=encoder(codec))
    assert (tmp_path / "there.mkv").read_bytes() == (tmp_path / "here.mkv").read_bytes()
    assert progress.steps == sorted(set(progress.steps))
    assert progress.steps[-1] == 80
    assert not folder_of(tmp_path / "there.mkv").exists()


def test_a_job_begun_on_a_cluster_goes_on_here_and_the_other_way_round(tmp_path):
    given, wanted = source(tmp_path), tmp_path / "wanted.mkv"
    run(given, wanted)
    for first, second in ((Here(3), None), (Here(3), Here())):
        output = tmp_path / "out.mkv"
        with pytest.raises(KeyboardInterrupt):
            run(given, output, first)
        assert run(given, output, second).done_before >= 24
        assert output.read_bytes() == wanted.read_bytes()
        output.unlink()


def test_a_worker_with_other_versions_is_refused(monkeypatch):
    recipe = remote.ClusterJob(Upsampling(Blur()), "cpu")
    monkeypatch.setattr(remote, "environment", lambda: recipe.environment | {"torch": "1.0"})
    with pytest.raises(StvsrError, match="another version of torch than this machine; install the same"):
        remote.choose_layout(recipe, (5, 24, 24))


def test_a_worker_uses_as_many_threads_as_are_used_here():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        recipe = remote.ClusterJob(Upsampling(Blur()), "cpu")
        torch.set_num_threads(1)
        remote.choose_layout(recipe, (5, 24, 24))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_without_ray_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(StvsrError, match=r"^`cluster` needs Ray: pip install 'stvsr\[cluster\]'$"):
        run(source(tmp_path), tmp_path / "out.mkv", Cluster("auto"))
    assert not (tmp_path / "out.mkv").exists()


def test_single_devices_are_left_to_ray():
    with pytest.raises(StvsrError, match="Ray chooses which one"):
        Cluster("local", "cuda:1")


class Deadly(Blur):
    """Kills its process or fails in the middle of the video, once or always."""

    def __init__(self, flag: Path, error: Exception | None = None) -> None:
        super().__init__(2, 2, reach=(1, 2))
        self.flag, self.error = flag, error

    def upsample(self, low):
        if low.mean() > 0.5 and not self.flag.exists():  # of the second shot
            if self.error is not None:
                raise self.error
            self.flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().upsample(low)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_on_ray_a_worker_that_dies_is_replaced_and_errors_come_back_in_one_line(tmp_path, monkeypatch):
    pytest.importorskip("ray", reason="needs Ray: pip install 'stvsr[cluster]'")
    monkeypatch.setenv("RAY_worker_register_timeout_seconds", "600")  # on a busy machine
    monkeypatch.setenv("PYTHONPATH", importing()["PYTHONPATH"])  # workers import the model's class from here
    given, flag = source(tmp_path), tmp_path / "died"
    run(given, tmp_path / "here.mkv")
    with Cluster("local", "cpu") as cluster:
        progress = run(given, tmp_path / "there.mkv", cluster, Deadly(flag))
        assert flag.exists()
        assert progress.steps[-1] == 80
        assert (tmp_path / "there.mkv").read_bytes() == (tmp_path / "here.mkv").read_bytes()

        failing = Deadly(tmp_path / "never", StvsrError("no memory; close other programs"))
        with pytest.raises(StvsrError, match=r"^no memory; close other programs$"):
            run(given, tmp_path / "failed.mkv", cluster, failing)
        assert not (tmp_path / "failed.mkv").exists()
        failing.flag.touch()  # it does so no more
        assert run(given, tmp_path / "failed.mkv", cluster, failing).done_before > 0
        assert (tmp_path / "failed.mkv").read_bytes() == (tmp_path / "here.mkv").read_bytes()
