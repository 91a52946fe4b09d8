"""PSNR and SSIM of 8-bit frames, on RGB and on luma.

Everything is measured on the values that a file holds: whole numbers 0 .. 255, never floats before rounding.

* **PSNR**, peak 255, of one frame: the squared error is averaged over its pixels (for RGB also over the three
  colours) before the logarithm. Capped at `PSNR_CAP`, which is also what identical frames get, so that a mean
  stays finite; `Score.identical` says for which share of the frames that was so.
* **SSIM** (Wang et al. 2004): Gaussian window of 11 x 11, sigma 1.5, K1 = 0.01, K2 = 0.03. torchmetrics
  reflects the frame at its edges and averages over the whole of it; we average its map only where the window
  lies inside the frame, 5 pixels from every edge ("valid", as in the authors' code). For RGB the mean of the
  three colours.
* **Y** is luma as the field measures it: ITU-R BT.601 in studio swing, 16 .. 235 (MATLAB's ``rgb2ycbcr``), of
  the 8-bit RGB and not rounded again; the peak stays 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stvsr.errors import StvsrError

Frames = NDArray[np.uint8]

PEAK = 255.0
PSNR_CAP = 100.0
SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
LUMA_WEIGHTS = (65.481, 128.553, 24.966)
LUMA_OFFSET = 16.0


@dataclass(frozen=True)
class Score:
    """The quality of one frame, or the mean of several.

    Attributes:
        psnr_rgb: PSNR over all three colours, in dB, at most `PSNR_CAP`.
        ssim_rgb: SSIM, mean of the three colours; not a number where it was left out.
        psnr_y: PSNR of luma, in dB, at most `PSNR_CAP`.
        ssim_y: SSIM of luma.
        identical: Share of the frames (0 or 1 for one) whose RGB equals the truth exactly.
    """

    psnr_rgb: float
    ssim_rgb: float
    psnr_y: float
    ssim_y: float
    identical: float = 0.0

    @classmethod
    def mean(cls, scores: Sequence[Score]) -> Score | None:
        """Return the mean of each figure, or ``None`` of no scores."""
        if not scores:
            return None
        return cls(*(sum(getattr(s, f.name) for s in scores) / len(scores) for f in fields(cls)))


def luma(rgb: Tensor) -> Tensor:
    """Return BT.601 studio-swing luma ``(N, 1, H, W)``, 16 .. 235, of RGB ``(N, 3, H, W)``, 0 .. 255."""
    weights = torch.tensor(LUMA_WEIGHTS, dtype=rgb.dtype, device=rgb.device) / PEAK
    return (rgb * weights[:, None, None]).sum(dim=1, keepdim=True) + LUMA_OFFSET


def score_frames(
    restored: Frames, truth: Frames, border: int = 0, device: torch.device | str = "cpu", *, ssim: bool = True
) -> list[Score]:
    """Score every frame against the truth, one at a time.

    Args:
        restored: ``(T, H, W, 3)`` uint8 RGB.
        truth: Of the same shape.
        border: Rows and columns left out at every edge.
        device: Where to compute.
        ssim: Whether to compute SSIM too, which takes far longer; without, it is not a number.

    Raises:
        StvsrError: If the shapes differ, or a frame without its border is smaller than the SSIM window.
    """
    if restored.shape != truth.shape:
        raise StvsrError(f"frames of shape {restored.shape} cannot be compared with a truth of {truth.shape}")
    _, height, width, _ = truth.shape
    if min(height, width) - 2 * border < SSIM_WINDOW:
        raise StvsrError(f"frames of {width}x{height} are too small to measure: SSIM needs {SSIM_WINDOW} pixels a side")
    return [
        _score(_planar(a, border, device), _planar(b, border, device), with_ssim=ssim)
        for a, b in zip(restored, truth, strict=True)
    ]


def _planar(frame: NDArray[np.uint8], border: int, device: torch.device | str) -> Tensor:
    height, width, _ = frame.shape
    inside = frame[border : height - border, border : width - border].copy()
    return torch.from_numpy(inside).to(device).permute(2, 0, 1)[None].double()


def _score(restored: Tensor, truth: Tensor, *, with_ssim: bool) -> Score:
    restored_y, truth_y = luma(restored), luma(truth)
    ssim = torch.full((4,), torch.nan)
    if with_ssim:
        ssim = _ssim(torch.cat([restored, restored_y], 1), torch.cat([truth, truth_y], 1))
    return Score(
        psnr_rgb=_psnr(restored, truth),
        ssim_rgb=float(ssim[:3].mean()),
        psnr_y=_psnr(restored_y, truth_y),
        ssim_y=float(ssim[3]),
        identical=float(torch.equal(restored, truth)),
    )


def _psnr(restored: Tensor, truth: Tensor) -> float:
    psnr = _torchmetrics().peak_signal_noise_ratio(restored, truth, data_range=PEAK)
    return min(float(psnr), PSNR_CAP)


def _ssim(restored: Tensor, truth: Tensor) -> Tensor:
    """Return the SSIM of each channel of one frame ``(1, C, H, W)``, over the window's valid positions."""
    _, full = _torchmetrics().structural_similarity_index_measure(
        (restored / PEAK).float(),
        (truth / PEAK).float(),
        sigma=SSIM_SIGMA,
        kernel_size=SSIM_WINDOW,
        data_range=1.0,
        return_full_image=True,
    )
    edge = SSIM_WINDOW // 2
    valid: Tensor = full[0, :, edge:-edge, edge:-edge].double()
    return valid.mean(dim=(1, 2))


def check_installed() -> None:
    """Find out before hours of work whether their result can be measured.

    Raises:
        StvsrError: If torchmetrics or Pillow is missing.
    """
    _torchmetrics()


def _torchmetrics() -> Any:
    try:
        import PIL.Image  # noqa: F401 - reads frames and draws what was measured
        import torchmetrics.functional.image as functional
    except ImportError as error:
        raise StvsrError("measuring quality needs torchmetrics and Pillow: pip install 'stvsr[evaluate]'") from error
    return functional
