"""Laws of naming: every input is found once, has an output of its own, and is never written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from stvsr.errors import StvsrError
from stvsr.jobs.batch import find_tasks
from stvsr.text import readable_time

FILES = ["a.mp4", "b.AVI", "notes.txt", ".hidden.mp4", ".trash/c.mp4", "trip/a.mp4", "trip/deep/d.mov", "trip/e.webm"]


@pytest.fixture
def videos(tmp_path, monkeypatch) -> Path:
    """A folder of files named like videos, below the current one."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return Path("in")


def found(*inputs: str, output: str = "out", able: tuple[str, ...] = (".mp4", ".mkv", ".mov"), **options) -> dict:
    """Sources and outputs as text."""
    batch = find_tasks([Path(name) for name in inputs], Path(output), able, **options)
    assert batch.many
    return {str(task.source): str(task.output) for task in batch.tasks}


def test_one_file_becomes_the_file_that_is_named(videos):
    batch = find_tasks([videos / "a.mp4"], Path("out.mkv"))
    assert not batch.many
    assert [(str(task.source), str(task.output)) for task in batch.tasks] == [("in/a.mp4", "out.mkv")]
    assert not find_tasks([Path("missing.mp4")], Path("out.mkv")).many


def test_one_file_goes_into_a_folder_that_is_there_or_named_like_one(videos):
    assert found("in/a.mp4", output="out/") == {"in/a.mp4": "out/a.mp4"}
    Path("out").mkdir()
    assert found("in/a.mp4") == {"in/a.mp4": "out/a.mp4"}


def test_several_files_go_into_a_folder_in_a_container_that_can_be_written(videos):
    assert found("in/b.AVI", "in/trip/e.webm", "in/a.mp4", "missing.mov", "film.M4V") == {
        "in/b.AVI": "out/b.mkv",
        "in/trip/e.webm": "out/e.mkv",
        "in/a.mp4": "out/a.mp4",
        "missing.mov": "out/missing.mov",
        "film.M4V": "out/film.mp4",
    }
    assert set(found("in", container="mov").values()) == {f"out/{name}.mov" for name in WHOLE}


WHOLE = ("a", "b", "trip/a", "trip/e", "trip/deep/d")


def test_of_a_folder_the_videos_are_taken_with_its_structure_and_nothing_hidden(videos):
    assert found("in") == {
        "in/a.mp4": "out/a.mp4",
        "in/b.AVI": "out/b.mkv",
        "in/trip/a.mp4": "out/trip/a.mp4",
        "in/trip/e.webm": "out/trip/e.mkv",
        "in/trip/deep/d.mov": "out/trip/deep/d.mov",
    }


def test_outputs_among_the_inputs_are_not_taken_for_inputs_the_next_time(videos):
    first = found("in", output="in/out")
    for name in first.values():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("done")
    assert found("in", output="in/out") == first
    assert found("in/**/*.mp4", output="in/out") == {"in/a.mp4": "in/out/a.mp4", "in/trip/a.mp4": "in/out/trip/a.mp4"}


def test_a_pattern_keeps_the_structure_below_its_fixed_part(videos):
    assert found("in/trip/**/*.m*") == {"in/trip/a.mp4": "out/a.mp4", "in/trip/deep/d.mov": "out/deep/d.mov"}
    assert found("in/*") == found("in")
    assert found("in/*.txt") == {"in/notes.txt": "out/notes.mkv"}


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(videos):
    Path("clip[1].mp4").write_text("x")
    batch = find_tasks([Path("clip[1].mp4")], Path("o.mp4"))
    assert (batch.many, len(batch.tasks)) == (False, 1)


def test_a_file_that_is_given_twice_is_done_once(videos):
    Path("link.mp4").symlink_to("in/a.mp4")
    assert list(found("in/a.mp4", "in", "link.mp4", "./in/a.mp4").values()).count("out/a.mp4") == 1
    assert len(found("in/a.mp4", "in", "link.mp4")) == 5


@pytest.mark.parametrize(
    ("inputs", "output", "told"),
    [
        (["in/a.mp4", "in/trip/a.mp4"], "out", "would both become out/a.mp4"),
        (["in"], "in", "among the inputs"),
        (["in/a.mp4", "in/trip/e.webm"], "in", "in/a.mp4 is one of the inputs"),
        (["in/a.mp4", "in/b.AVI"], "in/notes.txt", "is a file's name"),
        (["in/a.mp4", "in/b.AVI"], "out.mp4", "is a file's name"),
        (["in"], "out.mkv", "is a file's name"),
        (["*.mp4"], "out", "nothing matches"),
        (["in/.trash", "in/*.txt/*"], "out", "nothing matches"),
        (["empty"], "out", "no video in there"),
        (["pictures"], "out", "pictures holds single pictures, .* make one of them first"),
        (["pictures"], "out.mkv", "pictures holds single pictures"),
        (["pictures/*.png"], "out", "holds single pictures"),
        (["pictures/*"], "out", "holds single pictures"),
    ],
    ids=str,
)
def test_what_would_overwrite_or_do_nothing_is_refused(videos, inputs, output, told):
    Path("empty").mkdir()
    Path("pictures").mkdir()
    Path("pictures/0001.png").touch()
    with pytest.raises(StvsrError, match=told):
        find_tasks([Path(name) for name in inputs], Path(output))


def test_a_container_must_be_one_that_can_hold_the_video(videos):
    with pytest.raises(StvsrError, match=r"`container` ogg: use one of mp4, mkv, mov"):
        found("in", container="ogg")
    with pytest.raises(StvsrError, match="contradicts"):
        find_tasks([Path("in/a.mp4")], Path("out.mkv"), container="mp4")


def test_durations_are_readable():
    assert [readable_time(s) for s in (0.04, 59.94, 75, 3599, 3725, 90000)] == [
        "0.0 s", "59.9 s", "1 min 15 s", "1 h 00 min", "1 h 02 min", "25 h 00 min",
    ]  # fmt: skip
