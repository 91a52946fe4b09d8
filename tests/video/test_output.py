import os
import subprocess
import sys
from pathlib import Path

import pytest

from stvsr.errors import StvsrError
from stvsr.video import check_output
from stvsr.video.output import PartialFile, container_format


@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
def test_writing_over_the_input_is_refused_also_through_links(tmp_path: Path, link: str | None) -> None:
    source = tmp_path / "in.mp4"
    source.write_bytes(b"x")
    output = source
    if link is not None:
        output = tmp_path / "out.mp4"
        getattr(output, link)(source)
    with pytest.raises(StvsrError, match="is the input itself"):
        check_output(source, output)


def test_another_path_to_the_input_is_the_input(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StvsrError, match="is the input itself"):
        check_output(tmp_path / "in.mp4", tmp_path / "folder" / ".." / "in.mp4")


def test_another_file_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(b"x")
    (tmp_path / "out.mp4").write_bytes(b"x")
    check_output(tmp_path / "in.mp4", tmp_path / "out.mp4")


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


@pytest.mark.parametrize("name", ["out.avi", "out", "out.mp4.bak"])
def test_a_suffix_without_a_container_is_refused(name: str) -> None:
    with pytest.raises(StvsrError, match=r"use one of \.mkv, \.mp4, \.mov, \.webm"):
        container_format(Path(name))
    assert container_format(Path("OUT.MP4")) == "mp4"


def test_what_a_killed_process_left_is_removed_and_what_others_write_stays(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, others = (tmp_path / f".a[1].partial-{number}.mkv" for number in (ended.pid, os.getppid()))
    mine = tmp_path / ".a[1].partial-notes.mkv"
    for path in (left, others, mine):
        path.touch()
    PartialFile(tmp_path / "a[1].mkv").discard()
    assert sorted(tmp_path.iterdir()) == sorted([others, mine])
