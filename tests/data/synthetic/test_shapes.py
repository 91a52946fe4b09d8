import numpy as np
import pytest
import torch

from stvsr.data.synthetic.shapes import Bars, Blob, Everywhere, Polygon, draw_shape, opacity


def points(*places):
    return torch.tensor(places, dtype=torch.float64).unbind(dim=1)


def test_depth_is_the_distance_to_the_outline():
    circle = Blob(10.0, ())
    assert torch.allclose(circle.depth(*points((0, 0), (6, 8), (0, 12))), torch.tensor([10.0, 0.0, -2.0]).double())
    half_plane = Polygon(((0.0, 5.0),))
    assert torch.allclose(half_plane.depth(*points((0, 9), (7, 0))), torch.tensor([5.0, -2.0]).double())
    bars = Bars(0.0, 4.0, 10.0)
    depths = bars.depth(*points((0, 3), (2, 0), (5, 0), (-9, 1)))
    assert torch.allclose(depths, torch.tensor([2.0, 0.0, -3.0, 1.0]).double())


def test_opacity_is_one_half_on_the_outline_and_linear_around_it():
    circle = Blob(10.0, ())
    values = opacity(circle, 4.0, *points((0, 0), (9, 0), (10, 0), (11, 0), (13, 0)))
    assert torch.allclose(values, torch.tensor([1.0, 0.75, 0.5, 0.25, 0.0]).double())
    assert opacity(Everywhere(), 4.0, *points((0, 0), (1e5, 0))).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("seed", range(8))
def test_a_drawn_shape_holds_its_centre_and_not_everything(seed):
    shape = draw_shape(np.random.default_rng(seed), 20.0)
    grid = torch.linspace(-80, 80, 161)
    depth = shape.depth(grid.expand(161, 161), grid[:, None].expand(161, 161))
    assert depth[80, 80] > 0
    assert depth.min() < 0
