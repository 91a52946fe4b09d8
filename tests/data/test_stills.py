import numpy as np
import pytest
from PIL import Image

from stvsr.data.clips import open_clips
from stvsr.data.stills import FRAMES, MovingStills, Path2d
from stvsr.errors import StvsrError


@pytest.fixture
def photographs(tmp_path):
    for number, (height, width) in enumerate([(60, 90), (75, 64)]):
        rows, columns = np.mgrid[:height, :width]
        picture = 127 + 90 * np.sin(rows / 5 + number) * np.cos(columns / 7)
        Image.fromarray(np.repeat(picture[..., None], 3, 2).astype(np.uint8)).save(tmp_path / f"{number}.png")
    return tmp_path


def clips(folder, **settings):
    return open_clips({"kind": "stills", "path": str(folder), "count": 6, **settings})


def test_there_are_as_many_clips_as_asked_for_of_the_photographs_sizes(photographs):
    found = clips(photographs)
    assert [found.shape(index) for index in range(len(found))] == [(FRAMES, 60, 90), (FRAMES, 75, 64)] * 3


def test_a_crop_is_a_part_of_the_clip_wherever_it_begins(photographs):
    found = clips(photographs)
    whole = found.crop(3, 0, FRAMES, 0, 0, 75, 64).astype(int)
    part = found.crop(3, 4, 7, 11, 13, 30, 20).astype(int)
    assert np.abs(part - whole[4:11, 11:41, 13:33]).max() <= 2  # rounding of the warp's coordinates


def test_the_same_photograph_moves_differently_in_another_clip_and_alike_for_the_same_seed(photographs):
    found, again, later = clips(photographs), clips(photographs), clips(photographs, seed=2)
    crop = (0, 8, 0, 0, 60, 64)
    assert np.array_equal(found.crop(0, *crop), again.crop(0, *crop))
    assert np.array_equal(found.crop(2, *crop), later.crop(0, *crop))
    assert not np.array_equal(found.crop(0, *crop), found.crop(2, *crop))


def test_the_middle_frame_shows_the_chosen_place_in_its_centre():
    path = Path2d((0.25, 0.5), (3.0, -2.0), (0.1, 0.0), 1.5, 0.01, 0.3, 0.02)
    assert path.matrix(0, (80, 40))[:, 2] == pytest.approx((20, 20))
    assert path.matrix(2, (80, 40))[:, 2] == pytest.approx((20 + 6 + 0.2, 20 - 4))


def test_a_folder_without_photographs_is_refused(tmp_path):
    with pytest.raises(StvsrError, match="no image in there"):
        clips(tmp_path)
    with pytest.raises(StvsrError, match="count"):
        MovingStills([], 3, 0)


def test_a_folder_that_is_missing_is_told_what_goes_there_and_how_to_do_without(tmp_path):
    with pytest.raises(StvsrError, match=r"no such folder.*Photographs of your own go there.*kind: videos"):
        clips(tmp_path / "stills")
