"""What the recurrent enhancement network is made of. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from stvsr.errors import StvsrError
from stvsr.settings import check_switch, check_whole, is_number, is_whole, read

Direction = Literal["backward", "forward"]
DIRECTIONS: tuple[Direction, ...] = ("backward", "forward")


@dataclass(frozen=True)
class FlowConfig:
    """The optical flow network, SPyNet. The defaults are the paper's: 1,440,300 parameters.

    Attributes:
        channels: Of the convolutions between the first and the last one of each level.
        kernel: Odd size of all kernels.
        levels: Of the image pyramid.

    Raises:
        StvsrError: If a setting is of the wrong kind or out of range.
    """

    channels: tuple[int, ...] = (32, 64, 32, 16)
    kernel: int = 7
    levels: int = 6

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", _sequence(self.channels))
        if not 1 <= len(self.channels) <= 8 or not all(is_whole(n, 1, 256) for n in self.channels):
            raise StvsrError(f"flow.channels is {self.channels!r}: give 1 to 8 whole numbers from 1 to 256")
        if not is_whole(self.kernel, 1, 15) or self.kernel % 2 == 0:
            raise StvsrError(f"flow.kernel is {self.kernel!r}: give an odd number from 1 to 15")
        if not is_whole(self.levels, 1, 8):
            raise StvsrError(f"flow.levels is {self.levels!r}: give a whole number from 1 to 8")


@dataclass(frozen=True)
class RecurrentConfig:
    """The recurrent video enhancement network (DAVSR, section 3.4). The defaults are the paper's.

    Attributes:
        features: Channels at a quarter of the size.
        stem_blocks: Residual blocks before the branches.
        branch_blocks: Residual blocks in each branch.
        reconstruction_blocks: Residual blocks after the branches.
        groups: Offset groups of the deformable alignment; one half moves the frame before, one half that before it.
        branches: The way through time of each branch, in order.
        max_residue: By how many quarter-size pixels an offset may depart from the optical flow.
        noise_map: Whether the network is told beta, the noise level of its input.
        flow: The optical flow network; a mapping of its settings will do.

    Raises:
        StvsrError: If a setting is of the wrong kind or out of range, or ``groups`` cannot share out ``features``.
    """

    features: int = 64
    stem_blocks: int = 5
    branch_blocks: int = 7
    reconstruction_blocks: int = 5
    groups: int = 16
    branches: tuple[Direction, ...] = ("backward", "forward", "backward", "forward")
    max_residue: float = 10.0
    noise_map: bool = True
    flow: FlowConfig = field(default_factory=FlowConfig)

    def __post_init__(self) -> None:
        blocks = {f"{part}_blocks": (0, 64) for part in ("stem", "branch", "reconstruction")}
        check_whole("enhancer", self, {"features": (1, 1024), "groups": (2, 128), **blocks})
        if self.groups % 2 or self.features % (self.groups // 2):
            message = f"give twice a divisor of enhancer.features, {self.features}"
            raise StvsrError(f"enhancer.groups is {self.groups}: {message}")
        object.__setattr__(self, "branches", _sequence(self.branches))
        if not 1 <= len(self.branches) <= 16 or not all(branch in DIRECTIONS for branch in self.branches):
            raise StvsrError(f"enhancer.branches is {self.branches!r}: give 1 to 16 of {', '.join(DIRECTIONS)}")
        if not is_number(self.max_residue) or not 0 < self.max_residue <= 100:
            raise StvsrError(f"enhancer.max_residue is {self.max_residue!r}: give a number above 0 and at most 100")
        check_switch("enhancer.noise_map", self.noise_map)
        flow: Any = self.flow
        if not isinstance(flow, FlowConfig):
            object.__setattr__(self, "flow", read(FlowConfig, flow, "enhancer.flow"))


def _sequence(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()


COMPACT = RecurrentConfig(
    features=32,
    stem_blocks=2,
    branch_blocks=2,
    reconstruction_blocks=2,
    groups=4,
    branches=("backward", "forward"),
    flow=FlowConfig(channels=(16, 32, 16, 8), kernel=5, levels=4),
)
"""The same design for CPUs."""
