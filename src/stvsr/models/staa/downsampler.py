"""STAA's downsamplers: one low-pass filter for each colour, then a stride (section 4.1, Table 2).

    high (B, 3, T, H, W) --3-D filter per colour, stride s--> --8 bit--> low (B, 3, T/r, H/s, W/s)

With one filter for all colours the training falls into sending every r-th frame and guessing the others. With one
for each, started at different instants (`DownsamplerConfig.phases`), the colours carry different moments. Lossy codecs
destroy that; for them there is one filter for all colours on request (`DownsamplerConfig.shared`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.errors import StvsrError
from stvsr.layers.quantise import quantise
from stvsr.layers.shuffle import space_time_unshuffle
from stvsr.models.staa.config import DownsamplerConfig
from stvsr.physics.boundary import extend
from stvsr.physics.kernels import Kernel, bicubic_space, compose, gaussian_space_time
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

COLOURS = 3


class Downsampler(nn.Module):
    """A filter that is the same everywhere: learned freely, learned under a softmax, or fixed.

    Args:
        config: Constraint, window and start.
        scale: The stride; its time factor must be whole.
    """

    def __init__(self, config: DownsamplerConfig, scale: Scale) -> None:
        super().__init__()
        self.config, self.scale = config, scale
        if config.constraint in ("bicubic", "gaussian"):
            kernel = fixed_kernel(config, scale)
            self.origin = kernel.origin
            self.register_buffer("taps", kernel.taps)
            return
        self.origin = config.origin or block_origin(config.window, scale.steps)
        start = starting_logits(config, scale, self.origin)[: 1 if config.shared else COLOURS]
        # Five axes, as every 3-D convolution's weight, so that memory formats apply to the model as a whole.
        self.weight = nn.Parameter((start if config.constraint == "softmax" else _normalised(start))[:, None])

    @property
    def kernel(self) -> Kernel:
        """The filter as it stands, differentiable in the weights."""
        if self.config.constraint in ("bicubic", "gaussian"):
            return Kernel(self.get_buffer("taps"), self.origin)
        taps = self.weight[:, 0].float()
        return Kernel(_normalised(taps) if self.config.constraint == "softmax" else taps, self.origin)

    @property
    def operator(self) -> SpaceTimeOperator:
        """The filter and its stride."""
        return SpaceTimeOperator(self.kernel, self.scale)

    def forward(self, high: Tensor) -> Tensor:
        """Return the low clip, 8-bit values in [0, 1] unless the configuration leaves the rounding out."""
        with torch.autocast(high.device.type, enabled=False):
            low = self.operator.forward(high.float())
            return quantise(low) if self.config.quantised else low


class AdaptiveDownsampler(nn.Module):
    """A filter with its own softmax taps at every low sample, predicted from the frames (Table 2, "ada").

    It has no operator: what it did to a pixel cannot be known when the clip is expanded.
    """

    def __init__(self, config: DownsamplerConfig, scale: Scale, features: int = 32) -> None:
        super().__init__()
        self.config, self.scale = config, scale
        self.origin = config.origin or block_origin(config.window, scale.steps)
        samples = int(scale.samples)
        taps = config.window[0] * config.window[1] * config.window[2]
        self.predict = nn.Sequential(
            nn.Conv3d(COLOURS * samples, features, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv3d(features, COLOURS * taps, 3, padding=1),
        )
        last = self.predict[2]
        assert isinstance(last, nn.Conv3d)
        assert last.bias is not None
        nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(starting_logits(config, scale, self.origin).flatten())

    def forward(self, high: Tensor) -> Tensor:
        """Return the low clip of ``high`` ``(B, 3, T, H, W)``."""
        low_size = self.scale.low_size((high.shape[2], high.shape[3], high.shape[4]))
        steps = self.scale.steps
        whole = [(0, n * s - 1) for n, s in zip(low_size, steps, strict=True)]
        high = extend(high, (whole[0], whole[1], whole[2]), "replicate")
        logits = self.predict(space_time_unshuffle(high, *steps))
        logits = logits.reshape(high.shape[0], COLOURS, -1, *logits.shape[2:])
        low = (logits.softmax(dim=2) * self._neighbours(high, low_size)).sum(dim=2)
        return quantise(low) if self.config.quantised else low

    def _neighbours(self, high: Tensor, low_size: tuple[int, int, int]) -> Tensor:
        """Every sample under the window of every low sample: ``(B, 3, taps, t, h, w)``."""
        spans = [
            (o, o + (n - 1) * s + k - 1)
            for o, n, s, k in zip(self.origin, low_size, self.scale.steps, self.config.window, strict=True)
        ]
        x = extend(high, (spans[0], spans[1], spans[2]), "replicate")
        for dim, (step, taps) in enumerate(zip(self.scale.steps, self.config.window, strict=True)):
            x = x.unfold(dim + 2, taps, step)
        return x.movedim((5, 6, 7), (2, 3, 4)).flatten(2, 4)


def block_origin(window: tuple[int, int, int], steps: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the offset of the first tap that centres a window on the block it stands for (rounded down)."""
    origin = [(step - taps) // 2 for taps, step in zip(window, steps, strict=True)]
    return (origin[0], origin[1], origin[2])


def fixed_kernel(config: DownsamplerConfig, scale: Scale) -> Kernel:
    """Return the kernel of a fixed downsampler: ``bicubic`` keeps every r-th frame, ``gaussian`` blurs all axes."""
    if config.constraint == "bicubic":
        if scale.height != scale.width:
            raise StvsrError("the bicubic downsampler needs the same factor for height and width")
        return bicubic_space(scale.height) if scale.height > 1 else compose()
    sigmas = [config.sigma * step if step > 1 else 0.0 for step in scale.steps]
    return gaussian_space_time((sigmas[0], sigmas[1], sigmas[2]), scale.steps)


def starting_logits(config: DownsamplerConfig, scale: Scale, origin: tuple[int, int, int]) -> Tensor:
    """Return the log of a Gaussian for each colour, centred at its configured phase: ``(3, kt, kh, kw)``."""
    phases = torch.tensor(config.phases)
    logits = torch.zeros(COLOURS, *config.window)
    for axis, (step, taps) in enumerate(zip(scale.steps, config.window, strict=True)):
        offsets = torch.arange(origin[axis], origin[axis] + taps, dtype=torch.float32)
        centre = phases[:, axis] * (step - 1)
        line = -0.5 * ((offsets - centre[:, None]) / (config.sigma * step)) ** 2
        shape = [COLOURS, 1, 1, 1]
        shape[axis + 1] = taps
        logits = logits + line.reshape(shape)
    return logits


def _normalised(logits: Tensor) -> Tensor:
    return F.softmax(logits.flatten(1), dim=1).reshape(logits.shape)
