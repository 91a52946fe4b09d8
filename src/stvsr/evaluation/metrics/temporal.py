"""Metrics of motion: what PSNR and SSIM, frame by frame, do not see. Less is better in all of them.

R is the restored clip, T the truth, both in 8-bit code values; f_t is the optical flow of the truth from frame t to
frame t - 1, and W(I) is I sampled along it. The value at t is that of frames t - 1 and t; frame 0 has none.

* **warping error** (Lai et al., Learning blind video temporal consistency, ECCV 2018): how much a restored frame
  differs from its predecessor moved along the true motion, in code values,

      sqrt( sum M |R_t - W(R_{t-1})|^2 / (3 sum M) ),      M = exp(-50 |T_t - W(T_{t-1})|^2), T in [0, 1]

  M, the soft mask of their training loss, leaves out what is hidden in one of the two frames. Flows are imperfect and
  light changes, so that the truth itself has an error; it stands beside it (``warping_error_of_truth``). Less than
  that is not better: blur lowers the error.
* **flow error** (tOF of Chu et al., TecoGAN, SIGGRAPH 2020, there with the sum of absolute differences): mean distance
  in pixels between f_t and the flow of the restored clip from frame t to frame t - 1.
* **x-t profile error**: 1 - SSIM of slices of luma in which one axis is x and the other is time, so that speed is the
  slope of an edge; of 16 rows spread over the picture, with a square window of 7 pixels by 7 frames, inside the slice
  only. The value at t is that of the windows centred there: the first and last three frames have none, nor has a clip
  of fewer than 7 frames.
* **flicker**: how much the error changes from frame to frame, on luma, in code values:
  sqrt(mean(((R_t - T_t) - (R_{t-1} - T_{t-1}))^2)). A steady error, such as blur where nothing moves, does not flicker.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from stvsr.evaluation.flow import Flow, to_tensor
from stvsr.evaluation.metrics.psnr_ssim import PEAK, luma
from stvsr.layers.optical_flow import warp
from stvsr.video.images import Image

ROWS = 16
WINDOW = 7
VISIBILITY = 50.0


class TemporalMeter:
    """The metrics of this module for one clip, frame by frame; holds two frames and some rows of each.

    Args:
        flow: How motion is found.
        device: Where to compute.
    """

    def __init__(self, flow: Flow, device: str = "cpu") -> None:
        self._flow, self._device = flow, device
        self._before: tuple[Image, Image] | None = None
        self._warping: list[float] = []
        self._warping_of_truth: list[float] = []
        self._motion: list[float] = []
        self._flicker: list[float] = []
        self._rows: list[Tensor] = []

    @torch.inference_mode()
    def add(self, restored: Image, truth: Image) -> None:
        """Take the next frame of both, ``(height, width, 3)`` uint8 RGB, all of one size."""
        pair = (restored, truth)
        now = torch.stack([to_tensor(frame, self._device) for frame in pair])
        rows = torch.linspace(0, now.shape[2] - 1, ROWS + 2)[1:-1].round().long()
        self._rows.append(luma(now[:, :, rows])[:, 0])
        values = (math.nan,) * 4 if self._before is None else self._compare(self._before, pair, now)
        curves = (self._warping, self._warping_of_truth, self._motion, self._flicker)
        for curve, value in zip(curves, values, strict=True):
            curve.append(value)
        self._before = pair

    def _compare(
        self, before: tuple[Image, Image], pair: tuple[Image, Image], now: Tensor
    ) -> tuple[float, float, float, float]:
        past = torch.stack([to_tensor(frame, self._device) for frame in before])
        made, true = (self._flow(a, b).to(now) for a, b in zip(pair, before, strict=True))
        height, width = true.shape[1:]
        moved = warp(past.flatten(0, 1)[None], true[None], "bicubic").reshape(2, 3, height, width)
        errors = (now - moved).square().sum(dim=1).double()
        visible = torch.exp(-VISIBILITY * errors[1] / PEAK**2)
        weighted = ((errors * visible).sum(dim=(1, 2)) / (3 * visible.sum())).sqrt()
        change = luma(now) - luma(past)
        flicker = (change[0] - change[1]).double().square().mean().sqrt()
        distance = (made - true).double().square().sum(dim=0).sqrt().mean()
        return float(weighted[0]), float(weighted[1]), float(distance), float(flicker)

    def curves(self) -> dict[str, list[float]]:
        """Return the value of every frame by metric, not a number where a frame has none."""
        return {
            "warping_error": self._warping,
            "warping_error_of_truth": self._warping_of_truth,
            "flow_error": self._motion,
            "profile_error": self._profile(),
            "flicker": self._flicker,
        }

    def _profile(self) -> list[float]:
        edge = WINDOW // 2
        if len(self._rows) < WINDOW:
            return [math.nan] * len(self._rows)
        restored, truth = torch.stack(self._rows, dim=2).double()
        by_frame = 1 - box_ssim(restored, truth).mean(dim=(0, 2))
        return [math.nan] * edge + by_frame.tolist() + [math.nan] * edge


def box_ssim(a: Tensor, b: Tensor, window: int = WINDOW) -> Tensor:
    """Return the map of SSIM (Wang et al. 2004) of pictures ``(N, H, W)`` in code values, with a square window.

    K1 = 0.01, K2 = 0.03; only where the window lies inside: ``(N, H - window + 1, W - window + 1)``.
    """

    def mean(picture: Tensor) -> Tensor:
        return F.avg_pool2d(picture[:, None], window, stride=1)[:, 0]

    mean_a, mean_b = mean(a), mean(b)
    variances = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    return (2 * mean_a * mean_b + c1) * (2 * covariance + c2) / ((mean_a**2 + mean_b**2 + c1) * (variances + c2))
