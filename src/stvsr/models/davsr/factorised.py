"""The enhancement network on the low grid: the work is done where the information is.

    Z_1 ──gather g×g──> conv ── 8 factorised blocks ──┬─ conv ──spread g×g──> + Z_1 = X_1
                                                      │ features
    Z_2, Z_2 - X_1 ──gather──> conv ─ + ──────────────┘
                                      └── 2 factorised blocks ── conv ──spread──> + Z_2 = X_2

g is the space factor, so that the trunk sees one pixel for each that was recorded; where none is made, pixels are
gathered by 2. The first pass does most of the work. Later ones share weights of their own: they go on from its
features, and are shown what the data step found wrong with its result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.convolution import Conv3d
from stvsr.layers.factorised import NEGATIVE_SLOPE, initialise, trunk
from stvsr.layers.shuffle import space_time_shuffle, space_time_unshuffle
from stvsr.models.davsr.config import FactorisedConfig
from stvsr.models.davsr.hyper import HyperParameters
from stvsr.models.davsr.motion import FLOWS, Aligned

COLOURS = 3
VIEWS = 3
LEAST_GATHERED = 2
# What the pixels of a block have in common goes in less that of its surroundings, and as frequencies, each brought to
# about 1: as they are, nearly all of them is brightness, and every step moves all their weights the same way.
MEAN_GAIN, DETAIL_GAIN, CORRECTION_GAIN = 4.0, 10.0, 20.0
SURROUNDINGS = 5
OUTPUT_GAIN = 0.2
FLOW_UNIT = 8.0


class FactorisedEnhancement(nn.Module):
    """X = Z + what two trunks of factorised blocks make of Z, the noise level and the aligned frames.

    Starts as the identity. Gathering, spreading and the first convolutions are computed in float32 whatever the
    autocast mode: an 8-bit code is one step of bfloat16 there.

    Args:
        config: Sizes of the parts.
        aligned: Whether it is given frames that were moved along the flow.
    """

    def __init__(self, config: FactorisedConfig, *, aligned: bool) -> None:
        super().__init__()
        self.config = config
        features = config.features
        sides = [max(space, LEAST_GATHERED) for space in range(1, config.ends + 1)]
        gathered = [COLOURS * side**2 for side in sides]
        self.guide = nn.ModuleList(_ends(VIEWS * n + FLOWS + 1, features) for n in gathered if aligned)
        self.first = nn.ModuleList(Conv3d(n + 1, features, 3, padding=1) for n in gathered)
        self.body = trunk(features, config.blocks)
        self.last = nn.ModuleList(_ends(features, n) for n in gathered)
        self.first_again = nn.ModuleList(_ends(2 * n + 1, features) for n in gathered)
        self.refine = trunk(features, config.refining)
        self.last_again = nn.ModuleList(_ends(features, n) for n in gathered)
        for layer in (*self.guide, *self.first, *self.first_again):
            assert isinstance(layer, nn.Conv3d)
            initialise(layer)
        for layer in (*self.last, *self.last_again):
            assert isinstance(layer, nn.Conv3d)
            assert layer.bias is not None
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def reach(self, space: int, iterations: int) -> tuple[int, int]:
        """Return the high frames and high pixels on each side that ``iterations`` passes depend on."""
        later = iterations - 1
        frames = 1 + self.config.blocks + later * self.config.refining
        cells = 2 + self.config.blocks + later * (2 + self.config.refining) + SURROUNDINGS // 2
        return (frames, (cells + 1) * self.side(space))

    def side(self, space: int) -> int:
        """Return how many high pixels in height and width the trunk gathers into one."""
        return max(min(space, self.config.ends), LEAST_GATHERED)

    @property
    def bytes_per_high_pixel(self) -> int:
        """Working memory of inference for each high pixel, at the least gathering."""
        gathered = COLOURS * LEAST_GATHERED**2
        return int(4 * (4 * self.config.features + 4 * gathered) / LEAST_GATHERED**2) + 4 * 24

    def passes(self, aligned: Aligned | None, space: int) -> Callable[[Tensor, Tensor, HyperParameters], Tensor]:
        """Return a function of Z_k, X_{k-1} and the hyper-parameters that gives X_k, called for k = 1, 2, ...

        Args:
            aligned: The low frames at every high instant, where it is given any.
            space: High pixels per low pixel.
        """
        guide = self.prepare(aligned, space)
        state: Tensor | None = None

        def enhance(z: Tensor, before: Tensor, hyper: HyperParameters) -> Tensor:
            nonlocal state
            correction = None if state is None else z - before
            made, state = self(z, correction, hyper.beta, hyper.condition, guide, state, space)
            return made  # type: ignore[no-any-return]

        return enhance

    def prepare(self, aligned: Aligned | None, space: int) -> Tensor | None:
        """Return the features of the aligned frames, ``(B, features, T, H/g, W/g)``; None where there are none.

        Args:
            aligned: The low frames at every high instant.
            space: High pixels per low pixel.
        """
        if aligned is None:
            return None
        side = self.side(space)
        with torch.autocast(aligned.views.device.type, enabled=False):
            views = _gather(aligned.views, side)
            flows = F.interpolate(aligned.flows, size=views.shape[2:], mode="trilinear") / FLOW_UNIT
            distance = aligned.distance[None, None, :, None, None].expand(len(views), 1, *views.shape[2:])
            made: Tensor = self.guide[self._end(space)](_joined(views, flows, distance))
            return made

    def forward(
        self,
        z: Tensor,
        correction: Tensor | None,
        beta: Tensor,
        condition: Tensor,
        guide: Tensor | None,
        state: Tensor | None,
        space: int,
    ) -> tuple[Tensor, Tensor]:
        """Return X ``(B, 3, T, H, W)`` and the features to go on from in the next pass.

        Args:
            z: The data step's result, of that shape.
            correction: What the data step changed; None in the first pass.
            beta: Its noise level, ``(1, 1, 1, 1, 1)``.
            condition: ``(1, features, 1, 1, 1)``, added to the first features.
            guide: As `prepare` made it.
            state: Features of the pass before; None in the first one.
            space: High pixels per low pixel.
        """
        end, side = self._end(space), self.side(space)
        with torch.autocast(z.device.type, enabled=False):
            gathered = _gather(z, side)
            noise = beta.to(gathered).expand(len(z), 1, *gathered.shape[2:])
            if state is None or correction is None:
                x = self.first[end](_joined(gathered, noise))
            else:
                change = CORRECTION_GAIN * _frequencies(_padded(correction, side), side)
                x = self.first_again[end](_joined(gathered, change, noise))
            x = F.leaky_relu(x + condition if guide is None else x + guide + condition, NEGATIVE_SLOPE)
        if state is None:
            state = self.body(x)
            made = self.last[end](state)
        else:
            state = self.refine(x + state)
            made = self.last_again[end](state)
        with torch.autocast(z.device.type, enabled=False):
            detail = F.conv3d(made.float(), _cosines(side, COLOURS).to(z).transpose(0, 1))
            spread = space_time_shuffle(OUTPUT_GAIN * detail, 1, side, side)
            restored: Tensor = z + spread[..., : z.shape[3], : z.shape[4]]
        return restored, state

    def _end(self, space: int) -> int:
        return min(space, self.config.ends) - 1


def _ends(taken: int, given: int) -> Conv3d:
    return Conv3d(taken, given, (1, 3, 3), padding=(0, 1, 1))


def _gather(clip: Tensor, side: int) -> Tensor:
    """Return blocks as channels: for each colour a mean less that of its surroundings, and the other frequencies."""
    coefficients = _frequencies(_padded(clip, side), side)
    means = coefficients[:, :: side**2] / side
    frames = means.transpose(1, 2).flatten(0, 1)
    around = F.avg_pool2d(frames, SURROUNDINGS, 1, SURROUNDINGS // 2, count_include_pad=False)
    local = (frames - around).reshape(clip.shape[0], -1, *frames.shape[1:]).transpose(1, 2)
    others = [channel for channel in range(coefficients.shape[1]) if channel % side**2]
    return torch.cat([MEAN_GAIN * local, DETAIL_GAIN * coefficients[:, others]], 1)


def _padded(clip: Tensor, side: int) -> Tensor:
    right, bottom = -clip.shape[4] % side, -clip.shape[3] % side
    return F.pad(clip, (0, right, 0, bottom, 0, 0), mode="replicate") if right or bottom else clip


def _frequencies(clip: Tensor, side: int) -> Tensor:
    """Return the cosine transform of every block of ``side`` × ``side`` pixels, as channels."""
    blocks = space_time_unshuffle(clip, 1, side, side)
    return F.conv3d(blocks, _cosines(side, clip.shape[1]).to(clip))


@lru_cache(maxsize=64)
def _cosines(side: int, colours: int) -> Tensor:
    """The orthonormal cosine transform (DCT-II) of blocks as a convolution, ``(channels, channels, 1, 1, 1)``."""
    with torch.inference_mode(mode=False):  # kept for whoever comes next, who may want gradients
        places = torch.arange(side, dtype=torch.float64)
        matrix = torch.cos(math.pi / side * (places + 0.5) * places[:, None]) * math.sqrt(2 / side)
        matrix[0] /= math.sqrt(2)
        weight = torch.kron(torch.eye(colours, dtype=torch.float64), torch.kron(matrix, matrix))
        return weight.float()[:, :, None, None, None]


def _joined(*parts: Tensor) -> Tensor:
    return torch.cat(parts, 1).contiguous(memory_format=torch.channels_last_3d)
