"""Long short-term memory whose gates are convolutions (Shi et al., NIPS 2015)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]


class ConvLSTMCell(nn.Module):
    """One step of a convolutional LSTM.

    One convolution of the input and the hidden state gives all four gates. ``cell`` is what is remembered,
    ``hidden`` what is shown of it::

        cell'   = sigmoid(forget) * cell + sigmoid(admit) * tanh(candidate)
        hidden' = sigmoid(show) * tanh(cell')

    Args:
        features: Channels of the input.
        hidden: Channels of either state.
        kernel: Odd kernel size.
    """

    def __init__(self, features: int, hidden: int, kernel: int = 3) -> None:
        super().__init__()
        self.gates = nn.Conv2d(features + hidden, 4 * hidden, kernel, padding=kernel // 2)

    def forward(self, x: Tensor, state: State) -> State:
        """Advance by one frame.

        Args:
            x: Input ``(B, features, H, W)``.
            state: Hidden and cell state, ``(B, hidden, H, W)`` each.

        Returns:
            The new hidden and cell state.
        """
        hidden, cell = state
        admit, forget, show, candidate = self.gates(torch.cat((x, hidden), dim=1)).chunk(4, dim=1)
        cell = forget.sigmoid() * cell + admit.sigmoid() * candidate.tanh()
        return show.sigmoid() * cell.tanh(), cell
