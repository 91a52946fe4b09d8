import numpy as np
import pytest
from PIL import Image, ImageDraw

from stvsr.errors import StvsrError
from stvsr.figures.compare.matched import Lineup
from stvsr.figures.compare.sheet import ACCENT, Seen, Sheet, _furthest, _Grid, _wrapped, busiest_lines
from stvsr.figures.picture import Region

REGION = Region(16, 8, 24, 40)


@pytest.fixture
def lineup(film, moving):
    frames = moving(8)
    worse = frames // 2
    return Lineup([film("close.mkv", frames + 2), film("far.mkv", worse)], film("truth.mkv", frames))


def test_a_sheet_shows_every_crop_pixel_by_pixel(lineup, moving):
    sheet, grid = Sheet(lineup, REGION, [2, 3]), _Grid(REGION, 2)
    picture = np.asarray(sheet.draw())
    assert picture.shape[1] == grid.width
    for row, frames in enumerate([moving(8), moving(8) + 2, moving(8) // 2]):
        for x, number in zip(grid.columns, (2, 3), strict=False):
            y = grid.top + row * grid.row + 19  # below the caption
            shown = picture[y : y + grid.cell[0] : grid.zoom, x : x + grid.cell[1] : grid.zoom]
            assert np.array_equal(shown, REGION.cut(frames[number]))


def test_the_slices_are_the_row_and_the_column_with_most_motion(lineup, moving):
    sheet, grid = Sheet(lineup, REGION, [2, 3]), _Grid(REGION, 2)
    picture, crops = np.asarray(sheet.draw()), REGION.cut(moving(8))
    row, column = busiest_lines(crops)
    assert 20 <= REGION.top + row < 36  # where the square passes
    y = grid.top + 19
    across = picture[y : y + grid.cell[0], grid.columns[-3] :: grid.zoom][:, :40]
    assert np.array_equal(across[:: grid.cell[0] // 8][:8], crops[:, row])
    down = picture[y : y + grid.cell[0] : grid.zoom, grid.columns[-2] : grid.columns[-2] + grid.cell[1]]
    assert np.array_equal(down[:, :: grid.cell[1] // 8][:, :8], crops[:, :, column].swapaxes(0, 1))


def test_a_long_name_breaks_at_a_mark():
    draw = ImageDraw.Draw(Image.new("RGB", (9, 9)))
    assert _wrapped(draw, "street-at-night-restored", 150) == ["street-at-night-", "restored"]
    assert "".join(_wrapped(draw, "x" * 30, 150)) == "x" * 30
    assert _wrapped(draw, "short", 150) == ["short"]


def test_differences_are_shown_where_they_are_largest():
    truth, other = Seen([np.zeros((4, 4, 3), np.uint8)] * 3), Seen([np.full((4, 4, 3), v, np.uint8) for v in (1, 7, 3)])
    place, maps = _furthest([truth, other], [0, 1, 2])
    assert place == 1
    assert [one.max() for one in maps] == [0, 7]


def test_the_best_psnr_has_the_accent(lineup):
    grid = _Grid(REGION, 1)
    picture = np.asarray(Sheet(lineup, REGION, [2]).draw())
    rows = [picture[grid.top + i * grid.row :][: grid.row, 24 : 24 + 150] for i in range(3)]
    assert [bool((row == ACCENT).all(axis=-1).any()) for row in rows] == [False, True, False]


def test_a_sheet_needs_no_truth_and_is_written_whole_or_not_at_all(film, moving, tmp_path):
    lineup = Lineup([film("one.mkv", moving(3)), film("two.mkv", moving(3))])
    Sheet(lineup, REGION, [0]).write(tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(StvsrError, match="--frame 7: the reference has frames 0 to 2"):
        Sheet(lineup, REGION, [7]).write(tmp_path / "none.png")
    assert not list(tmp_path.glob("*none*"))
