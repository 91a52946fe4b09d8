"""Optical flow by a spatial pyramid of small networks (Ranjan and Black, CVPR 2017, section 3), and warping.

    first, second --average pooling--> levels (1/16 ... 1/2, 1)
    coarsest:  flow = 0
    level:     flow = up2(2 flow);  flow += convolutions[first, warp(second, flow), flow], of local contrast

A flow is in pixels, x to the right and y down: ``second`` sampled at ``p + flow(p)`` looks like ``first`` at ``p``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.errors import StvsrError

BUNDLED = Path(__file__).parent / "weights"
CONFIG, TENSORS = "config.json", "model.safetensors"
WINDOW, FAINT = 7, 0.02  # side of the window of `contrast`, and the deviation below which it amplifies no further


def warp(image: Tensor, flow: Tensor, mode: Literal["bilinear", "bicubic"] = "bilinear") -> Tensor:
    """Sample a picture at every pixel's place plus its flow; beyond the border its edge is repeated.

    Args:
        image: ``(batch, channels, height, width)``.
        flow: ``(batch, 2, height, width)``, shifts in pixels to the right and down.
        mode: ``bicubic`` keeps fine detail that ``bilinear`` blurs, in thrice the time.

    Returns:
        ``(batch, channels, height, width)`` in the precision of ``image``.
    """
    height, width = flow.shape[-2:]
    shift = flow.float()
    x = torch.arange(width, device=flow.device, dtype=torch.float32)
    y = torch.arange(height, device=flow.device, dtype=torch.float32)[:, None]
    # The centre of pixel i of n lies at (2 i + 1) / n - 1: no division by zero for a single pixel.
    places = torch.stack(
        [(shift[:, 0] + x) * (2 / width) + (1 / width - 1), (shift[:, 1] + y) * (2 / height) + (1 / height - 1)], dim=-1
    )
    with torch.autocast(flow.device.type, enabled=False):
        warped = F.grid_sample(image.float(), places, mode=mode, padding_mode="border", align_corners=False)
    return warped.to(image.dtype)


def contrast(pictures: Tensor) -> Tensor:
    """Return ``(batch, 3, height, width)`` less its local mean, in units of its local deviation.

    A shift is then read from the same numbers in light and in shadow, at a sharp edge and at a blurred one; without
    this, a network learns nothing in the time in which with it the residual error falls by a third.
    """
    mean = _box(pictures)
    variance = _box((pictures - mean).square().mean(dim=1, keepdim=True))
    return (pictures - mean) / (variance + FAINT**2).sqrt()


def _box(pictures: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(pictures, [WINDOW // 2] * 4, mode="replicate"), WINDOW, stride=1)


class SPyNet(nn.Module):
    """A coarse-to-fine flow network with weights of its own for every level.

    The defaults are those of the paper and have 1,440,300 parameters. The last convolution of every level starts
    at zero, so that an untrained network finds no motion at all.

    Args:
        channels: Width of each hidden convolution of a level.
        kernel: Side of every convolution, odd.
        levels: Sizes of the pictures, each half of the one before.

    Raises:
        StvsrError: If ``channels`` is empty, ``kernel`` is even or a number is below 1.
    """

    def __init__(self, channels: Sequence[int] = (32, 64, 32, 16), kernel: int = 7, levels: int = 6) -> None:
        super().__init__()
        if not channels or min(*channels, kernel, levels) < 1 or kernel % 2 == 0:
            raise StvsrError("flow network: channels, kernel and levels must be positive, and kernel odd")
        self.channels, self.kernel, self.levels = tuple(channels), kernel, levels
        self.stacks = nn.ModuleList(_stack(self.channels, kernel) for _ in range(levels))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the flow from ``first`` to ``second``.

        Args:
            first: ``(batch, 3, height, width)`` in [0, 1], of any size.
            second: The same.

        Returns:
            ``(batch, 2, height, width)`` float32 in pixels: `warp(second, flow)` looks like ``first``.
        """
        height, width = first.shape[-2:]
        multiple = 2 ** (self.levels - 1)
        # Repeating the last row and column, not resizing: a tile of a picture is then seen as the whole picture is.
        padding = (0, -width % multiple, 0, -height % multiple)
        if any(padding):
            first, second = (F.pad(picture.float(), padding, mode="replicate") for picture in (first, second))
        return self.pyramid(first, second)[-1][:, :, :height, :width]

    def pyramid(self, first: Tensor, second: Tensor) -> list[Tensor]:
        """Return the flow of every level, coarsest first, each ``(batch, 2, h, w)`` in pixels of its own size.

        Height and width must be multiples of ``2 ** (levels - 1)``.
        """
        pictures = [torch.cat([first, second]).float()]
        for _ in range(self.levels - 1):
            pictures.append(F.avg_pool2d(pictures[-1], 2))
        height, width = pictures[-1].shape[-2:]
        flow = pictures[-1].new_zeros(first.shape[0], 2, height, width)
        flows: list[Tensor] = []
        for stack, both in zip(self.stacks, reversed(pictures), strict=True):
            if flows:
                flow = 2 * F.interpolate(flows[-1], scale_factor=2, mode="bilinear", align_corners=False)
            one, other = contrast(both).chunk(2)
            flows.append(flow + self.residual(stack, one, other, flow))
        return flows

    @staticmethod
    def residual(stack: nn.Module, one: Tensor, other: Tensor, flow: Tensor) -> Tensor:
        """Return what one level adds to a flow, for a pair that went through `contrast`; float32."""
        added: Tensor = stack(torch.cat([one, warp(other, flow), flow], dim=1))
        return added.float()

    def describe(self) -> dict[str, Any]:
        """Return what `flow_network` needs to build this network again."""
        return {"family": "spynet", "levels": self.levels, "kernel": self.kernel, "channels": list(self.channels)}


def _stack(channels: Sequence[int], kernel: int) -> nn.Sequential:
    """Convolutions with ReLU between them: 3 + 3 + 2 channels in, 2 out; the last one starts at zero."""
    layers: list[nn.Module] = []
    for before, after in pairwise([8, *channels]):
        hidden = nn.Conv2d(before, after, kernel, padding=kernel // 2)
        nn.init.kaiming_normal_(hidden.weight, nonlinearity="relu")
        layers += [hidden, nn.ReLU(inplace=True)]
    last = nn.Conv2d(channels[-1], 2, kernel, padding=kernel // 2)
    for parameter in last.parameters():
        nn.init.zeros_(parameter)
    return nn.Sequential(*layers, last)


def _resize(picture: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(picture.float(), size=size, mode="bilinear", align_corners=False)


def flow_network(config: dict[str, Any]) -> SPyNet:
    """Build an untrained network from what `SPyNet.describe` gave.

    Raises:
        StvsrError: If the family is another one, or a setting is missing or out of range.
    """
    if config.get("family") != "spynet":
        raise StvsrError(f"unknown flow family {config.get('family')!r}: this version knows 'spynet'")
    try:
        return SPyNet(tuple(map(int, config["channels"])), int(config["kernel"]), int(config["levels"]))
    except (KeyError, TypeError, ValueError) as error:
        raise StvsrError(f"flow network: its configuration lacks or spoils a setting ({error})") from None


def load_flow(name_or_folder: str | Path = "spynet-compact", device: str | torch.device = "cpu") -> SPyNet:
    """Load a trained flow network in evaluation mode, its gradients switched on.

    Args:
        name_or_folder: A bundled name (``spynet-compact``) or a folder with `config.json` and `model.safetensors`.
        device: Where its tensors go.

    Raises:
        StvsrError: If there is no such network, or its files do not belong together.
    """
    folder = BUNDLED / str(name_or_folder)
    if not (folder / CONFIG).is_file():
        folder = Path(name_or_folder)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = ", ".join(sorted(path.parent.name for path in BUNDLED.glob(f"*/{CONFIG}")))
        raise StvsrError(f"{name_or_folder}: no flow network there; use one of {known}, or a folder of one") from None
    if not isinstance(config, dict) or not isinstance(config.get("model"), dict):
        raise StvsrError(f"{folder / CONFIG}: has no 'model'; take it anew from where the weights came from")
    network = flow_network(config["model"])
    try:
        tensors = load_file(folder / TENSORS)
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise StvsrError(f"{folder / TENSORS}: not the weights of its {CONFIG} ({reason})") from None
    return network.to(device).eval()
