"""The one operator that both methods share: blur by a 3-D kernel, then keep one sample of every ``s``.

    high (B, C, T, H, W) --extend--> --correlate with K, stride s--> low (B, C, ceil(T/st), ceil(H/sh), ceil(W/sw))

The correlation runs on the low grid: the ``st * sh * sw`` phases of the high clip become channels, which turns a
strided convolution of one channel into a small dense one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from stvsr.errors import StvsrError
from stvsr.layers.shuffle import space_time_shuffle, space_time_unshuffle
from stvsr.physics.boundary import Boundary, Span, extend, fold
from stvsr.physics.clip import check_clip
from stvsr.physics.kernels import Kernel
from stvsr.physics.scale import Scale

# Low samples of nothing between one border and the opposite one, so that the Fourier solution does not carry what is
# missing at the one over to the other.
WRAP_MARGIN = 4


@dataclass(frozen=True)
class SpaceTimeOperator:
    """Blur by ``kernel`` and decimate by ``scale``: the matrix A of ``low = A high + noise``.

    Every method is differentiable in all its tensors, the kernel's taps included.

    Attributes:
        kernel: The blur, for all colours or one for each.
        scale: The decimation; its time factor must be whole.
        boundary: What lies outside: ``replicate`` for real video, ``periodic`` where Fourier must be exact.
    """

    kernel: Kernel
    scale: Scale
    boundary: Boundary = "replicate"

    def __post_init__(self) -> None:
        if not isinstance(self.kernel, Kernel):
            raise StvsrError(f"an operator takes a Kernel, not a {type(self.kernel).__name__}; Kernel(taps) makes one")
        if not isinstance(self.scale, Scale):
            raise StvsrError(f"an operator takes a Scale, not {self.scale!r}; Scale.of(time, space) makes one")
        if self.boundary not in get_args(Boundary):
            raise StvsrError(f"no boundary {self.boundary!r}; use one of {', '.join(get_args(Boundary))}")

    def forward(self, high: Tensor) -> Tensor:
        """Return the low clip of ``high`` ``(B, C, T, H, W)``; sizes are rounded up to whole low samples."""
        spans = self._spans(check_clip(high))
        channels = high.shape[1]
        blocks = space_time_unshuffle(extend(high, spans, self.boundary), *self.scale.steps)
        return _convolved(blocks, self._block_weight(channels, high))

    __call__ = forward

    def adjoint(self, low: Tensor, high_size: tuple[int, int, int] | None = None) -> Tensor:
        """Apply the transpose of `forward`; ``high_size`` defaults to the full grid under ``low``."""
        size = high_size or self.scale.high_size(check_clip(low))
        if self.scale.low_size(size) != check_clip(low):
            raise StvsrError(f"a low clip of size {check_clip(low)} does not belong to a high clip of size {size}")
        spans = self._spans(size)
        # The transpose of a correlation is a correlation with the reversed kernel: quicker than conv_transpose3d.
        weight = self._block_weight(low.shape[1], low)
        reach = (weight.shape[2] - 1, weight.shape[3] - 1, weight.shape[4] - 1)
        blocks = _convolved(low, weight.flip(2, 3, 4).transpose(0, 1), padding=reach)
        return fold(space_time_shuffle(blocks, *self.scale.steps), spans, size, self.boundary)

    def low_kernel(self) -> Tensor:
        """Return A A^T as a kernel on the low grid: the autocorrelation of K at multiples of ``s``.

        Shape ``(channels, 2a + 1, 2b + 1, 2c + 1)``, centred. Exact away from the borders.
        """
        taps, steps = self.kernel.taps, self.scale.steps
        reach = [(n - 1) // s for n, s in zip(self.kernel.size, steps, strict=True)]
        padding = [s * r for s, r in zip(steps, reach, strict=True)]
        channels = taps.shape[0]
        return F.conv3d(taps[None], taps[:, None], stride=steps, padding=padding, groups=channels)[0]

    def low_spectrum(self, low_size: tuple[int, int, int]) -> Tensor:
        """Return Lambda, the block mean of ``|K's spectrum|^2`` on the low grid, real and >= 0.

        Shape ``(channels, time, height, width // 2 + 1)``, the layout of `torch.fft.rfftn`. It is the transform of
        `low_kernel`, so no high-grid spectrum is ever held.
        """
        small = self.low_kernel()
        for dim, size in zip((1, 2, 3), low_size, strict=True):
            reach = small.shape[dim] // 2
            places = torch.arange(-reach, reach + 1, device=small.device).remainder(size)
            shape = list(small.shape)
            shape[dim] = size
            small = small.new_zeros(shape).index_add(dim, places, small)
        spectrum: Tensor = torch.fft.rfftn(small, dim=(1, 2, 3)).real
        return spectrum.clamp(min=0)

    def data_step(self, low: Tensor, high: Tensor, alpha: Tensor | float, refinements: int | None = None) -> Tensor:
        """Return the clip Z that minimises ``|low - A Z|^2 + alpha |Z - high|^2``.

        The residual form of DAVSR's Theorem 1, its misprints put right: only the low grid is ever transformed,
        ``Z = X + A^T (A A^T + alpha)^-1 (Y - A X)``. With periodic boundaries and a size that ``scale`` divides this
        is exact. Otherwise A A^T is not circulant at the borders: its circulant part is inverted and
        ``refinements`` steps of conjugate gradients, preconditioned by that inverse, correct the rest.

        Args:
            low: Y, ``(B, C, t, h, w)``.
            high: X, ``(B, C, T, H, W)``.
            alpha: Noise variance over prior variance, positive; a number or ``(B, 1, 1, 1, 1)`` / ``(C, 1, 1, 1)``.
            refinements: Steps of conjugate gradients; by default 0 where the closed form is exact, 3 elsewhere.

        Returns:
            Z, of the size of ``high``, in float32 (or float64, if given) whatever the autocast mode.
        """
        kind = torch.float64 if high.dtype == torch.float64 else torch.float32
        with torch.autocast(high.device.type, enabled=False):
            low, high = low.to(kind), high.to(kind)
            operator = SpaceTimeOperator(self.kernel.to(high), self.scale, self.boundary)
            if refinements is None:
                refinements = 0 if operator._is_circulant(check_clip(high)) else 3
            size = check_clip(high)
            residual = low - operator.forward(high)
            weight = torch.as_tensor(alpha, dtype=kind, device=high.device)
            correction = operator._solve(residual, size, weight, refinements)
            return operator.adjoint(correction, size) + high

    def _solve(self, residual: Tensor, size: tuple[int, int, int], alpha: Tensor, refinements: int) -> Tensor:
        """Solve ``(A A^T + alpha) u = residual`` on the low grid."""
        frames, height, width = check_clip(residual)
        apart = 0 if self._is_circulant(size) else WRAP_MARGIN
        padded = (frames + apart, height + apart, width + apart)
        spectrum = self.low_spectrum(padded) + alpha

        def circulant_inverse(r: Tensor) -> Tensor:
            transformed = torch.fft.rfftn(r, s=padded, dim=(2, 3, 4)) / spectrum
            inverse: Tensor = torch.fft.irfftn(transformed, s=padded, dim=(2, 3, 4))
            return inverse[:, :, :frames, :height, :width]

        def dot(a: Tensor, b: Tensor) -> Tensor:
            return (a * b).sum(dim=(1, 2, 3, 4), keepdim=True)

        solution = circulant_inverse(residual)
        if not refinements:
            return solution
        rest = residual - self._gram(solution, size) - alpha * solution
        step = preconditioned = circulant_inverse(rest)
        energy = dot(rest, preconditioned)
        tiny = torch.finfo(residual.dtype).tiny
        for _ in range(refinements):
            image = self._gram(step, size) + alpha * step
            length = energy / dot(step, image).clamp(min=tiny)
            solution = solution + length * step
            rest = rest - length * image
            preconditioned = circulant_inverse(rest)
            previous, energy = energy, dot(rest, preconditioned)
            step = preconditioned + energy / previous.clamp(min=tiny) * step
        return solution

    def _gram(self, low: Tensor, size: tuple[int, int, int]) -> Tensor:
        return self.forward(self.adjoint(low, size))

    def _is_circulant(self, size: tuple[int, int, int]) -> bool:
        whole = all(n % s == 0 for n, s in zip(size, self.scale.steps, strict=True))
        return whole and self.boundary == "periodic"

    def _block_span(self) -> tuple[Span, Span, Span]:
        """The first and last whole block of ``s`` samples that the kernel's taps fall into, for each axis."""
        spans = [
            (origin // step, (origin + taps - 1) // step)
            for origin, taps, step in zip(self.kernel.origin, self.kernel.size, self.scale.steps, strict=True)
        ]
        return (spans[0], spans[1], spans[2])

    def _spans(self, size: tuple[int, int, int]) -> tuple[Span, Span, Span]:
        """The high samples that the blocks under all low samples cover, for each axis."""
        low = self.scale.low_size(size)
        spans = [
            (first * step, (count - 1 + last) * step + step - 1)
            for (first, last), count, step in zip(self._block_span(), low, self.scale.steps, strict=True)
        ]
        return (spans[0], spans[1], spans[2])

    def _block_weight(self, channels: int, like: Tensor) -> Tensor:
        """The kernel as a dense convolution from ``channels * st * sh * sw`` phases to ``channels``."""
        taps = self.kernel.taps.to(like)
        if taps.shape[0] not in (1, channels):
            raise StvsrError(f"a kernel of {taps.shape[0]} channels does not fit a clip of {channels}")
        padding: list[int] = []
        for (first, last), origin, count, step in zip(
            self._block_span(), self.kernel.origin, self.kernel.size, self.scale.steps, strict=True
        ):
            lead = origin - first * step
            padding = [lead, (last - first + 1) * step - lead - count, *padding]
        blocks = space_time_unshuffle(F.pad(taps, padding)[None], *self.scale.steps)[0]
        phases = blocks.shape[0] // taps.shape[0]
        blocks = blocks.reshape(taps.shape[0], phases, *blocks.shape[1:]).expand(channels, -1, -1, -1, -1)
        eye = torch.eye(channels, dtype=like.dtype, device=like.device)[:, :, None, None, None, None]
        return (eye * blocks[:, None]).flatten(1, 2)


def _convolved(clip: Tensor, weight: Tensor, padding: tuple[int, int, int] = (0, 0, 0)) -> Tensor:
    """Convolve in the clip's own precision whatever the autocast mode: an 8-bit code is one step of bfloat16."""
    with torch.autocast(clip.device.type, enabled=False):
        return F.conv3d(clip, weight, padding=padding)
