from pathlib import Path

import pytest

from stvsr.errors import StvsrError
from stvsr.video import check_output
from stvsr.video.output import container_format


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


@pytest.mark.parametrize("name", ["out.avi", "out", "out.mp4.bak"])
def test_a_suffix_without_a_container_is_refused(name: str) -> None:
    with pytest.raises(StvsrError, match=r"use one of \.mkv, \.mp4, \.mov, \.webm"):
        container_format(Path(name))
    assert container_format(Path("OUT.MP4")) == "mp4"
