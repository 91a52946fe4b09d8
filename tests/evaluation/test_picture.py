import numpy as np

from stvsr.evaluation.picture import Region, busiest_region, compare, hold


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
