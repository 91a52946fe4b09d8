"""What gets lost or changed on the way into a file is told in one line, before anything is done."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stvsr.jobs.options import JobOptions
from stvsr.jobs.restoration import plan_restoration
from stvsr.video import LOSSLESS_RGB, VideoWriter, encoder, probe
from stvsr.video.colour import Colour
from stvsr.video.encoders import Encoder
from stvsr.video.mastering import Mastering
from tests.helpers.fakes import Repeat
from tests.helpers.jobs import expand, restore, shrink
from tests.helpers.killed import Heard

PQ = Colour("bt2020nc", "bt2020", "smpte2084", "limited")
P3 = tuple(Fraction(value, 10_000) for value in (6800, 3200, 2650, 6900, 1500, 600, 3127, 3290))
GRADED = Mastering(P3, (Fraction(1, 2000), Fraction(1000)), (812, 203))


def video(path: Path, width: int = 32, height: int = 24, mastering: Mastering | None = None, **options) -> Path:
    if mastering is not None:
        options |= {"colour": PQ, "mastering": mastering, "encoder": encoder("h265", pixel_format="yuv420p10le")}
    with VideoWriter(path, width, height, Fraction(25), **options) as writer:
        for number in range(4):
            writer.write(np.full((height, width, 3), 100 + number, np.uint8), Fraction(number, 25))
    return path


def told(source: Path, output: Path, space: int = 1, chosen: Encoder | None = None) -> list[str]:
    """Return what is said of a job, which is the same when it is only planned."""
    previewed, heard = Heard(), Heard()
    options = JobOptions(encoder=chosen, cuts=None)
    plan_restoration(source, output, Repeat(2, space), options=options, progress=previewed).preview(previewed)
    assert not output.exists()
    restore(source, output, Repeat(2, space), encoder=chosen, progress=heard, cuts=None)
    assert heard.lines == previewed.lines
    assert not any("\n" in line for line in heard.lines)
    return heard.lines


def test_an_odd_size_is_told_where_the_codec_stores_another(tmp_path):
    odd = video(tmp_path / "odd.mkv", 33, 24, encoder=LOSSLESS_RGB)
    (line,) = told(odd, tmp_path / "out.mp4")
    assert "is 33x24, which yuv420p cannot hold: stored as 34x24, which players crop" in line
    assert told(odd, tmp_path / "even.mp4", space=2) == []
    assert told(odd, tmp_path / "full.mp4", chosen=encoder("h264", pixel_format="yuv444p")) == []
    assert told(odd, tmp_path / "out.webm", chosen=encoder("vp9")) == []


@pytest.mark.parametrize("name", ["h264", "h265", "av1", "vp9"])
def test_what_hdr_was_graded_on_goes_along(tmp_path, name):
    graded = video(tmp_path / "hdr.mkv", 96, 64, GRADED)
    (line,) = told(graded, tmp_path / "out.mp4", chosen=encoder(name))
    assert "8 bits of every colour are kept" in line
    found = probe(tmp_path / "out.mp4").mastering
    assert found is not None
    assert found.light == GRADED.light
    assert len(found.chromaticities) == 8


def test_what_hdr_was_graded_on_is_named_where_it_is_lost(tmp_path):
    graded = video(tmp_path / "hdr.mkv", 96, 64, GRADED)
    lines = told(graded, tmp_path / "out.mkv", chosen=LOSSLESS_RGB)
    assert [line for line in lines if "goes without what its HDR was graded on" in line]
    assert probe(tmp_path / "out.mkv").mastering is None


def test_what_hdr_was_graded_on_comes_back_from_a_shrunk_video(tmp_path):
    graded = video(tmp_path / "hdr.mkv", 96, 64, GRADED)
    heard = Heard()
    shrink(graded, tmp_path / "small.mkv", Repeat(2, 4), progress=heard, cuts=None)
    assert not [line for line in heard.lines if "goes without" in line]
    expand(tmp_path / "small.mkv", tmp_path / "back.mkv", Repeat(2, 4), encoder=encoder("h265"))
    assert probe(tmp_path / "back.mkv").mastering == GRADED
    assert probe(tmp_path / "back.mkv").colour == PQ


def test_the_shape_of_pixels_is_named_where_a_container_loses_it(tmp_path):
    wide = video(tmp_path / "wide.mp4", sample_aspect=Fraction(4, 3))
    assert told(wide, tmp_path / "out.mkv") == []
    assert told(wide, tmp_path / "out.mp4", chosen=encoder("vp9")) == []
    (line,) = told(wide, tmp_path / "out.webm", chosen=encoder("vp9"))
    assert "goes without the shape of its pixels, 4/3" in line
