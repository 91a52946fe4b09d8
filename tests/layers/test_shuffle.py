import pytest
import torch

from stvsr.layers.shuffle import space_time_shuffle, space_time_unshuffle

FACTORS = [(1, 1, 1), (2, 1, 1), (1, 2, 2), (2, 4, 4), (3, 2, 5)]


@pytest.mark.parametrize("factors", FACTORS)
def test_unshuffle_undoes_shuffle_at_odd_sizes(factors):
    time, height, width = factors
    x = torch.randn(2, 3 * time * height * width, 3, 5, 7)
    y = space_time_shuffle(x, *factors)
    assert y.shape == (2, 3, 3 * time, 5 * height, 7 * width)
    assert torch.equal(space_time_unshuffle(y, *factors), x)


@pytest.mark.parametrize("factors", FACTORS)
def test_shuffle_undoes_unshuffle(factors):
    time, height, width = factors
    y = torch.randn(1, 2, time, 3 * height, 5 * width)
    assert torch.equal(space_time_shuffle(space_time_unshuffle(y, *factors), *factors), y)


def test_every_element_goes_where_the_order_colour_time_row_column_says():
    time, height, width = 2, 3, 2
    x = torch.arange(2 * 12 * 2 * 1 * 3.0).reshape(1, 2 * 12, 2, 1, 3)
    y = space_time_shuffle(x, time, height, width)
    for index in torch.cartesian_prod(*(torch.arange(size) for size in y.shape[1:])).tolist():
        colour, frame, row, column = index
        channel = ((colour * time + frame % time) * height + row % height) * width + column % width
        assert y[0, colour, frame, row, column] == x[0, channel, frame // time, row // height, column // width]


def test_shuffle_of_a_channels_last_tensor_is_the_same():
    x = torch.randn(1, 8, 3, 4, 5)
    assert torch.equal(
        space_time_shuffle(x.to(memory_format=torch.channels_last_3d), 2, 2, 2),
        space_time_shuffle(x, 2, 2, 2),
    )


def test_channels_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ValueError, match="7 channels"):
        space_time_shuffle(torch.zeros(1, 7, 1, 1, 1), 2, 2, 2)


def test_sizes_that_are_no_multiple_are_refused():
    with pytest.raises(ValueError, match="no multiple"):
        space_time_unshuffle(torch.zeros(1, 1, 3, 4, 4), 2, 2, 2)
