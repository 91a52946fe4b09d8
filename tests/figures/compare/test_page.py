import base64
import json
import re

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.figures.compare import page as module
from stvsr.figures.compare.matched import Lineup
from stvsr.figures.compare.page import Page, arrange, largest_region
from stvsr.figures.picture import Region
from stvsr.video.reader import VideoReader

WHOLE = Region(0, 0, 64, 96)


@pytest.fixture
def lineup(film, moving):
    frames = moving(8)
    low = film("<low>.mkv", frames[::2, ::2, ::2].copy(), rate=12)
    return Lineup([low, film("close.mkv", frames // 2 + 60)], film("truth.mkv", frames))


def _part(text, name):
    return re.search(rf'<script type="[^"]*" id="{name}">(.*?)</script>', text, re.DOTALL)[1]


def _frames(path):
    with VideoReader(path) as reader:
        return [frame.rgb for frame in reader]


def test_the_page_holds_every_video_in_step_and_needs_no_network(lineup, moving, tmp_path):
    written = Page(lineup, WHOLE, 0, 10).write(tmp_path / "out.html")
    text = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert written.film is None
    assert (written.frames, written.bytes) == (8, len(text.encode()))
    assert not re.search(r"https?:|//[a-z]|src=|@import|%[A-Z]+%", text.replace(_part(text, "film"), ""))

    data = json.loads(_part(text, "data"))
    (tmp_path / "film.mp4").write_bytes(base64.b64decode(_part(text, "film")))
    shown = _frames(tmp_path / "film.mp4")
    assert len(shown) == len(data["times"]) == 8
    for which, name in enumerate(["truth", "<low>", "close"]):
        assert data["names"][which] == name
        left, top = data["tiles"][which]
        for moment, frame in zip(lineup.moments(), shown, strict=True):
            tile = frame[top : top + data["height"], left : left + data["width"]].mean(axis=-1)
            assert np.abs(tile - moment.frames[which].mean(axis=-1)).mean() < 4  # grey, as colour is stored coarsely
    assert data["psnr"][0] is None
    assert len(data["psnr"][2]) == 8


def test_a_part_of_the_time_and_of_the_frame_can_be_shown(lineup, tmp_path):
    Page(lineup, Region(8, 16, 30, 50), 3, 0.13).write(tmp_path / "out.html")
    data = json.loads(_part((tmp_path / "out.html").read_text(encoding="utf-8"), "data"))
    assert (data["first"], len(data["times"])) == (3, 4)
    assert data["begin"] == pytest.approx(3 / 24, abs=1e-4)
    assert (data["width"], data["height"]) == (50, 30)
    with pytest.raises(StvsrError, match="--frame 9"):
        Page(lineup, WHOLE, 9, 1).write(tmp_path / "none.html")
    assert not list(tmp_path.glob("*none*"))


def test_a_large_video_lies_beside_the_page_and_never_over_a_source(lineup, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_EMBEDDED", 100)
    monkeypatch.setattr(module, "MOST_BYTES", 100)  # the worst quality is taken
    written = Page(lineup, WHOLE, 0, 10).write(tmp_path / "out.html")
    assert written.film == tmp_path / "out-video.mp4"
    text = written.page.read_text(encoding="utf-8")
    assert _part(text, "film") == ""
    assert json.loads(_part(text, "data"))["file"] == "out-video.mp4"
    assert written.bytes == written.page.stat().st_size + written.film.stat().st_size
    again = Lineup([written.film, written.film])
    with pytest.raises(StvsrError, match="is the input itself"):
        Page(again, WHOLE, 0, 1).write(tmp_path / "out.html")


@pytest.mark.parametrize("count", [2, 3, 5, 8])
@pytest.mark.parametrize("size", [(64, 96), (1080, 1920), (2160, 3840), (37, 4099)])
def test_tiles_fit_into_what_players_show_and_do_not_overlap(count, size):
    region = Region(0, 0, *size)
    part = largest_region(count, region)
    tiles = arrange(count, part)
    assert max(tiles.size) <= module.MOST_SIDE
    assert tiles.size[0] * tiles.size[1] <= module.MOST_PIXELS
    assert part.top + part.height <= size[0]
    assert part.left + part.width <= size[1]
    used = np.zeros((tiles.size[1] // 16, tiles.size[0] // 16), int)
    for left, top in tiles.places:
        used[top // 16 : -(-(top + part.height) // 16), left // 16 : -(-(left + part.width) // 16)] += 1
    assert used.max() == 1
    if size == (64, 96):
        assert part == region
