import numpy as np

from stvsr.figures.compare.heat import coloured, difference, scale_top


def test_a_difference_is_the_mean_of_the_colours_in_code_values():
    one, two = np.zeros((1, 2, 3), np.uint8), np.array([[[3, 0, 0], [255, 255, 255]]], np.uint8)
    assert difference(one, two).tolist() == difference(two, one).tolist() == [[1, 255]]


def test_a_scale_holds_nearly_everything():
    assert scale_top([np.full((10, 10), 8.0)]) == 8
    assert scale_top([np.zeros((10, 10)), np.full((10, 10), 9.0)]) == 12
    assert scale_top([np.full((10, 10), 255.0)]) == 255


def test_more_difference_is_darker_and_none_is_white():
    colours = coloured(np.linspace(0, 40, 33), 32).astype(int).sum(axis=1)
    assert colours[0] == 3 * 255
    assert (np.diff(colours) <= 0).all()
    assert colours[-1] == colours[-3]  # beyond the end
