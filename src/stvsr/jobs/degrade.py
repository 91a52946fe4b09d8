"""Making the low video that a worse camera would have made: blurred, smaller, slower, noisier."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np
import torch
from torch import Tensor, nn

from stvsr.device import choose_device
from stvsr.engine.job import Job
from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.jobs.degraded import DegradeRecord, check_effect, describe
from stvsr.jobs.networks import Device
from stvsr.jobs.options import JobOptions, Settings, separate
from stvsr.jobs.plan import File, at_once
from stvsr.jobs.records import SHRINK_TAG, facts
from stvsr.jobs.reduction import Reduction, plan_reduction
from stvsr.models.contract import Reducer
from stvsr.physics.degradation import DEFAULT, Degradation
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale
from stvsr.video.info import VideoInfo


def plan_degrade(
    source: File,
    target: File,
    *,
    degradation: Degradation | None = None,
    seed: int = 0,
    device: Device = "auto",
    options: JobOptions | None = None,
    progress: Progress | None = None,
    **settings: Unpack[Settings],
) -> Job:
    """Plan the low video of a high one: what `Degradation.apply` gives for the whole clip, then encoded.

    Low frame ``i`` is shown when high frame ``i * time`` was. Audio and subtitles are copied, and the degradation and
    the original's size and times are recorded for `stvsr.upscale`.

    Args:
        source: Any video file.
        target: The low video, .mkv, .mp4, .mov or .webm. Only a lossless encoder of RGB keeps every bit.
        degradation: What happens to it; None for twofold in time and space with a half-open shutter.
        seed: The noise's, which is the same however the work is cut up; not negative.
        device: Where to compute: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``xpu``.
        options: How the video is read, computed and stored.
        progress: Told what gets lost.
        settings: Changes to the degradation (``time``, ``space``, ``exposure``, ``shutter``, ``blur``, ``noise``), and
            options by their names (`stvsr.JobOptions`), but for ``cuts``.

    Raises:
        StvsrError: If there is nothing to do, a setting is impossible, the source cannot be read or has transparency,
            or the target exists or cannot be written.
    """
    given, options = separate(settings, options, without=["cuts"])
    chosen = (degradation or DEFAULT).but(**given)
    if chosen.compression:
        raise StvsrError("`compression` is the encoder's business here: give `quality` to encoder h264 instead")
    degrader = make_degrader(chosen, seed, device)

    def record(info: VideoInfo, cuts: list[int]) -> DegradeRecord:
        return DegradeRecord(degradation=describe(chosen), **facts(info))

    finish = degrader.add_noise if chosen.noise else None
    reduction = Reduction(degrader, record, options.chosen(), {SHRINK_TAG.lower(): ""}, finish)
    whole = replace(options, cuts=None)  # noise and blur know no cuts
    return plan_reduction(Path(source), Path(target), reduction, whole, progress or Progress())


degrade = at_once(plan_degrade)


def make_degrader(degradation: Degradation, seed: int = 0, device: Device = "auto") -> Degrader:
    """Return what applies a degradation.

    Raises:
        StvsrError: If it does nothing, its kernel cannot be read, or the seed or the device is impossible.
    """
    if seed < 0:
        raise StvsrError(f"seed {seed} is impossible: give 0 or more")
    check_effect(degradation)
    return Degrader(degradation, seed).to(choose_device(device) if isinstance(device, str) else device)


class Degrader(nn.Module, Reducer):
    """A degradation without its noise, which `add_noise` adds.

    Args:
        degradation: What it does.
        seed: The noise's.
    """

    def __init__(self, degradation: Degradation, seed: int = 0) -> None:
        super().__init__()
        kernel = degradation.kernel()
        self._taps = nn.Parameter(kernel.taps, requires_grad=False)  # a parameter, because it tells the device
        self._kernel, self._scale = kernel, degradation.scale
        self._noise, self._seed = degradation.noise, seed

    @property
    def identity(self) -> tuple[float, int]:
        """The noise, on which the result depends besides the kernel."""
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
