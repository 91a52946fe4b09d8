"""Videos of two fields are refused, made whole or taken as they are, as was asked."""

from __future__ import annotations

from typing import get_args

import av
import numpy as np
import pytest

from stvsr.cli import parameters
from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.physics.degradation import Degradation
from stvsr.video import deinterlace
from stvsr.video.encoders import encoder
from tests.helpers.clips import read
from tests.helpers.fakes import Repeat
from tests.helpers.fields import combs, write_woven
from tests.helpers.jobs import degrade, restore, shrink


class Heard(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def notice(self, line: str) -> None:
        self.lines.append(line)


def test_every_job_refuses_fields_in_one_line_that_says_how_to_go_on(tmp_path) -> None:
    source = write_woven(tmp_path / "in.mp4")
    jobs = (
        lambda output: shrink(source, output, Repeat(2, 2)),
        lambda output: degrade(source, output, Degradation(1, 2)),
        lambda output: restore(source, output, Repeat(1, 1)),
    )
    for job in jobs:
        with pytest.raises(StvsrError, match="set `interlaced` to deinterlace, or to keep") as refused:
            job(tmp_path / "out.mkv")
        assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_fields_become_whole_pictures_at_their_own_times_on_request(tmp_path) -> None:
    source, heard = write_woven(tmp_path / "in.mp4", stamps=(0, 1, 2, 3, 7, 8, 9, 10)), Heard()
    for how, most in (("deinterlace", 0.7), ("keep", 99.0)):
        restore(source, tmp_path / "out.mkv", Repeat(1, 1), encoder=encoder("ffv1"), interlaced=how, progress=heard)
        (made, times), (_, given) = read(tmp_path / "out.mkv"), read(source)
        assert times == given
        assert (how == "keep") == (combs(made[3]) > 5)
        assert combs(made[3]) < most
    assert [line.rsplit(": ", 1)[1] for line in heard.lines] == [
        "its frames are deinterlaced",
        "its frames are taken as they are",
    ]


@pytest.mark.parametrize("cuts", [7.0, None])
def test_fields_that_begin_half_way_are_refused_there(tmp_path, cuts) -> None:
    plain, path = tmp_path / "plain.h264", tmp_path / "joined.h264"
    with av.open(str(plain), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    path.write_bytes(plain.read_bytes() + write_woven(tmp_path / "woven.h264").read_bytes())
    with pytest.raises(StvsrError, match=r"joined\.h264 is interlaced at"):
        restore(path, tmp_path / "out.mkv", Repeat(1, 1), cuts=cuts)
    assert not list(tmp_path.glob("*out*"))


def test_the_command_line_offers_what_the_reader_does() -> None:
    assert set(get_args(parameters.Interlaced)) == set(get_args(deinterlace.Interlaced))
