"""Samples for the flow training: what a low frame may look like, and the pairs and triples that are cut from clips.

A sample depends on (seed, step, place in the batch) alone, so that a run resumes with the very same samples.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from studies.flow.scenes import PAIRS, FlowScenes
from stvsr.data.cache import Frames
from stvsr.data.clips import ClipSet
from stvsr.errors import StvsrError

LONGEST = 5  # frames of a real clip between two low frames, at most


@dataclass(frozen=True)
class Known:
    """Pairs whose flow is known.

    Attributes:
        first: ``(batch, 3, patch, patch)`` as the network sees it.
        second: The same.
        flow: ``(batch, 2, patch, patch)`` in pixels.
        visible: ``(batch, 1, patch, patch)``, 1 where one surface alone is seen in both.
    """

    first: Tensor
    second: Tensor
    flow: Tensor
    visible: Tensor


@dataclass(frozen=True)
class Triples:
    """Real frames with one between them.

    Attributes:
        first: ``(batch, 3, patch, patch)`` as the network sees it, with noise.
        second: The same.
        clean: ``(3, batch, 3, patch, patch)``: first, between, second, without noise.
        part: ``(batch, 1, 1, 1)``: when the frame between was, from 0 at the first to 1 at the second.
    """

    first: Tensor
    second: Tensor
    clean: Tensor
    part: Tensor


@dataclass(frozen=True)
class Batch:
    """What one step learns from."""

    known: Known
    real: Triples | None


class FlowSamples:
    """Batches by the number of their step.

    Args:
        scenes: Where the flow is known.
        clips: Real clips, or None.
        patch: Height and width of a sample.
        known: Samples from scenes per batch.
        real: Samples from clips per batch.
        seed: Of everything drawn.

    Raises:
        StvsrError: If a number is out of range or no clip is long and large enough.
    """

    def __init__(
        self, scenes: FlowScenes, clips: ClipSet | None, patch: int = 96, known: int = 6, real: int = 4, seed: int = 0
    ) -> None:
        if min(patch, known) < 1 or real < 0 or seed < 0:
            raise StvsrError("flow samples: patch and batch must be at least 1, the seed at least 0")
        if min(scenes.settings.size) < patch:
            raise StvsrError(f"flow samples: scenes of {min(scenes.settings.size)} pixels are smaller than the patch")
        self.scenes, self.clips, self.patch, self.seed = scenes, clips, patch, seed
        self.known, self.real = known, real if clips is not None else 0
        self._usable = [index for index in range(len(clips)) if self._fits(clips.shape(index))] if clips else []
        if self.real and not self._usable:
            raise StvsrError(f"flow samples: no clip has 2 frames of {patch}x{patch}; use larger clips")

    def batch(self, step: int) -> Batch:
        """Return the batch of a step: a pure function."""
        known = [self._known(np.random.default_rng([self.seed, step, place])) for place in range(self.known)]
        firsts, seconds, flows, visible = (torch.stack(parts) for parts in zip(*known, strict=True))
        pairs = Known(firsts, seconds, flows, visible)
        if not self.real:
            return Batch(pairs, None)
        places = range(self.known, self.known + self.real)
        real = [self._real(np.random.default_rng([self.seed, step, place])) for place in places]
        firsts, seconds, clean, part = (torch.stack(parts) for parts in zip(*real, strict=True))
        return Batch(pairs, Triples(firsts, seconds, clean.transpose(0, 1), part[:, None, None, None]))

    def stream(self, first_step: int, ahead: int = 3) -> Generator[Batch, None, None]:
        """Give the batches from a step on, for ever, prepared by a thread."""
        with ThreadPoolExecutor(1, thread_name_prefix="stvsr-flow") as pool:
            ready: deque[Future[Batch]] = deque(pool.submit(self.batch, first_step + k) for k in range(ahead))
            step = first_step + ahead
            try:
                while True:
                    batch = ready.popleft().result()
                    ready.append(pool.submit(self.batch, step))
                    step += 1
                    yield batch
            finally:
                for future in ready:
                    future.cancel()

    def _fits(self, shape: tuple[int, int, int]) -> bool:
        return shape[0] >= 2 and min(shape[1:]) >= self.patch

    def _known(self, random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        scene = self.scenes[int(random.integers(len(self.scenes)))]
        which, backwards = int(random.integers(len(PAIRS))), int(random.integers(2))
        centres = PAIRS[which][::-1] if backwards else PAIRS[which]
        longest = abs(centres[1] - centres[0]) // 2
        half = int(random.integers(0, longest + 1)) if random.random() < 0.8 else 0
        side, y, x = self._window(random, scene.instants.shape[1:3])
        pictures = [_mean(scene.instants[c - half : c + half + 1, y : y + side, x : x + side]) for c in centres]
        field = torch.from_numpy(
            scene.fields[which + backwards * len(PAIRS), :, y : y + side, x : x + side].astype(np.float32)
        )
        both, field = _turned(random, torch.stack(pictures), field)
        low = _exposed(random, both, self.patch)
        field = F.interpolate(field[None], size=(self.patch, self.patch), mode="area")[0]
        first, second = _noisy(random, low)
        return first, second, field[:2] * (self.patch / side), (field[2:] > 0.99).float()

    def _real(self, random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        assert self.clips is not None
        index = self._usable[int(random.integers(len(self._usable)))]
        length, height, width = self.clips.shape(index)
        gap = int(random.integers(1, min(LONGEST, length - 1) + 1))
        exposure = int(random.integers(1, min(gap, length - gap) + 1))
        between = int(random.integers(1, gap)) if gap > 1 else 0
        side, y, x = self._window(random, (height, width))
        start = int(random.integers(0, length - gap - exposure + 1))
        frames = self.clips.crop(index, start, gap + exposure, y, x, side, side)
        if random.random() < 0.5:
            frames = frames[::-1]
        pictures = torch.stack([_mean(frames[at : at + exposure]) for at in (0, between, gap)])
        pictures, _ = _turned(random, pictures, None)
        clean = _exposed(random, pictures, self.patch)
        first, second = _noisy(random, clean[[0, 2]])
        return first, second, clean, torch.tensor(between / gap)

    def _window(self, random: np.random.Generator, size: tuple[int, ...]) -> tuple[int, int, int]:
        """Draw the side of a square, from the patch to twice that, and its corner."""
        largest = min(2.0, min(size) / self.patch)
        side = int(self.patch * math.exp(random.uniform(0, math.log(largest)))) if largest > 1 else self.patch
        y, x = random.integers([size[0] - side + 1, size[1] - side + 1]).tolist()
        return side, y, x


def _mean(frames: Frames) -> Tensor:
    """Return the mean of ``(n, h, w, 3)`` uint8 frames, ``(3, h, w)`` in [0, 1]."""
    total = frames[0].astype(np.float32) if len(frames) == 1 else frames.sum(axis=0, dtype=np.float32)
    return torch.from_numpy(total).permute(2, 0, 1) / (255 * len(frames))


def _turned(random: np.random.Generator, pictures: Tensor, field: Tensor | None) -> tuple[Tensor, Tensor]:
    """Flip and turn square pictures ``(n, 3, s, s)``, and a flow with a mask ``(3, s, s)`` in the same way."""
    across, down, turn = (random.random(3) < 0.5).tolist()
    field = pictures.new_zeros(3, *pictures.shape[-2:]) if field is None else field
    if across:
        pictures, field = pictures.flip(-1), field.flip(-1) * torch.tensor([-1.0, 1.0, 1.0])[:, None, None]
    if down:
        pictures, field = pictures.flip(-2), field.flip(-2) * torch.tensor([1.0, -1.0, 1.0])[:, None, None]
    if turn:
        pictures, field = pictures.transpose(-1, -2), field.transpose(-1, -2)[[1, 0, 2]]
    return pictures.contiguous(), field.contiguous()


def _exposed(random: np.random.Generator, pictures: Tensor, size: int) -> Tensor:
    """Change the light and colours, blur and sample frames ``(n, 3, s, s)`` down to ``size``, all alike.

    The sampling is one of three: with full aliasing, by the area of a pixel, or bicubic.
    """
    gain = np.exp(random.normal(0, 0.2) + random.normal(0, 0.1, 3)).astype(np.float32)
    pictures = (pictures * torch.from_numpy(gain)[:, None, None]).clamp(0, 1).pow(math.exp(random.normal(0, 0.25)))
    if random.random() < 0.4:
        pictures = _blurred(pictures, random.uniform(0.3, 1.3))
    how = int(random.integers(3))
    if pictures.shape[-1] != size:
        if how == 0:
            pictures = F.interpolate(pictures, (size, size), mode="bilinear", align_corners=False)
        elif how == 1:
            pictures = F.interpolate(pictures, (size, size), mode="area")
        else:
            pictures = F.interpolate(pictures, (size, size), mode="bicubic", align_corners=False, antialias=True)
    return pictures.clamp(0, 1)


def _blurred(pictures: Tensor, sigma: float) -> Tensor:
    """Apply a Gaussian of some pixels' width, the border repeated."""
    places = torch.arange(-3, 4, dtype=torch.float32)
    taps = torch.exp(-0.5 * (places / sigma).square())
    taps = (taps / taps.sum()).expand(3, 1, 1, 7)
    padded = F.pad(pictures, (3, 3, 3, 3), mode="replicate")
    return F.conv2d(F.conv2d(padded, taps, groups=3), taps.transpose(2, 3), groups=3)


def _noisy(random: np.random.Generator, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Add what differs from frame to frame: noise in half of the samples, and a little light."""
    light = torch.from_numpy(np.exp(random.normal(0, 0.015, len(pictures))).astype(np.float32))
    pictures = pictures * light[:, None, None, None]
    if random.random() < 0.5:
        grain = random.standard_normal(tuple(pictures.shape), dtype=np.float32)
        pictures = pictures + torch.from_numpy(grain) * float(random.uniform(0, 8) / 255)
    first, second = pictures.clamp(0, 1)
    return first, second
