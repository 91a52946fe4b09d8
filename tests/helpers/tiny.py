"""A run small enough to repeat a hundred times: a two-layer model, clips of noise, nothing read from disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from stvsr.models.contract import Codec
from stvsr.models.network import Network
from stvsr.physics.scale import Scale
from stvsr.settings import build
from stvsr.training.parts import Parts
from stvsr.training.recipe import Recipe, check

FRAMES, SIDE = 5, 7


class Tiny(Network, Codec):
    """Halves the frame rate and doubles it again. Dropout makes it depend on the random state."""

    scale = Scale(2, 1, 1)

    def __init__(self, name: str, dropout: float) -> None:
        super().__init__()
        self.name = name
        self.downsampler = nn.Conv3d(3, 3, (3, 1, 1), stride=(2, 1, 1), padding=(1, 0, 0))
        self.upsampler = nn.Conv3d(3, 6, 3, padding=1)
        self.plane = nn.Conv2d(3, 3, 1)  # 4-D weights beside 5-D ones
        self.dropout = nn.Dropout(dropout)

    def downsample(self, clip):
        return (self.downsampler(clip).clamp(0, 1) * 255).round() / 255

    def upsample(self, low):
        batch, _, frames, height, width = low.shape
        high = self.upsampler(self.dropout(low)).view(batch, 3, 2, frames, height, width)
        high = high.transpose(2, 3).reshape(batch, 3, 2 * frames, height, width)
        planes = high.transpose(1, 2).flatten(0, 1)
        return (planes + self.plane(planes)).unflatten(0, (batch, -1)).transpose(1, 2)

    def forward(self, clip):
        low = self.downsampler(clip)
        return low, self.upsample(low)[:, :, : clip.shape[2]]

    def offset_statistics(self):
        return {"mean": float(self.upsampler.weight.detach().abs().mean())}


class Noise:
    """Batches with the promise of `stvsr.data.loader.Batches`: sample k depends on (step, k) alone."""

    wait_share = 0.25

    def __init__(self, batch: int, rank: int = 0, bad_steps: tuple[int, ...] = ()) -> None:
        self.batch, self.rank, self.bad_steps = batch, rank, bad_steps

    def sized(self, frames: int, patch: int, batch: int):
        return Noise(batch, self.rank, self.bad_steps)

    def stream(self, first_step: int = 0):
        step = first_step
        while True:
            yield step, torch.stack([self._sample(step, self.rank * self.batch + k) for k in range(self.batch)])
            step += 1

    def _sample(self, step: int, index: int) -> torch.Tensor:
        values = np.random.default_rng([step, index]).integers(0, 256, (3, FRAMES, SIDE, SIDE))
        if step in self.bad_steps and index == 1:
            return torch.full(values.shape, float("nan"))
        return torch.from_numpy(values.astype(np.float32))


class StillClips:
    """Two validation clips of smooth noise."""

    names = ("one", "two")

    def __len__(self) -> int:
        return 2

    def shape(self, index: int) -> tuple[int, int, int]:
        return (FRAMES + index, SIDE, SIDE)

    def crop(self, index, start, frames, y, x, height, width):
        clip = np.random.default_rng(index).integers(60, 200, (*self.shape(index), 3)).astype(np.uint8)
        return clip[start : start + frames, y : y + height, x : x + width].copy()


def save(model: Tiny, folder: Path, extra: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"name": model.name, **extra}))


def parts(bad_steps: tuple[int, ...] = (), batches=None) -> Parts:
    return Parts(
        build=lambda config, name: Tiny(name, **config),
        save=save,
        batches=batches or (lambda data, rank, world: Noise(data.batch, rank, bad_steps)),
        validation=lambda data: [StillClips()],
    )


def recipe(**changes) -> Recipe:
    values = {
        "name": "tiny",
        "model": {"dropout": 0.2},
        "data": {"train": [{"kind": "none"}], "batch": 2},
        "steps": 6,
        "optimizer": {"rate": 1e-2, "schedule": "cosine", "kernel_rate": 2},
        "ema": 0.9,
        "clip": 1.0,
        "log_every": 3,
        "validation": {"every": 3},
        "checkpoint_steps": 2,
        "checkpoint_seconds": 0,
    }
    return check(build(Recipe, {**values, **changes}))
