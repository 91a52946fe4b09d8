"""Exact little models, whose every value depends on known neighbours, so that a seam would show."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stvsr.models.contract import Restorer
from stvsr.physics.scale import Scale


class Repeat(Restorer):
    """Keep sample ``s * i``; give every low sample back ``s`` times. Needs no context at all."""

    context = (0, 0)
    down_context = 0

    def __init__(self, time: int = 2, space: int = 4) -> None:
        self.scale = Scale.of(time, space)
        self.name = f"repeat-{self.scale}"

    def downsample(self, clip: Tensor) -> Tensor:
        time, height, width = self.scale.steps
        return clip[:, :, ::time, ::height, ::width]

    def upsample(self, low: Tensor) -> Tensor:
        for dim, factor in zip((2, 3, 4), self.scale.steps, strict=True):
            low = low.repeat_interleave(factor, dim)
        return low


class Blur(Repeat):
    """`Repeat` behind a random 3-D convolution with replicate padding, computed in double precision."""

    def __init__(self, time: int = 2, space: int = 4, reach: tuple[int, int] = (2, 3), down: int = 3) -> None:
        super().__init__(time, space)
        self.name = f"blur-{self.scale}"
        self.context = reach
        self.down_context = down
        generator = torch.Generator().manual_seed(5)
        size = (2 * reach[0] + 1, 2 * reach[1] + 1, 2 * reach[1] + 1)
        self._up = torch.rand((1, 1, *size), generator=generator, dtype=torch.float64)
        self._down = torch.rand((1, 1, 2 * down + 1, 5, 5), generator=generator, dtype=torch.float64)

    def downsample(self, clip: Tensor) -> Tensor:
        low = super().downsample(_correlate(clip, self._down))
        return (low * 255).round() / 255

    def upsample(self, low: Tensor) -> Tensor:
        return super().upsample(_correlate(low, self._up))


class Faster(Blur):
    """``time`` high frames for every low frame, a fraction such as 6/5, in groups of its denominator."""

    def __init__(self, time: Fraction) -> None:
        super().__init__(1, 2, reach=(2, 1))
        self.scale = Scale(time, 2, 2)

    def upsample(self, low: Tensor) -> Tensor:
        blurred = _correlate(low, self._up)
        frames = int(low.shape[2] * self.scale.time)
        source = [int(i / self.scale.time) for i in range(frames)]
        return blurred[:, :, source].repeat_interleave(2, 3).repeat_interleave(2, 4)


class Gathering(Blur):
    """A `Blur` whose answer also depends on a pixel's place in its block of ``block`` pixels."""

    def __init__(self, block: int) -> None:
        super().__init__(1, 2, reach=(1, 2))
        self.name, self._block = f"gathering-{block}", block

    def upsample(self, low: Tensor) -> Tensor:
        place = [torch.arange(n) % self._block + 1 for n in low.shape[3:]]
        weight = place[0][:, None] * place[1] / self._block**2
        return super().upsample(low * weight)


def _correlate(clip: Tensor, taps: Tensor) -> Tensor:
    reach = [(n - 1) // 2 for n in taps.shape[2:]]
    padding = [side for n in reversed(reach) for side in (n, n)]
    colours = clip.double().transpose(0, 1)
    return F.conv3d(F.pad(colours, padding, mode="replicate"), taps / taps.sum()).transpose(0, 1)


def clip(frames: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Random RGB frames ``(frames, height, width, 3)``, uint8."""
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), np.uint8)


def tensor(frames: np.ndarray) -> Tensor:
    """The clip ``(1, 3, T, H, W)`` of 8-bit frames."""
    return torch.from_numpy(frames).permute(3, 0, 1, 2)[None].float() / 255


def codes(clip: Tensor) -> np.ndarray:
    """The 8-bit frames of a clip."""
    return (clip[0].float().clamp(0, 1) * 255).round().byte().permute(1, 2, 3, 0).numpy()
