"""Enlargement of single frames: networks in ncnn's format, in tiles, and Lanczos.

    frame uint8 --> planes R, G, B in [0, 1] --ncnn: "data" to "output"--> planes, s times the size --> frame uint8

The networks are plain convolutions of small reach, so that a tile with enough of its surroundings gives what the whole
frame would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.evaluation.flow import to_image, to_tensor
from stvsr.evaluation.methods.interpolation import Interpolation
from stvsr.physics.degradation import Degradation
from stvsr.video.images import Image

Planes = NDArray[np.float32]
"""Red, green and blue, ``(3, height, width)``, in [0, 1]."""
Enlarge = Callable[[Image], Image]

TILE = 768
MARGIN = 32
"""More low pixels than the networks reach: 21 of SPAN, 18 of Real-ESRGAN's for video."""


class NcnnNetwork:
    """A network that ncnn runs on the CPU, in float32, with as many threads as PyTorch has.

    Args:
        structure: Its ``.param`` file.
        weights: Its ``.bin`` file.

    Raises:
        StvsrError: If ncnn cannot read them.
    """

    def __init__(self, structure: Path, weights: Path) -> None:
        import ncnn

        self._ncnn: Any = ncnn
        self._net = ncnn.Net()
        options = self._net.opt
        options.use_vulkan_compute = False
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = False
        options.num_threads = torch.get_num_threads()
        if self._net.load_param(str(structure)) or self._net.load_model(str(weights)):
            raise StvsrError(f"{structure.name}, {weights.name}: ncnn cannot read this network; install it anew")

    def __call__(self, planes: Planes) -> Planes:
        """Return the enlarged planes."""
        held = np.ascontiguousarray(planes)  # ncnn does not copy: this must outlive the run
        run = self._net.create_extractor()
        run.input("data", self._ncnn.Mat(held))
        _, output = run.extract("output")
        return np.array(output, np.float32)


def enlarged(frame: Image, network: Callable[[Planes], Planes], factor: int, tile: int = TILE) -> Image:
    """Enlarge a frame tile by tile.

    Args:
        frame: RGB uint8 ``(height, width, 3)``.
        network: What enlarges planes.
        factor: By how much.
        tile: Low pixels at most along each side of a tile, without its surroundings.
    """
    planes = np.ascontiguousarray(frame.transpose(2, 0, 1), np.float32) / np.float32(255)
    height, width, _ = frame.shape
    high = np.empty((height * factor, width * factor, 3), np.uint8)
    for rows, top in _spans(height, tile):
        for columns, left in _spans(width, tile):
            around = planes[:, rows[0] - top : rows[1] + MARGIN, columns[0] - left : columns[1] + MARGIN]
            size = tuple(factor * (stop - start) for start, stop in (rows, columns))
            inner = network(around)[:, factor * top : factor * top + size[0], factor * left : factor * left + size[1]]
            codes = np.rint(inner.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
            high[factor * rows[0] : factor * rows[1], factor * columns[0] : factor * columns[1]] = codes
    return high


def _spans(size: int, tile: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield start and stop of each tile along an axis, and the margin before it."""
    count = -(-size // tile)
    edges = [size * number // count for number in range(count + 1)]
    for start, stop in pairwise(edges):
        yield (start, stop), min(MARGIN, start)


def ncnn_enlargement(structure: Path, weights: Path, factor: int) -> Enlarge:
    """Return what enlarges frames with a network."""
    network = NcnnNetwork(structure, weights)
    return lambda frame: enlarged(frame, network, factor)


def lanczos_enlargement(factor: int) -> Enlarge:
    """Return what enlarges frames with three lobes of Lanczos."""
    space = Interpolation(Degradation(space=factor), "lanczos")

    def enlarge(frame: Image) -> Image:
        clip = to_tensor(frame)[None, :, None] / 255
        return to_image(space.enlarge(clip)[0, :, 0] * 255)

    return enlarge
