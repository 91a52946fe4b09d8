"""Deformable temporal modelling: features carried through time in both directions (STAA, appendix B.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.alignment import SIZE_MULTIPLE, Pyramid, PyramidAlignment
from stvsr.layers.conv_lstm import ConvLSTMCell, State
from stvsr.layers.deformable import clear_offset_statistics, offset_statistics


class DeformableTemporalModule(nn.Module):
    """Bidirectional deformable ConvLSTM (5,063,392 parameters with 64 features and 8 groups).

    ::

        frame ───────────┬──────────────┬─────────────────┐
        last hidden ── align ───────────┼──────────── ConvLSTM ──> hidden: the result of this frame
        last cell ─────────────────── align ─────────── cell ────> cell

    Both states are aligned with the current frame before the cell sees them, each by a `PyramidAlignment` of
    its own. The clip is run through from the first frame and from the last with the same weights, and a 1×1
    convolution joins the two results of a frame.

    Args:
        features: Channels in and out.
        groups: Groups of the deformable convolutions; a divisor of ``features``.
    """

    def __init__(self, features: int = 64, groups: int = 8) -> None:
        super().__init__()
        self.align_hidden = PyramidAlignment(features, groups)
        self.align_cell = PyramidAlignment(features, groups)
        self.cell = ConvLSTMCell(features, features)
        self.join = nn.Conv2d(2 * features, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, features, T, H, W)`` to the same shape; any sizes, any number of frames."""
        if not torch.compiler.is_exporting():
            clear_offset_statistics(self)
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % SIZE_MULTIPLE, 0, -height % SIZE_MULTIPLE, 0, 0), mode="replicate")
        forward, backward = self._propagate(padded)
        joined = self.join(torch.cat((forward, backward), dim=2).flatten(0, 1))
        result: Tensor = joined.reshape(x.shape[0], x.shape[2], *joined.shape[1:]).transpose(1, 2)
        return result[..., :height, :width]

    def offset_statistics(self) -> dict[str, float]:
        """Return the ``mean`` and ``max`` absolute offset of the last forward pass, in its levels' pixels."""
        return offset_statistics(self)

    def _propagate(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the hidden states of both directions, ``(B, T, features, H, W)`` each, in order of time.

        Neither direction waits for the other and both use the same weights: they run as one batch.
        """
        batch, features, frames, height, width = x.shape
        stacked = x.transpose(1, 2).flatten(0, 1)
        hidden_pyramid = self._both_ways(self.align_hidden.pyramid(stacked), batch)
        cell_pyramid = self._both_ways(self.align_cell.pyramid(stacked), batch)
        zeros = x.new_zeros(2 * batch, features, height, width)
        state: State = (zeros, zeros)
        shown: list[Tensor] = []
        for frame in range(frames):
            hidden = self.align_hidden(state[0], [level[:, frame] for level in hidden_pyramid])
            cell = self.align_cell(state[1], [level[:, frame] for level in cell_pyramid])
            state = self.cell(hidden_pyramid[0][:, frame], (hidden, cell))
            shown.append(state[0])
        forward, backward = torch.stack(shown, dim=1).chunk(2)
        return forward, backward.flip(1)

    @staticmethod
    def _both_ways(pyramid: Pyramid, batch: int) -> Pyramid:
        """Turn levels ``(B * T, C, h, w)`` into ``(2 * B, T, C, h, w)``: the clip as it is, and reversed."""
        clips = [level.reshape(batch, -1, *level.shape[1:]) for level in pyramid]
        return [torch.cat((clip, clip.flip(1))) for clip in clips]
