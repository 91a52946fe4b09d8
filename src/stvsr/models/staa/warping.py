"""Frames at any instants between given ones: both neighbours are moved there, and a network makes one of the two.

    first, second ──flow, both ways──> flow at the instant ──warp──> two views ─┬──> 2-D dense blocks
                                          └── + correction ──warp──> views <────┤      corrections, weights, detail
                                                                       └── weighted ── + detail ──> frame

Convolutions alone cannot follow what moves further than they reach; along the flow they need not. Weights are shared
by all instants: a network that was trained for one ratio of rates serves any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.errors import StvsrError
from stvsr.layers.between import flows_between
from stvsr.layers.convolution import Conv3d
from stvsr.layers.optical_flow import SPyNet, load_flow, warp
from stvsr.layers.residual_dense import NEGATIVE_SLOPE, ResidualDenseBlock3d
from stvsr.layers.search_flow import SearchFlow
from stvsr.layers.shuffle import space_time_shuffle, space_time_unshuffle
from stvsr.models.staa.config import UpsamplerConfig
from stvsr.models.staa.upsampler import COLOURS, start_at_zero
from stvsr.physics.scale import Scale

FLOW_CHANNELS, FLOW_KERNEL, FLOW_LEVELS = (32, 32, 16, 16), 5, 5
"""Sizes of the flow network, those of ``spynet-compact``."""
FLOWS = 4
SURROUNDINGS = 9
"""Side of the window whose mean the views are taken less, in pixels: what is left varies by about `DETAIL`."""
DETAIL, FLOW_UNIT = 0.1, 8.0
DETAIL_GAIN = 0.05
"""By how much one step of the optimiser may change a colour, compared to a weight or a shift of the flow."""
# Low pixels of margin beyond the reach of the convolutions, for the flow, which looks at the whole picture.
FLOW_MARGIN = 32
# Low frames over which the memory for the work on one frame is spread: windows this short are of no use.
FEWEST_FRAMES = 4


class WarpingUpsampler(nn.Module):
    """What lies between frames, pair by pair. Starts as a blend of both, moved along the flow.

    The flow at an instant is put together from those between the frames (Jiang et al., Super SloMo, CVPR 2018, Eq. 4).

    Args:
        config: Of it, ``features``, ``blocks``, ``layers``, ``growth``, ``fold``, ``residual`` and ``flow`` are used.
            A network finds flow on frames that are ``fold`` times smaller, a search on those that are given.
        scale: Its time factor is the usual one; others need nothing else.
    """

    def __init__(self, config: UpsamplerConfig, scale: Scale) -> None:
        super().__init__()
        self.config, self.scale = config, scale
        features, folded = config.features, config.fold**2
        searches = config.flow == "search"
        self.flow = SearchFlow() if searches else SPyNet(FLOW_CHANNELS, FLOW_KERNEL, FLOW_LEVELS)
        self.conv_first = _convolution(2 * COLOURS * folded + FLOWS + 1, features)
        self.body = nn.Sequential(
            *(
                ResidualDenseBlock3d(features, config.growth, config.layers, (1, 3, 3), config.residual)
                for _ in range(config.blocks)
            )
        )
        self.conv_last = _convolution(features, FLOWS + (1 + COLOURS) * folded)
        start_at_zero(self.conv_last)

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an output depends on, or is taken to."""
        if self.config.context is not None:
            return self.config.context
        return (1, (2 + self.config.blocks * self.config.layers) * self.config.fold + FLOW_MARGIN)

    @property
    def bytes_per_low_pixel(self) -> int:
        """Memory of inference for each pixel of each low frame of a window: frames are made one after the other."""
        return 4 * 6 * COLOURS * math.ceil(self.scale.samples) + self._working // FEWEST_FRAMES

    @property
    def _working(self) -> int:
        c = self.config
        dense = 2 * (c.features + c.growth * (c.layers - 1)) + 3 * c.features + 2 * sum(FLOW_CHANNELS)
        return 4 * (dense // c.fold**2 + 12 * COLOURS)

    def load_flow(self, name_or_folder: str) -> None:
        """Take over the weights of a trained optical flow network of the same sizes.

        Raises:
            StvsrError: If there is none of that name, its sizes differ, or motion is searched.
        """
        if isinstance(self.flow, SearchFlow):
            raise StvsrError("upsampler.flow is 'search', which has no weights: leave 'flow' out of the recipe")
        try:
            self.flow.load_state_dict(load_flow(name_or_folder).state_dict())
        except RuntimeError:
            raise StvsrError(f"{name_or_folder}: its sizes are not those of the model's flow network") from None

    def forward(self, low: Tensor, places: Sequence[Fraction]) -> Tensor:
        """Return the frames at ``places``, increasing, in low frames from the first on.

        Where there is a low frame, it is that one. Beyond the last one it stands still.

        Args:
            low: ``(B, 3, t, h, w)`` in [0, 1].
            places: From 0 on.

        Returns:
            ``(B, 3, len(places), h, w)``, not clipped.
        """
        made: list[Tensor] = []
        pair: _Pair | None = None
        for place in places:
            number, share = min(int(place), low.shape[2] - 1), float(place - int(place))
            if not share or number == low.shape[2] - 1:
                made.append(low[:, :, number])
                continue
            if pair is None or pair.number != number:
                pair = self._pair(low, number)
            made.append(self._between(pair, share))
        return torch.stack(made, dim=2)

    def _pair(self, low: Tensor, number: int) -> _Pair:
        """Find the flow between two neighbours, both ways, on the coarse grid."""
        first, second = (self._padded(low[:, :, frame]) for frame in (number, number + 1))
        learns = torch.is_grad_enabled() and any(weight.requires_grad for weight in self.flow.parameters())
        with torch.autocast(low.device.type, enabled=False), torch.set_grad_enabled(learns):
            both = self._flow(first.float(), second.float())
        forward, backward = both.chunk(2)
        return _Pair(number, first, second, forward, backward, (low.shape[3], low.shape[4]))

    def _flow(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the flow from each frame to the other, one after the other in the batch, on the coarse grid."""
        fold = self.config.fold
        if isinstance(self.flow, SearchFlow):  # finds smaller motion on larger frames; a network knows one size
            return F.avg_pool2d(self.flow(torch.cat((first, second)), torch.cat((second, first))), fold) / fold
        small = [F.avg_pool2d(frame, fold) for frame in (first, second)]
        found: Tensor = self.flow(torch.cat(small), torch.cat(small[::-1]))
        return found

    def _between(self, pair: _Pair, share: float) -> Tensor:
        """Return the frame at ``share`` of the way from the first to the second, ``(B, 3, h, w)``."""
        fold = self.config.fold
        flows = torch.cat(flows_between(pair.forward, pair.backward, share), 1)
        views = self._views(pair, flows)
        around = F.avg_pool2d((views[0] + views[1]) / 2, SURROUNDINGS, 1, SURROUNDINGS // 2, count_include_pad=False)
        seen = torch.cat([(view - around) / DETAIL for view in views], 1)[:, :, None]
        told = torch.cat((flows / FLOW_UNIT, flows.new_full((len(flows), 1, *flows.shape[2:]), share - 0.5)), 1)
        x = torch.cat((space_time_unshuffle(seen, 1, fold, fold), told[:, :, None]), 1)
        x = self.conv_last(self.body(F.leaky_relu(self.conv_first(x), NEGATIVE_SLOPE)))
        made = space_time_shuffle(x[:, FLOWS:], 1, fold, fold)[:, :, 0]
        views = self._views(pair, flows + x[:, :FLOWS, 0])
        weight = torch.sigmoid(made[:, :1] + math.log(share / (1 - share)))
        frame = torch.lerp(views[0], views[1], weight) + DETAIL_GAIN * made[:, 1:]
        return frame[..., : pair.size[0], : pair.size[1]]

    def _views(self, pair: _Pair, flows: Tensor) -> tuple[Tensor, Tensor]:
        """Return both frames, each warped along its flow of the coarse grid, bicubically: bilinear cost up to 4 dB."""
        fold = self.config.fold
        finer = F.interpolate(flows, scale_factor=fold, mode="bilinear", align_corners=False) * fold
        return warp(pair.first, finer[:, :2], "bicubic"), warp(pair.second, finer[:, 2:], "bicubic")

    def _padded(self, frames: Tensor) -> Tensor:
        fold = self.config.fold
        return F.pad(frames, (0, -frames.shape[3] % fold, 0, -frames.shape[2] % fold), mode="replicate")


@dataclass(frozen=True)
class _Pair:
    """Two neighbours, padded to whole pixels of the coarse grid, the flow between them, and their size before that."""

    number: int
    first: Tensor
    second: Tensor
    forward: Tensor
    backward: Tensor
    size: tuple[int, int]


def _convolution(taken: int, given: int) -> Conv3d:
    return Conv3d(taken, given, (1, 3, 3), padding=(0, 1, 1))
