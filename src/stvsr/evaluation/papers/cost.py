"""Operations of networks that expand clips, counted (STAA, Table 4)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from stvsr.evaluation.results import Row
from stvsr.layers.deformable import DeformableConv2d
from stvsr.models.checkpoint import build
from stvsr.models.staa import STAA
from stvsr.physics.scale import Scale

LOW = (2, 16, 16)
"""Frames, height and width that are counted on: whole multiples of what any level of a network divides by."""


def gmac_per_megasample(network: nn.Module, low: Tensor, *further: Any) -> float:
    """Return thousand million multiplications for each million of output samples, of which a pixel has three.

    Counted are the weights of convolutions, deformable or not; interpolation and activations are not.

    Args:
        network: What expands ``low``, called with it and ``further``.
        low: ``(1, 3, time, height, width)``.
        further: Further arguments.
    """
    total = 0

    def add(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        weight = layer.weight
        assert isinstance(weight, Tensor)
        total += output.numel() * weight[0].numel()

    kinds = (nn.Conv2d, nn.Conv3d, DeformableConv2d)
    hooks = [layer.register_forward_hook(add) for layer in network.modules() if isinstance(layer, kinds)]
    try:
        with torch.inference_mode():
            samples = int(network(low, *further).numel())
    finally:
        for hook in hooks:
            hook.remove()
    return total / 1e3 / samples


def cost_row(model: STAA, name: str) -> Row:
    """Return a row of results: parameters and operations of the part of a model that expands clips."""
    low = torch.zeros(1, 3, *LOW, device=next(model.parameters()).device)
    counted = round(gmac_per_megasample(model.upsampler, low, model.operator.kernel.centroid), 2)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Row(name, "model", parameters=parameters, gmac_per_megasample=counted)


def paper_model(scale: Scale) -> STAA:
    """Return the paper's network, untrained."""
    model = build({"family": "staa", "scale": [int(scale.time), scale.height]}, f"staa-{scale}")
    assert isinstance(model, STAA)
    return model.eval()
