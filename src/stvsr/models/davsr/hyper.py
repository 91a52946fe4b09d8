"""The hyper-parameters of every iteration, predicted from what really varies (DAVSR, section 3.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stvsr.physics.operator import SpaceTimeOperator

FACTS = 9
START_ALPHA = 0.2
"""Times the mean of Lambda, the spectrum that alpha is added to."""
START_BETA = 0.05


@dataclass(frozen=True)
class HyperParameters:
    """What one iteration works with.

    Attributes:
        alpha: Weight of the guess against the low clip in the data step, ``(1, 1, 1, 1, 1)``.
        beta: Standard deviation of what is wrong with Z, for the noise map, ``(1, 1, 1, 1, 1)``.
        condition: Features that tell the enhancement network what it works on, ``(1, features, 1, 1, 1)``.
    """

    alpha: Tensor
    beta: Tensor
    condition: Tensor


class HyperNetwork(nn.Module):
    """Predicts the hyper-parameters from the noise, the scale, the kernel and the place among the iterations.

    alpha is predicted relative to the mean of Lambda, the block mean of the kernel's power spectrum on the low grid,
    so that one network serves kernels whose spectra differ by orders of magnitude.

    Args:
        hidden: Width of the two hidden layers.
        features: Length of the condition.
        compressed: Whether the facts tell of compression.
    """

    def __init__(self, hidden: int, features: int, *, compressed: bool = False) -> None:
        super().__init__()
        self.compressed = compressed
        self.body = nn.Sequential(
            nn.Linear(FACTS + compressed, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2 + features),
        )
        last = self.body[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.zero_()

    def forward(self, facts: Tensor, mean_power: Tensor) -> HyperParameters:
        """Return the hyper-parameters of one iteration.

        Args:
            facts: ``(FACTS,)`` or, told of compression, one more, as `iteration_facts` gives them.
            mean_power: Mean of Lambda.
        """
        with torch.autocast(facts.device.type, enabled=False):
            made = self.body(facts.float())
        alpha = mean_power * START_ALPHA * torch.exp(made[0].clamp(-10, 10))
        beta = START_BETA * torch.exp(made[1].clamp(-5, 5))
        shape = (1, 1, 1, 1, 1)
        return HyperParameters(alpha.reshape(shape), beta.reshape(shape), made[2:].reshape(1, -1, 1, 1, 1))


def power(operator: SpaceTimeOperator, low_size: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Return the mean of Lambda and its 5 % quantile, over all frequencies and colours of the low grid."""
    spectrum = operator.low_spectrum(low_size).flatten()
    fifth = spectrum.kthvalue(max(spectrum.numel() // 20, 1)).values
    return operator.low_kernel().flatten(1).max(dim=1).values.mean(), fifth


def iteration_facts(
    operator: SpaceTimeOperator,
    noise: float,
    powers: tuple[Tensor, Tensor],
    index: int,
    iterations: int,
    compression: float | None = None,
) -> Tensor:
    """Return what the prediction depends on, about -1 to 1 each, ``(FACTS,)`` and compression where it is told.

    Args:
        operator: What made the low clip.
        noise: Standard deviation of its noise, in 8-bit code values.
        powers: Of the operator, as `power` gives them.
        index: Number of the iteration, from 0.
        iterations: K.
        compression: Constant rate factor of H.264, 0 for none; None leaves it out.
    """
    time, height, _ = operator.scale.steps
    mean, weak = powers
    share = operator.kernel.taps.sum(dim=(2, 3)).mean(dim=0)  # the shutter alone
    share = (share / share.sum()).detach()
    frames = 1 / float(share.square().sum())  # how many frames count: 1 if sharp, `time` for a box
    spread = operator.kernel.taps.sum(dim=1).square().sum(dim=(1, 2)).mean()
    return torch.stack(
        [
            mean.new_tensor(math.log2(1 + noise) / 4),
            mean.new_tensor(math.log2(time) / 2),
            mean.new_tensor(math.log2(height) / 2),
            mean.new_tensor(math.log2(frames) / 2),
            torch.log10(spread.to(mean) + 1e-6) / 2,
            torch.log10(mean + 1e-9) / 3,
            torch.log10(weak / mean + 1e-6) / 3,
            mean.new_tensor(index / MANY),
            mean.new_tensor((iterations - 1 - index) / MANY),
            *([] if compression is None else [mean.new_tensor(compression / COMPRESSION_UNIT)]),
        ]
    )


COMPRESSION_UNIT = 20.0
"""Rate factor that counts as 1: what lies between 0, none, and about 14 is hardly seen."""
MANY = 4
"""Iterations counted as one in the facts, from the start and from the end."""
