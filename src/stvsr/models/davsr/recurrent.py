"""DAVSR's recurrent video enhancement network: video in, cleaner video of the same size out (section 3.4).

    Z ─┬─ 2 convolutions, stride 2 ── residual blocks ──┬─> backward ─> forward ─> backward ─> forward ─┐
       ├─ 1/4 ── optical flow between neighbours ───────┘                                               │
       └──────────────── + <── convolutions <── pixel shuffle, twice <── residual blocks <── all features

Each branch carries features through the clip one way, and sees what the branches before it found in each frame.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.layers.deformable import clear_offset_statistics, offset_statistics
from stvsr.layers.flow_alignment import FlowGuidedAlignment
from stvsr.layers.optical_flow import SPyNet, warp
from stvsr.models.davsr.recurrent_config import RecurrentConfig

COLOURS = 3
SHRINK = 4
NEGATIVE_SLOPE = 0.1
# A branch hands on what it saw of every frame. This many on each side are taken to be enough.
RECURRENT_CONTEXT = 8
# Frames over which the memory for one frame's full-size features is spread: clips this short are of no use.
FEWEST_FRAMES = 8


class ResidualBlock(nn.Module):
    """``x + conv(relu(conv(x)))``, without normalisation."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, features, H, W)`` to the same shape."""
        result: Tensor = x + self.body(x)
        return result


class Branch(nn.Module):
    """One way through the clip: align what was carried so far, add what residual blocks make of all that is known.

    Args:
        config: Sizes of the parts.
        earlier: Branches before this one.
    """

    def __init__(self, config: RecurrentConfig, earlier: int) -> None:
        super().__init__()
        features = config.features
        self.align = FlowGuidedAlignment(features, config.groups, config.max_residue)
        self.fuse = _trunk((2 + earlier) * features, features, config.branch_blocks)

    def forward(self, known: list[list[Tensor]], flows: list[Tensor]) -> None:
        """Append this branch's features to those of every frame.

        Args:
            known: For each frame, in the order in which this branch walks, its features from the stem and from the
                earlier branches, ``(B, features, H, W)`` each. Extended in place.
            flows: From each frame but the first to the one walked before it, ``(B, 2, H, W)``.
        """
        last = before = torch.zeros_like(known[0][0])
        for step, features in enumerate(known):
            aligned = torch.zeros_like(last)
            if step:
                pair = (flows[step - 1], _second_order(flows, step))
                aligned = _channels_last(self.align((last, before), pair, features[0]))
            before, last = last, aligned + self.fuse(torch.cat((*features, aligned), dim=1))
            features.append(last)


class RecurrentEnhancement(nn.Module):
    """The enhancement network R of ``X_k = R(Z_k | beta_k)`` (Eqs. 8 to 10), at one size from end to end.

    Features live on a grid of a quarter of the size. The last convolution starts at zero, so a fresh network returns
    its input exactly.

    Args:
        config: Sizes of the parts; the default is the paper's network, 7,396,783 parameters and 576 for the noise map.
    """

    def __init__(self, config: RecurrentConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or RecurrentConfig()
        features = config.features
        self.flow = SPyNet(config.flow.channels, config.flow.kernel, config.flow.levels)
        self.stem = nn.Sequential(
            *_convolve(COLOURS + config.noise_map, features, stride=2),
            *_convolve(features, features, stride=2),
            _trunk(features, features, config.stem_blocks),
        )
        self.branches = nn.ModuleList(Branch(config, earlier) for earlier in range(len(config.branches)))
        self.reconstruct = _trunk((1 + len(config.branches)) * features, features, config.reconstruction_blocks)
        last = nn.Conv2d(features, COLOURS, 3, padding=1)
        self.enlarge = nn.Sequential(
            *_enlarge(features),
            *_enlarge(features),
            *_convolve(features, features),
            last,
        )
        nn.init.zeros_(last.weight)
        assert last.bias is not None
        nn.init.zeros_(last.bias)

    def reach(self, space: int, iterations: int) -> tuple[int, int]:
        """Return the high frames and high pixels on each side that ``iterations`` passes are taken to depend on.

        In truth it is the whole clip. The pixels are those that the convolutions of the stem, of one branch and of
        the reconstruction reach.
        """
        c = self.config
        convolutions = 4 + 2 * (c.stem_blocks + c.branch_blocks + c.reconstruction_blocks)
        return (RECURRENT_CONTEXT * iterations, SHRINK * (convolutions + 2) * iterations)

    @property
    def bytes_per_high_pixel(self) -> int:
        """Working memory of inference for each pixel of each frame, a little above what was measured."""
        features = self.config.features
        kept = (1 + len(self.config.branches)) * features / SHRINK**2 + 4 * COLOURS
        return int(1.2 * 4 * (kept + 6 * features / FEWEST_FRAMES))

    def forward(self, z: Tensor, beta: Tensor) -> Tensor:
        """Return the enhanced clip.

        Args:
            z: ``(B, 3, T, H, W)``, about in [0, 1]; any sizes. Padded to multiples of 4 by repeating its border.
            beta: Noise level of ``z``, ``(B, 1, 1, 1, 1)``, or one for the whole batch. Without a noise map in the
                configuration it is not used.

        Returns:
            ``(B, 3, T, H, W)``, not clipped.
        """
        if not torch.compiler.is_exporting():
            clear_offset_statistics(self)
        height, width = z.shape[-2:]
        padded = F.pad(z, (0, -width % SHRINK, 0, -height % SHRINK, 0, 0), mode="replicate")
        frames = list(padded.unbind(2))
        flows = self._flows(frames)
        known = [[features] for features in self._extract(frames, beta[:, :, 0])]
        for branch, direction in zip(self.branches, self.config.branches, strict=True):
            branch(known if direction == "forward" else known[::-1], flows[direction])
        changes = torch.stack([self._restore(known, frame) for frame in range(len(frames))], dim=2)
        return z + changes[..., :height, :width]

    def offset_statistics(self) -> dict[str, float]:
        """Return the ``mean`` and ``max`` absolute departure from the flow in the last pass, in quarter-size pixels."""
        return offset_statistics(self)

    def _extract(self, frames: list[Tensor], beta: Tensor) -> list[Tensor]:
        """Return the stem's features of each frame, ``(B, features, H / 4, W / 4)``; ``beta`` is 4-D."""
        if self.config.noise_map:
            level = beta.to(frames[0].dtype).expand_as(frames[0][:, :1])
            frames = [torch.cat((frame, level), dim=1) for frame in frames]
        result: list[Tensor] = []
        for part in _parts(frames):
            features = self.stem(_channels_last(torch.cat(part)))
            result += features.chunk(len(part))
        return result

    def _flows(self, frames: list[Tensor]) -> dict[str, list[Tensor]]:
        """Return, for either direction and each step of its walk, the flow to the frame walked before.

        In float32 under autocast too. Walking forward, step ``i`` leads from frame ``i`` to ``i + 1``.
        """
        with torch.autocast(frames[0].device.type, enabled=False):
            small = [F.avg_pool2d(frame.float(), SHRINK).clamp(0, 1) for frame in frames]
            walks = {"forward": small, "backward": small[::-1]}
            return {name: self._flows_along(walks[name]) for name in sorted(set(self.config.branches))}

    def _flows_along(self, walk: list[Tensor]) -> list[Tensor]:
        result: list[Tensor] = []
        for here, there in zip(_parts(walk[1:]), _parts(walk[:-1]), strict=True):
            result += self.flow(torch.cat(here), torch.cat(there)).chunk(len(here))
        return result

    def _restore(self, known: list[list[Tensor]], frame: int) -> Tensor:
        """Return what is added to a frame, ``(B, 3, H, W)``, and let go of the frame's features."""
        features, known[frame] = known[frame], []
        change: Tensor = self.enlarge(self.reconstruct(torch.cat(features, dim=1)))
        return change


def _second_order(flows: list[Tensor], step: int) -> Tensor:
    """Return the flow from the frame of ``step`` to the one two steps before; zeros where there is none."""
    if step < 2:
        return torch.zeros_like(flows[step - 1])
    return flows[step - 1] + warp(flows[step - 2], flows[step - 1])


def _parts(frames: list[Tensor]) -> list[list[Tensor]]:
    """Return the frames to take at once: all of them in training, which keeps every result anyway, else one."""
    step = max(1, len(frames)) if torch.is_grad_enabled() else 1
    return [frames[first : first + step] for first in range(0, len(frames), step)]


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _convolve(channels: int, features: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    return _steady(nn.Conv2d(channels, features, 3, stride, padding=1)), nn.LeakyReLU(NEGATIVE_SLOPE, inplace=True)


def _enlarge(features: int) -> tuple[nn.Module, ...]:
    convolution = _steady(nn.Conv2d(features, 4 * features, 3, padding=1))
    return convolution, nn.PixelShuffle(2), nn.LeakyReLU(NEGATIVE_SLOPE, inplace=True)


def _steady(convolution: nn.Conv2d) -> nn.Conv2d:
    """Let a convolution before an activation start so that features keep their size (He et al., ICCV 2015).

    PyTorch's own start more than halves them: after the layers in a row here, 2 % of the picture would reach the last
    one, and training would begin by undoing that.
    """
    nn.init.kaiming_normal_(convolution.weight, a=NEGATIVE_SLOPE, nonlinearity="leaky_relu")
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    return convolution


def _trunk(channels: int, features: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*_convolve(channels, features), *(ResidualBlock(features) for _ in range(blocks)))
