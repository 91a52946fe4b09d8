import os
import subprocess
import sys
from pathlib import Path

import pytest

from stvsr.errors import StvsrError
from stvsr.files import PartialFile, atomic_write, check_name, hidden_name


def test_a_kept_file_replaces_the_old_one_and_a_discarded_file_leaves_it(tmp_path: Path) -> None:
    final = tmp_path / "out.mp4"
    final.write_text("old")
    partial = PartialFile(final)
    assert partial.path == tmp_path / f".out.partial-{os.getpid()}.mp4"
    partial.path.write_text("unfinished")
    partial.discard()
    assert final.read_text() == "old"
    partial = PartialFile(final)
    partial.path.write_text("new")
    partial.keep()
    assert final.read_text() == "new"
    assert list(tmp_path.iterdir()) == [final]


@pytest.mark.parametrize(
    ("name", "overwrite", "message"),
    [
        ("folder.mp4", True, "is a folder"),
        ("old.mp4", False, "exists already"),
        ("nowhere/out.mp4", True, "does not exist; create it first"),
        ("old.mp4/out.mp4", True, "does not exist; create it first"),
    ],
)
def test_impossible_places_are_refused(tmp_path: Path, name: str, overwrite: bool, message: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "old.mp4").touch()
    with pytest.raises(StvsrError, match=message):
        PartialFile(tmp_path / name, overwrite)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StvsrError, match="cannot be written"):
        PartialFile(tmp_path / "out.mp4")


def test_what_a_killed_process_left_is_removed_and_what_others_write_stays(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, others = (tmp_path / f".a[1].partial-{number}.mkv" for number in (ended.pid, os.getppid()))
    mine = tmp_path / ".a[1].partial-notes.mkv"
    for path in (left, others, mine):
        path.touch()
    PartialFile(tmp_path / "a[1].mkv").discard()
    assert sorted(tmp_path.iterdir()) == sorted([others, mine])


def test_a_context_keeps_the_file_only_if_nothing_went_wrong(tmp_path: Path) -> None:
    final = tmp_path / "page.txt"
    with pytest.raises(ZeroDivisionError), atomic_write(final) as aside:
        aside.write_text(f"half {1 / 0}")
    assert list(tmp_path.iterdir()) == []
    with atomic_write(final) as aside:
        aside.write_text("whole")
        assert not final.exists()
    assert final.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [final]


LONG = ["x" * 251, "x" * 240, "\u6620" * 80, "\u6620" * 83, "\U0001f3ac" * 62]


@pytest.mark.parametrize("stem", LONG, ids=lambda stem: f"{len(stem)} of {stem[0]}")
def test_every_name_that_the_disk_takes_can_be_written(tmp_path: Path, stem: str) -> None:
    final = tmp_path / f"{stem}.mkv"
    partial = PartialFile(final)
    partial.path.write_text("new")
    partial.keep()
    assert final.read_text() == "new"
    assert list(tmp_path.iterdir()) == [final]


def test_hidden_names_of_long_names_differ_as_these_do(tmp_path: Path) -> None:
    hidden = {hidden_name("y" * 240 + end, ".stvsr") for end in "abc"}
    assert len(hidden) == 3
    assert all(name.startswith(".yyy") and len(os.fsencode(name)) <= 255 for name in hidden)


def test_what_a_killed_process_left_of_a_long_name_is_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    stem = "z" * 251
    left = tmp_path / hidden_name(stem, f".partial-{ended.pid}.mkv")
    left.touch()
    PartialFile(tmp_path / f"{stem}.mkv").discard()
    assert not list(tmp_path.iterdir())


def test_a_name_that_no_disk_takes_is_told_as_such(tmp_path: Path) -> None:
    final = tmp_path / ("\u6620" * 84 + ".mkv")
    for attempt in (lambda: check_name(final), lambda: PartialFile(final)):
        with pytest.raises(StvsrError, match=r"a name of 256 bytes .* is longer than this disk takes") as caught:
            attempt()
        assert len(str(caught.value)) < 200
    assert not list(tmp_path.iterdir())
