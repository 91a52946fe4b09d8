"""Low frames brought to every high instant along the optical flow: the start video X0 and its neighbours.

    low --space only, right phase--> large frames ─┬─ warped to instant t from the nearest frame ───┬─> blend: X0
      └─> flow to the next and previous frame ─────┴─ ... from the frame before, the frame after ───┘

All of it is computed once for a clip, before the first iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.optical_flow import SPyNet, warp
from stvsr.layers.search_flow import SearchFlow
from stvsr.models.davsr.recurrent_config import FlowConfig
from stvsr.physics.interpolation import trilinear
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

FOLD = 4
"""High pixels per pixel of the grid that the flow, and the enhancement network, work on."""
FLOWS = 6


@dataclass(frozen=True)
class Aligned:
    """What the low frames show at every high instant.

    Attributes:
        start: X0, ``(B, 3, T, H, W)``.
        views: The frame before the nearest, the nearest and the one after, warped, ``(B, 9, T, H, W)``.
        flows: From the instant to those three frames, in pixels of the coarse grid, ``(B, 6, T, H/4, W/4)``.
        distance: From the nearest frame to the instant, in low frames, ``(T,)``, about -0.5 to 0.5.
    """

    start: Tensor
    views: Tensor
    flows: Tensor
    distance: Tensor


class Motion(nn.Module):
    """Aligns low frames to the instants of the high grid, along a parabola through the frames around each.

    Args:
        config: Sizes of the flow network.
        search: Whether dense inverse search finds the flow instead, on frames of their full size.
    """

    def __init__(self, config: FlowConfig, *, search: bool = False) -> None:
        super().__init__()
        self.flow = SearchFlow() if search else SPyNet(config.channels, config.kernel, config.levels)

    def forward(self, low: Tensor, operator: SpaceTimeOperator) -> Aligned:
        """Return the low frames of ``low`` ``(B, 3, t, h, w)`` at every instant of the high grid."""
        learns = torch.is_grad_enabled() and any(weight.requires_grad for weight in self.flow.parameters())
        with torch.autocast(low.device.type, enabled=False), torch.set_grad_enabled(learns):
            return self._align(low.float(), operator)

    def _align(self, low: Tensor, operator: SpaceTimeOperator) -> Aligned:
        scale, centroid = operator.scale, operator.kernel.centroid.to(low)
        time, height, width = scale.steps
        in_space = centroid * centroid.new_tensor([0.0, 1.0, 1.0])
        large = trilinear(low, Scale(1, height, width), in_space)  # type: ignore[arg-type]
        size = (-(-large.shape[3] // FOLD), -(-large.shape[4] // FOLD))
        following, previous = self._flows(low, size)
        nearest, distance = instants(low.shape[2], time, float(centroid[:, 0].detach().mean()))
        before, after = (nearest - 1).clamp(min=0), (nearest + 1).clamp(max=low.shape[2] - 1)
        to_next, to_previous = (_select(field, nearest) for field in (following, previous))
        moved = displacement(*_at_ends(to_next, to_previous, nearest, low.shape), distance.to(low))
        here = -warp(moved, -moved)  # where the surface at the instant is in the nearest frame
        flows = [here + warp(to_previous, here), here, here + warp(to_next, here)]
        views = [
            _unflatten(warp(_flatten(large[:, :, frames]), _enlarge(flow, large.shape[3:])), low.shape[0])
            for frames, flow in zip((before, nearest, after), flows, strict=True)
        ]
        share = distance.abs().to(low)[:, None, None]
        other = torch.where((distance > 0).to(low.device)[:, None, None], views[2], views[0])
        start = torch.lerp(views[1], other, share)
        return Aligned(start, torch.cat(views, 1), _unflatten(torch.cat(flows, 1), low.shape[0]), distance.to(low))

    def _flows(self, low: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Return the flows to the following and previous frames, ``(B, t, 2, H/4, W/4)``, 0 where there is none."""
        batch, _, count, _, _ = low.shape
        frames = _flatten(low)
        if not isinstance(self.flow, SearchFlow):
            frames = _resized(frames, size)
        frames = frames.reshape(batch, count, *frames.shape[1:])
        nothing = frames.new_zeros(batch, 1, 2, *size)
        if count == 1:
            return nothing, nothing
        first, second = frames[:, :-1].flatten(0, 1), frames[:, 1:].flatten(0, 1)
        forward, backward = (
            _resized_flow(self.flow(*pair), size).reshape(batch, count - 1, 2, *size)
            for pair in ((first, second), (second, first))
        )
        return torch.cat([forward, nothing], 1), torch.cat([nothing, backward], 1)


def instants(count: int, time: int, centre: float) -> tuple[Tensor, Tensor]:
    """Return, for every high frame of ``count`` low ones, the nearest low frame and how far it lies after it.

    Args:
        count: Number of low frames.
        time: High frames per low frame.
        centre: Where a low frame sits, in high frames past ``time * i``.

    Returns:
        Indices ``(count * time,)``, and distances in low frames, beyond ±0.5 only at the ends.
    """
    places = (torch.arange(count * time, dtype=torch.float32) - centre) / time
    nearest = (places + 0.5 - 1e-4).floor().clamp(0, count - 1).long()
    return nearest, places - nearest


def displacement(to_next: Tensor, to_previous: Tensor, distance: Tensor) -> Tensor:
    """Return how far what a frame shows has moved at instants near it: along the parabola through three frames.

    With f the flow to the next frame and p that to the previous one, ``d (f - p) / 2 + d² (f + p) / 2`` is 0 at the
    frame, f at ``d = 1`` and p at ``d = -1``.

    Args:
        to_next: f, ``(B * T, 2, h, w)``, the frames of one clip after those of another.
        to_previous: p, of the same shape.
        distance: d, in frames, ``(T,)``.
    """
    d = distance.repeat(len(to_next) // len(distance))[:, None, None, None]
    return d * (to_next - to_previous) / 2 + d.square() * (to_next + to_previous) / 2


def _at_ends(to_next: Tensor, to_previous: Tensor, nearest: Tensor, low_size: torch.Size) -> tuple[Tensor, Tensor]:
    """Let motion go on as it is beyond the first and the last frame, where there is no flow."""
    batch, count = low_size[0], low_size[2]
    first, last = ((nearest == end).to(to_next.device).repeat(batch)[:, None, None, None] for end in (0, count - 1))
    return torch.where(last, -to_previous, to_next), torch.where(first, -to_next, to_previous)


def _select(fields: Tensor, frames: Tensor) -> Tensor:
    return fields[:, frames.to(fields.device)].flatten(0, 1)


def _flatten(clip: Tensor) -> Tensor:
    return clip.transpose(1, 2).flatten(0, 1)


def _unflatten(frames: Tensor, batch: int) -> Tensor:
    return frames.reshape(batch, -1, *frames.shape[1:]).transpose(1, 2)


def _resized(frames: Tensor, size: tuple[int, int]) -> Tensor:
    if frames.shape[2:] == size:
        return frames
    return F.interpolate(frames, size=size, mode="bilinear", antialias=True, align_corners=False)


def _resized_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a flow on a grid of another size, in its pixels."""
    height, width = flow.shape[2:]
    return _resized(flow, size) * flow.new_tensor([size[1] / width, size[0] / height])[:, None, None]


def _enlarge(flow: Tensor, size: torch.Size) -> Tensor:
    """Return a flow of the coarse grid on the high grid, in its pixels."""
    height, width = size
    covered = (flow.shape[2] * FOLD, flow.shape[3] * FOLD)
    finer = F.interpolate(flow, size=covered, mode="bilinear", align_corners=False)[:, :, :height, :width]
    return finer * FOLD
