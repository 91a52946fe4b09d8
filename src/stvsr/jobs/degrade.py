"""Making the low video that a worse camera would have made: blurred, smaller, slower, noisier."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from stvsr.engine.job import Outcome
from stvsr.engine.progress import Watcher
from stvsr.errors import StvsrError
from stvsr.jobs.degraded import DegradeRecord, check_effect, describe
from stvsr.jobs.records import SHRINK_TAG, facts
from stvsr.jobs.reduction import Reduction, reduce_file
from stvsr.models.contract import Reducer
from stvsr.physics.degradation import Degradation
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale
from stvsr.video.deinterlace import Interlaced
from stvsr.video.encoders import Encoder
from stvsr.video.info import VideoInfo


def degrade_file(
    source: str | Path,
    output: str | Path,
    degradation: Degradation,
    *,
    seed: int = 0,
    encoder: Encoder | None = None,
    device: torch.device | str = "cpu",
    budget: int | None = None,
    drop: Collection[str] = (),
    interlaced: Interlaced = "refuse",
    watcher: Watcher | None = None,
) -> Outcome:
    """Write the low video of ``source``: what `Degradation.apply` gives for the whole clip, then encoded.

    Low frame i is shown when high frame ``i * time`` was. Audio and subtitles are copied, and the degradation and
    the original's size and times are recorded for `stvsr.jobs.upscale.upscale_file`.

    Args:
        source: Any video file.
        output: The low video.
        degradation: What happens to it.
        seed: Of the noise, which is the same however the work is cut up; not negative.
        encoder: From `stvsr.video.encoders.encoder`; H.264 if None. Only a lossless one of RGB keeps every bit.
        device: Where to compute.
        budget: Bytes of working memory to aim at; None for what suits the device.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        interlaced: What to do with frames of two fields; see `stvsr.video.deinterlace.Interlaced`.
        watcher: Told of progress and of what gets lost.

    Raises:
        StvsrError: If there is nothing to do, if the source cannot be read or has transparency, or if the output
            cannot be written.
    """
    if seed < 0:
        raise StvsrError(f"seed {seed} is impossible: give 0 or more")
    check_effect(degradation)
    degrader = Degrader(degradation, seed).to(device)

    def record(info: VideoInfo, cuts: list[int]) -> DegradeRecord:
        return DegradeRecord(degradation=describe(degradation), **facts(info))

    finish = degrader.add_noise if degradation.noise else None
    reduction = Reduction(
        degrader,
        record,
        encoder,
        {SHRINK_TAG.lower(): ""},
        finish,
        drop,
        interlaced=interlaced,
    )
    return reduce_file(Path(source), Path(output), reduction, budget, watcher or Watcher())


class Degrader(nn.Module, Reducer):
    """A degradation without its noise, which `add_noise` adds.

    Args:
        degradation: What it does.
        seed: Of the noise.
    """

    def __init__(self, degradation: Degradation, seed: int = 0) -> None:
        super().__init__()
        kernel = degradation.kernel()
        self._taps = nn.Parameter(kernel.taps, requires_grad=False)  # a parameter, because it tells the device
        self._kernel, self._scale = kernel, degradation.scale
        self._noise, self._seed = degradation.noise, seed

    @property
    def identity(self) -> tuple[float, int]:
        """What the result depends on besides the kernel."""
        return self._noise, self._seed

    @property
    def scale(self) -> Scale:
        """How much coarser the low grid is."""
        return self._scale

    @property
    def down_context(self) -> int:
        """High frames on each side that an exact low frame needs."""
        first, taps = self._kernel.origin[0], self._kernel.size[0]
        return max(-first, first + taps - self._scale.steps[0], 0)

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the low clip, neither noisy nor rounded."""
        return SpaceTimeOperator(self._kernel.to(self._taps), self._scale).forward(clip)

    def add_noise(self, low: Tensor, first: int) -> Tensor:
        """Return low frames ``(1, 3, time, height, width)`` with noise that depends on the seed and their numbers.

        Args:
            low: Consecutive frames in [0, 1].
            first: The number of the first one.
        """
        frames = [self._draw(first + i, low[0, :, i].shape) for i in range(low.shape[2])]
        noise = torch.from_numpy(np.stack(frames, axis=1)).to(low)
        return low + noise * (self._noise / 255)

    def _draw(self, number: int, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.random.default_rng([self._seed, number]).standard_normal(shape, np.float32)
