import os
import subprocess
import sys

import numpy as np
import pytest

from stvsr.engine import job
from stvsr.engine.segments import SegmentStore, folder_of
from stvsr.errors import StvsrError
from stvsr.video.encoders import encoder
from stvsr.video.pieces import CodedWriter
from tests.helpers import importing, program
from tests.helpers.clips import read, write
from tests.helpers.fakes import Blur, clip
from tests.helpers.jobs import restore
from tests.helpers.killed import RATE, Heard, run, source

needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")


@pytest.fixture(autouse=True)
def short_segments(monkeypatch):
    monkeypatch.setattr(job, "SEGMENT", 8)


class Stops(Blur):
    """Fails when it is called for the ``at``-th time."""

    calls = 0

    def __init__(self, at, error):
        super().__init__(2, 2, reach=(1, 2))
        self.name = Blur(2, 2, reach=(1, 2)).name
        self._at, self._error = at, error

    def upsample(self, low):
        type(self).calls += 1
        if type(self).calls == self._at:
            raise self._error
        return super().upsample(low)


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """A job stopped in the middle by Ctrl-C: its input, its output's name and what it said."""

    def stop(error=KeyboardInterrupt, **options):
        given, output, heard = source(tmp_path), tmp_path / "out.mkv", Heard()
        ordinary, calls = Blur.upsample, [0]

        def upsample(self, low):
            calls[0] += 1
            if calls[0] == 15:
                raise error
            return ordinary(self, low)

        with monkeypatch.context() as patch:
            patch.setattr(Blur, "upsample", upsample)
            patch.setattr("tests.helpers.killed.Heard", lambda: heard)
            with pytest.raises(error):
                run(given, output, **options)
        return given, output, heard.lines

    return stop


@needs_fork
@pytest.mark.timeout(600)  # eleven small jobs: seconds, but on a busy machine minutes
def test_a_job_killed_at_any_moment_goes_on_to_the_same_file_to_the_bit(tmp_path):
    command = program("killed", tmp_path, ".mkv", 3)
    done = subprocess.run(command, env=importing(), capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ctrl_c_says_in_one_line_that_the_same_command_goes_on(interrupted):
    _, output, lines = interrupted()
    assert not output.exists()
    assert len(lines) == 1
    assert "the same command goes on from there" in lines[0]
    assert "\n" not in lines[0]


def test_what_is_done_is_not_done_again(interrupted, monkeypatch):
    given, output, _ = interrupted()
    ordinary, frames = Blur.upsample, []
    monkeypatch.setattr(Blur, "upsample", lambda self, low: (frames.append(low.shape[2]), ordinary(self, low))[1])
    heard = run(given, output)
    assert heard.done_before >= 8
    resumed, again = sum(frames), output.read_bytes()
    frames.clear()
    output.unlink()
    run(given, output)
    assert output.read_bytes() == again
    assert resumed < 0.95 * sum(frames)
    assert not folder_of(output).exists()


@pytest.mark.parametrize(
    "options",
    [{"encoder": encoder("ffv1")}, {"memory": 10_000_000}, {"cuts": None}],
    ids=["encoder", "memory", "cuts"],
)
def test_other_options_begin_anew_and_say_so(interrupted, options, tmp_path):
    given, output, _ = interrupted()
    heard = run(given, output, **options)
    assert heard.done_before == 0
    assert [line for line in heard.lines if "beginning anew" in line]
    fresh = tmp_path / "fresh.mkv"
    run(given, fresh, **options)
    assert output.read_bytes() == fresh.read_bytes()


def test_another_input_of_the_same_name_size_and_date_begins_anew(interrupted):
    given, output, _ = interrupted()
    dates = given.stat()
    data = bytearray(given.read_bytes())
    place = data.index(b"Lavf")
    data[place : place + 4] = b"lavf"
    given.write_bytes(data)
    os.utime(given, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert run(given, output).done_before == 0


def test_another_model_begins_anew(interrupted):
    given, output, _ = interrupted()
    heard = Heard()
    other = Blur(2, 2, reach=(2, 2))
    restore(given, output, other, progress=heard, memory=20_000_000)
    assert heard.done_before == 0
    assert "beginning anew" in heard.lines[0]


def test_a_short_job_removes_what_a_long_one_left(interrupted, tmp_path):
    _, output, _ = interrupted()
    short = write(tmp_path / "short.mkv", clip(3, 24, 32), [i / RATE for i in range(3)], rate=RATE)
    run(short, output)
    assert len(read(output)[0]) == 6
    assert not folder_of(output).exists()


def test_a_damaged_segment_is_made_again(interrupted, tmp_path):
    given, output, _ = interrupted()
    part = folder_of(output) / "00000.part"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    run(given, output)
    run(given, tmp_path / "fresh.mkv")
    assert output.read_bytes() == (tmp_path / "fresh.mkv").read_bytes()


def test_a_failure_before_the_first_segment_leaves_nothing(tmp_path):
    given = source(tmp_path)
    with pytest.raises(ZeroDivisionError):
        restore(given, tmp_path / "out.mkv", Stops(1, ZeroDivisionError()), memory=20_000_000)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_a_name_as_long_as_the_disk_takes_is_kept_and_gone_on_with_like_any_other(tmp_path, monkeypatch):
    given, output = source(tmp_path), tmp_path / ("\u6620" * 83 + "x.mkv")
    ordinary, calls = Blur.upsample, [0]

    def upsample(self, low):
        calls[0] += 1
        if calls[0] == 15:
            raise KeyboardInterrupt
        return ordinary(self, low)

    with monkeypatch.context() as patch:
        patch.setattr(Blur, "upsample", upsample)
        with pytest.raises(KeyboardInterrupt):
            run(given, output)
    assert folder_of(output).is_dir()
    assert run(given, output).done_before >= 8
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([given.name, output.name])


def test_two_processes_do_not_make_the_same_file(tmp_path):
    given, output = source(tmp_path), tmp_path / "out.mkv"
    with SegmentStore(output, "key", Heard()), pytest.raises(StvsrError, match="another stvsr is making"):
        run(given, output)
    run(given, output)


def test_what_others_put_into_the_folder_stays(tmp_path):
    given, output = source(tmp_path), tmp_path / "out.mkv"
    folder = folder_of(output)
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    run(given, output)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_full_disk_is_one_line_and_what_is_done_stays(tmp_path, monkeypatch):
    given, output = source(tmp_path), tmp_path / "out.mkv"
    ordinary, calls = CodedWriter.add, [0]

    def add(self, frame):
        calls[0] += 1
        if calls[0] == 40:
            raise OSError(28, "No space left on device")
        ordinary(self, frame)

    with monkeypatch.context() as patch:
        patch.setattr(CodedWriter, "add", add)
        with pytest.raises(StvsrError, match=r"No space left .*check the disk") as raised:
            run(given, output)
    assert "\n" not in str(raised.value)
    assert run(given, output).done_before > 0


def test_a_job_of_many_segments_gives_what_one_of_a_single_segment_gives(tmp_path, monkeypatch):
    given = source(tmp_path)
    run(given, tmp_path / "many.mkv", encoder=encoder("ffv1"))
    monkeypatch.setattr("tests.helpers.killed.job", type("Elsewhere", (), {}))
    monkeypatch.setattr(job, "SEGMENT", 1000)
    run(given, tmp_path / "one.mkv", encoder=encoder("ffv1"))
    many, one = read(tmp_path / "many.mkv"), read(tmp_path / "one.mkv")
    np.testing.assert_array_equal(many[0], one[0])
    assert many[1] == one[1]
