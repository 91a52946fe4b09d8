"""What a flow is judged by: the exact one, or how well frames explain each other along it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studies.flow.samples import Known, Triples
from stvsr.layers.optical_flow import SPyNet, contrast, warp

HIDDEN = 0.3  # weight of pixels whose surface cannot be seen in both frames
SMOOTHNESS = 0.03
EDGE = 12.0  # how sharply a step in the picture lets the flow jump


def end_point_error(flow: Tensor, truth: Tensor) -> Tensor:
    """Return the distance in pixels, ``(batch, 1, height, width)``."""
    return (flow - truth).square().sum(dim=1, keepdim=True).sqrt()


def supervised(flows: list[Tensor], known: Known) -> Tensor:
    """Return the sum over all levels of the end-point error in pixels of that level.

    Args:
        flows: As `SPyNet.pyramid` gives them, coarsest first.
        known: The truth; what is hidden counts by `HIDDEN`.
    """
    truth, weight = known.flow, HIDDEN + (1 - HIDDEN) * known.visible
    total = truth.new_zeros(())
    for flow in reversed(flows):
        distance = ((flow - truth).square().sum(dim=1, keepdim=True) + 1e-3).sqrt()
        total = total + (distance * weight).sum() / weight.sum()
        truth, weight = F.avg_pool2d(truth, 2) / 2, F.avg_pool2d(weight, 2)
    return total


def one_level(stack: nn.Module, known: Known, scales: int = 3) -> Tensor:
    """Return the error of one level that starts from a spoilt truth, at several sizes of the pictures.

    All levels have the same task: to find what is left of a motion that is known roughly. So one can learn it for
    all, on every size at once, long before a whole pyramid learns anything.

    Args:
        stack: The convolutions of a level.
        known: Pairs whose sides can be halved ``scales`` times.
        scales: Sizes to learn on.
    """
    first, second, truth, weight = known.first, known.second, known.flow, HIDDEN + (1 - HIDDEN) * known.visible
    total = truth.new_zeros(())
    for _ in range(scales):
        coarse = F.avg_pool2d(truth, 2)
        start = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False) + _misjudged(truth)
        found = start + SPyNet.residual(stack, contrast(first), contrast(second), start)
        distance = ((found - truth).square().sum(dim=1, keepdim=True) + 1e-3).sqrt()
        total = total + (distance * weight).sum() / weight.sum()
        first, second, truth, weight = (F.avg_pool2d(part, 2) for part in (first, second, truth, weight))
        truth = truth / 2
    return total


def _misjudged(flow: Tensor) -> Tensor:
    """Return a smooth random error of about a pixel, as a coarser level leaves it."""
    batch, _, height, width = flow.shape
    level = torch.rand(2, batch, 1, 1, 1, device=flow.device)
    shift = torch.randn(batch, 2, 1, 1, device=flow.device) * level[0] * 1.5
    bumps = torch.randn(batch, 2, height // 12 + 1, width // 12 + 1, device=flow.device) * level[1]
    return shift + F.interpolate(bumps, (height, width), mode="bilinear", align_corners=False)


def unsupervised(forwards: Tensor, backwards: Tensor, real: Triples) -> Tensor:
    """Return how badly two flows explain three frames, in units of picture values, plus their roughness.

    The outer frames must look like each other along the flows where neither is hidden, and the one between like
    both warped by their parts of the way (``F_{t->1} = part F_{2->1}``, ``F_{t->2} = (1 - part) F_{1->2}``).

    Args:
        forwards: Flow from the first to the second frame, ``(batch, 2, height, width)``.
        backwards: From the second to the first.
        real: The frames.
    """
    first, between, second = real.clean
    loss = _explained(first, second, forwards, backwards) + _explained(second, first, backwards, forwards)
    from_first = _difference(warp(first, real.part * backwards), between)
    from_second = _difference(warp(second, (1 - real.part) * forwards), between)
    middle = torch.minimum(from_first, from_second).mean() + 0.5 * (from_first + from_second).mean()
    rough = roughness(forwards, first) + roughness(backwards, second)
    return 0.5 * loss + middle + SMOOTHNESS * rough


def roughness(flow: Tensor, picture: Tensor) -> Tensor:
    """Return the mean step of a flow from pixel to pixel, less counted where the picture has an edge."""
    total = flow.new_zeros(())
    for axis in (-1, -2):
        step = flow.diff(dim=axis).square().sum(dim=1, keepdim=True).add(1e-4).sqrt()
        total = total + (step * torch.exp(-EDGE * picture.diff(dim=axis).abs().mean(dim=1, keepdim=True))).mean()
    return total


def seen_in_both(flow: Tensor, back: Tensor) -> Tensor:
    """Return 1 where going there and back ends near the start and inside (Sundaram et al., ECCV 2010, eq. 5)."""
    height, width = flow.shape[-2:]
    returned = warp(back, flow)
    lengths = flow.square().sum(dim=1, keepdim=True) + returned.square().sum(dim=1, keepdim=True)
    near = (flow + returned).square().sum(dim=1, keepdim=True) < 0.01 * lengths + 0.5
    x = torch.arange(width, device=flow.device) + flow[:, :1]
    y = torch.arange(height, device=flow.device)[:, None] + flow[:, 1:]
    return (near & (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).float()


def _explained(picture: Tensor, other: Tensor, flow: Tensor, back: Tensor) -> Tensor:
    seen = seen_in_both(flow.detach(), back.detach())
    return (_difference(warp(other, flow), picture) * seen).mean()


def _difference(picture: Tensor, wanted: Tensor) -> Tensor:
    """Return the robust difference of values and of their slopes, ``(batch, 1, height, width)``."""
    error = picture - wanted
    slopes = F.pad(error.diff(dim=-1), (0, 1)).square() + F.pad(error.diff(dim=-2), (0, 0, 0, 1)).square()
    return (error.square() + 1e-5).sqrt().mean(dim=1, keepdim=True) + (slopes + 1e-5).sqrt().mean(dim=1, keepdim=True)
