import torch
from torch import nn

from stvsr.layers.conv_lstm import ConvLSTMCell


def test_paper_size_cell_has_the_parameters_of_one_convolution():
    with torch.device("meta"):
        cell = ConvLSTMCell(64, 64)
    assert sum(p.numel() for p in cell.parameters()) == 295_168


def test_a_cell_of_one_pixel_follows_the_equations_of_an_lstm():
    torch.manual_seed(0)
    ours, theirs = ConvLSTMCell(3, 2, kernel=1).double(), nn.LSTMCell(3, 2).double()
    weight = ours.gates.weight.detach()[:, :, 0, 0]
    # Gates are admit, forget, show, candidate here; torch has admit, forget, candidate, show.
    order = torch.tensor([0, 1, 2, 3, 6, 7, 4, 5])
    with torch.no_grad():
        theirs.weight_ih.copy_(weight[order, :3])
        theirs.weight_hh.copy_(weight[order, 3:])
        theirs.bias_ih.copy_(ours.gates.bias[order])
        theirs.bias_hh.zero_()
    x, hidden, cell = (torch.randn(5, n, dtype=torch.float64) for n in (3, 2, 2))
    expected = theirs(x, (hidden, cell))
    got = ours(x[..., None, None], (hidden[..., None, None], cell[..., None, None]))
    torch.testing.assert_close(tuple(s[..., 0, 0] for s in got), expected)


def test_shape_is_kept_at_odd_sizes():
    state = (torch.zeros(2, 3, 5, 7), torch.zeros(2, 3, 5, 7))
    hidden, cell = ConvLSTMCell(4, 3)(torch.randn(2, 4, 5, 7), state)
    assert hidden.shape == cell.shape == (2, 3, 5, 7)
    assert hidden.abs().max() < 1
