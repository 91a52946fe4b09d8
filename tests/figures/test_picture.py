import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.figures.picture import Region, busiest_region, compare, hold, time_slice


def test_the_busiest_region_holds_the_change():
    frames = np.zeros((3, 40, 50, 3), np.uint8)
    frames[2, 20:26, 33:40] = 200
    frames[1, 2, 2] = 255  # between other frames
    region = busiest_region(frames[1:], 0, 16)
    assert region.cut(frames)[2].sum() == frames[2].sum()
    assert busiest_region(frames, 0, 99) == Region(0, 0, 40, 50)


def test_a_comparison_shows_crops_pixel_by_pixel_and_a_slice_in_order_of_time():
    frames = np.random.default_rng(0).integers(0, 256, (4, 20, 30, 3), np.uint8)
    region = Region(5, 7, 8, 9)
    picture = np.asarray(compare([("one", frames), ("two", 255 - frames)], region, 1, 2, zoom=2))

    crop, row = region.cut(frames), 28  # below the margin and the caption
    shown = picture[row : row + 16, 6 : 6 + 18]
    assert np.array_equal(shown[::2, ::2], crop[1])
    assert np.array_equal(shown[1::2, 1::2], crop[1])
    slice_ = picture[row : row + 16, 6 + 2 * (18 + 6) : 6 + 2 * (18 + 6) + 18]
    assert np.array_equal(slice_[::4, ::2], crop[:, 4])
    below = row + 16 + 6 + 22
    assert np.array_equal(picture[below : below + 16, 6 : 6 + 18], 255 - shown)


def test_a_held_clip_has_the_size_of_the_original():
    low = np.random.default_rng(0).integers(0, 256, (3, 2, 4, 3), np.uint8)
    held = hold(low, 2, 3, 4, (5, 5, 14))
    assert held.shape == (5, 5, 14, 3)
    assert np.array_equal(held[4, 4, 13], low[2, 1, 3])


def test_a_slice_shows_one_row_of_every_frame_in_order():
    frames = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), np.uint8)
    assert np.array_equal(time_slice(frames, 4), frames[:, 4])


def test_even_motion_is_a_straight_line_in_a_slice():
    frames = np.zeros((6, 4, 20, 3), np.uint8)
    for i in range(6):
        frames[i, :, 2 + 3 * i] = 255
    rows, columns = np.nonzero(time_slice(frames, 1)[..., 0])
    assert np.array_equal(columns, 2 + 3 * rows)


def test_a_stretched_slice_gives_every_frame_the_same_share():
    frames = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 2, 3), np.uint8)
    assert time_slice(frames, 0, 10)[:, 0, 0].tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]
    assert time_slice(frames, 2, 2)[:, 0, 0].tolist() == [0, 2]


@pytest.mark.parametrize(("row", "height"), [(-1, None), (3, None), (0, 0)])
def test_an_impossible_slice_is_refused(row, height):
    with pytest.raises(StvsrError, match="give"):
        time_slice(np.zeros((4, 3, 2, 3), np.uint8), row, height)
