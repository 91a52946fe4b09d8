"""Batches of training clips: stateless, so that a run resumes and spreads over processes bit-exactly.

Sample k of step n depends on (seed, n, place of k in the global batch) and on nothing else: no worker, order
or earlier step has a say. Two processes of batch B see exactly the samples of one process of batch 2B.
"""

from __future__ import annotations

import copy
import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from stvsr.data.augment import area_average, flip_turn_reverse
from stvsr.data.cache import Frames
from stvsr.data.clips import ClipSet
from stvsr.errors import StvsrError

log = logging.getLogger("stvsr.data")


@dataclass(frozen=True)
class Sampling:
    """How a sample is cut out of a clip.

    Attributes:
        augment: Whether to flip, turn and reverse.
        strides: Steps in time to choose from with equal probability: ``(1, 1, 2)`` takes every second frame
            in a third of the samples. A clip too short for a stride is sampled with the longest that fits.
        shrink: Probability of taking a crop twice as large and averaging 2 × 2 pixels: sharper and faster
            material. Clips too small for it are cropped at their own size.
    """

    augment: bool = True
    strides: tuple[int, ...] = (1,)
    shrink: float = 0.0


class Batches:
    """An endless, indexable sequence of batches.

    Args:
        sources: Sets of clips with their weights. A sample's source is drawn in proportion to the weights,
            then a clip of it uniformly, then a place in time and space uniformly.
        frames: Frames per sample.
        patch: Height and width of a sample in pixels.
        batch: Samples per step in this process.
        seed: Of everything drawn.
        rank: Number of this process.
        world: Number of processes.
        augment: Whether to flip, turn and reverse in time.
        strides: See `Sampling`.
        shrink: See `Sampling`.
        workers: Threads that prepare batches for `stream`.
        prefetch: Batches that `stream` keeps ready.

    Raises:
        StvsrError: If a source has no clip of at least ``frames`` frames and ``patch`` pixels, or a number is
            out of range. Single clips that are too short or too small are left out with a warning.
    """

    def __init__(
        self,
        sources: Sequence[tuple[ClipSet, float]],
        frames: int,
        patch: int,
        batch: int,
        seed: int,
        *,
        rank: int = 0,
        world: int = 1,
        augment: bool = True,
        strides: Sequence[int] = (1,),
        shrink: float = 0.0,
        workers: int = 1,
        prefetch: int = 4,
    ) -> None:
        if not sources or any(weight <= 0 for _, weight in sources):
            raise StvsrError("data: give at least one source, each with a weight above 0")
        if seed < 0:
            raise StvsrError("data: the seed must not be negative")
        if min(frames, patch, batch, workers, prefetch, *strides) < 1:
            raise StvsrError("data: frames, patch, batch, strides, workers and prefetch must be at least 1")
        self.frames, self.patch, self.size, self.seed = frames, patch, batch, seed
        self.rank, self.world = rank, world
        self.sampling = Sampling(augment, tuple(strides), shrink)
        self.workers, self.prefetch = workers, prefetch
        self.wait_share = 0.0
        self._sets = [clips for clips, _ in sources]
        self._usable = [_usable(clips, frames, patch) for clips in self._sets]
        weights = np.array([weight for _, weight in sources], dtype=np.float64)
        self._bounds = np.cumsum(weights / weights.sum())

    def sized(self, frames: int, patch: int, batch: int) -> Batches:
        """Return batches of the same clips and seed whose samples have another size.

        Raises:
            StvsrError: As when one is made.
        """
        other = copy.copy(self)
        other.frames, other.patch, other.size, other.wait_share = frames, patch, batch, 0.0
        other._usable = [_usable(clips, frames, patch) for clips in self._sets]
        return other

    def batch(self, step: int) -> torch.Tensor:
        """Return the batch of a step, ``(batch, 3, frames, patch, patch)`` uint8: a pure function."""
        samples = np.empty((self.size, 3, self.frames, self.patch, self.patch), dtype=np.uint8)
        for index in range(self.size):
            samples[index] = self.sample(step, self.rank * self.size + index).transpose(3, 0, 1, 2)
        return torch.from_numpy(samples)

    def sample(self, step: int, index: int) -> Frames:
        """Return one sample ``(frames, patch, patch, 3)`` by its place in the global batch."""
        random = np.random.default_rng(np.random.SeedSequence([self.seed, step, index]))
        source = int(np.searchsorted(self._bounds, random.random(), side="right"))
        source = min(source, len(self._sets) - 1)  # the last bound may fall short of 1 by rounding
        usable = self._usable[source]
        clip = usable[int(random.integers(len(usable)))]
        crop = self._crop(self._sets[source], clip, random)
        return flip_turn_reverse(crop, random) if self.sampling.augment else crop

    def stream(self, first_step: int = 0) -> Iterator[tuple[int, torch.Tensor]]:
        """Give ``(step, batch)`` from a step on, for ever, prepared ahead by worker threads.

        ``wait_share`` then tells what share of the time since the start the consumer waited.
        """
        began, waited = time.perf_counter(), 0.0
        with ThreadPoolExecutor(self.workers, thread_name_prefix="stvsr-data") as pool:
            ready: deque[Future[torch.Tensor]] = deque()
            try:
                for step in range(first_step, first_step + self.prefetch):
                    ready.append(pool.submit(self.batch, step))
                step = first_step
                while True:
                    asked = time.perf_counter()
                    batch = ready.popleft().result()
                    now = time.perf_counter()
                    waited += now - asked
                    self.wait_share = waited / max(now - began, 1e-9)
                    ready.append(pool.submit(self.batch, step + self.prefetch))
                    yield step, batch
                    step += 1
            finally:
                for future in ready:
                    future.cancel()

    def _crop(self, clips: ClipSet, clip: int, random: np.random.Generator) -> Frames:
        length, height, width = clips.shape(clip)
        stride = int(random.choice(self.sampling.strides))
        stride = min(stride, (length - 1) // (self.frames - 1) if self.frames > 1 else 1)
        shrink = 2 if random.random() < self.sampling.shrink and min(height, width) >= 2 * self.patch else 1
        span, side = (self.frames - 1) * stride + 1, self.patch * shrink
        start, y, x = random.integers([length - span + 1, height - side + 1, width - side + 1]).tolist()
        return area_average(clips.crop(clip, start, span, y, x, side, side)[::stride], shrink)


def _usable(clips: ClipSet, frames: int, patch: int) -> list[int]:
    """Return the indices of the clips that a sample fits into, and warn about the others."""
    usable = []
    for index, name in enumerate(clips.names):
        length, height, width = clips.shape(index)
        if length >= frames and min(height, width) >= patch:
            usable.append(index)
        else:
            log.warning(
                "left out: %s has %d frames of %dx%d, a sample needs %d of %dx%d",
                name, length, width, height, frames, patch, patch,
            )  # fmt: skip
    if not usable:
        raise StvsrError(
            f"data: none of {len(clips)} clips has {frames} frames of {patch}x{patch}; "
            "use longer or larger clips, or a smaller 'patch'"
        )
    return usable
