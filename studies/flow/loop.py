"""The flow training: Adam along half a cosine, an average of the weights, a state from which it resumes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from studies.flow.losses import end_point_error, one_level, supervised, unsupervised
from studies.flow.samples import Batch, FlowSamples, Known
from stvsr.errors import StvsrError
from stvsr.layers.optical_flow import CONFIG, TENSORS, SPyNet
from stvsr.training.interruption import Interruption
from stvsr.training.optimisation import MovingAverage, channels_last
from stvsr.training.state import CURRENT, read_state, to_cpu, write_state

SIZES: dict[str, dict[str, Any]] = {
    "paper": {"channels": (32, 64, 32, 16), "kernel": 7, "levels": 6},
    "compact": {"channels": (32, 32, 16, 16), "kernel": 5, "levels": 5},
}


@dataclass(frozen=True)
class FlowTraining:
    """How to train.

    Attributes:
        size: ``compact`` or ``paper``.
        minutes: Time to train for, over all resumptions; 0: as long as the steps take.
        steps: Steps to train for; 0: as many as the time allows.
        rate: Highest learning rate.
        alike: Part of the training in which one level learns for all.
        unsupervised: Weight of the loss on real clips.
        decay: Of the average of the weights.
        save_every: Seconds from one state to the next.
    """

    size: str = "compact"
    minutes: float = 0.0
    steps: int = 0
    rate: float = 1e-3
    alike: float = 0.3
    unsupervised: float = 8.0
    decay: float = 0.998
    save_every: float = 60.0

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise StvsrError(f"flow training: size {self.size!r} is unknown; use {' or '.join(SIZES)}")
        if min(self.minutes, self.steps) < 0 or max(self.minutes, self.steps) == 0:
            raise StvsrError("flow training: give a number of minutes or of steps above 0")

    def share(self, step: int, seconds: float) -> float:
        """Return how much of the training is over, from 0 to 1."""
        by_steps = step / self.steps if self.steps else 0.0
        by_time = seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(by_steps, by_time))


class FlowTrainer:
    """A flow training in a folder, with ``state.pt`` to resume from and the finished network in ``model/``.

    Args:
        training: How to train.
        folder: Made if missing.
        resume: Whether to go on from the state there, if there is one.
        seed: Of the first weights.
        device: Where to compute.

    Raises:
        StvsrError: If the folder holds a state and ``resume`` is off, or its state is of another network.
    """

    def __init__(
        self,
        training: FlowTraining,
        folder: Path,
        *,
        resume: bool = False,
        seed: int = 0,
        device: str | torch.device = "cpu",
    ) -> None:
        self.training, self.folder, self.device = training, folder, torch.device(device)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = SPyNet(**SIZES[training.size])
        self.network = network.to(self.device)
        channels_last(self.network)  # a fifth faster on CPUs with AVX-512
        self.average = MovingAverage(self.network, training.decay)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=training.rate)
        self.step, self.seconds, self.all_levels = 0, 0.0, False
        self.losses: list[float] = []
        folder.mkdir(parents=True, exist_ok=True)
        if resume:
            self._resume()
        elif (folder / CURRENT).exists():
            raise StvsrError(f"{folder}: holds a training already; give --resume or another folder")

    def run(self, samples: FlowSamples, report: Callable[[str], None] = print) -> str:
        """Train until it is over or interrupted; the state is saved either way.

        Returns:
            Why it stopped before its end, or an empty text.
        """
        last_save, began = time.monotonic(), time.monotonic() - self.seconds
        batches = samples.stream(self.step)
        with Interruption() as interruption:
            while (share := self.training.share(self.step, self.seconds)) < 1 and not interruption.due():
                loss = self.learn(next(batches), share)
                self.losses.append(loss)
                self.seconds = time.monotonic() - began
                if time.monotonic() - last_save > self.training.save_every:
                    last_save = time.monotonic()
                    self._save()
                    mean = sum(self.losses[-200:]) / len(self.losses[-200:])
                    report(f"{self.seconds:6.0f} s  step {self.step:6d}  {100 * share:3.0f} %  loss {mean:.4f}")
            batches.close()
            self._save()
        return interruption.reason

    def learn(self, batch: Batch, share: float) -> float:
        """Take one step with a batch and return its loss; a loss or gradient that is not finite changes nothing."""
        rate = self.training.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2) * min(1.0, (self.step + 1) / 50)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if not self.all_levels and share >= self.training.alike:
            self._spread()
        if self.all_levels:
            loss = self.loss(batch)
        else:
            torch.manual_seed(self.step)  # so that a resumed run draws the same
            loss = one_level(self.network.stacks[-1], batch.known)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        if math.isfinite(float(norm)):
            self.optimizer.step()
        self.step += 1
        self.average.update(self.network, self.step)
        return float(loss.detach())

    def _spread(self) -> None:
        """Give every level the weights that the finest one has learned for all."""
        for network in (self.network, self.averaged):
            finest = network.stacks[-1].state_dict()
            for stack in network.stacks:
                stack.load_state_dict(finest)
        self.all_levels = True

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the loss of a batch: the exact flow of scenes, and frames of real clips that explain each other."""
        first, second = [batch.known.first], [batch.known.second]
        if batch.real is not None:
            first += [batch.real.first, batch.real.second]
            second += [batch.real.second, batch.real.first]
        flows = self.network.pyramid(torch.cat(first), torch.cat(second))
        known = len(batch.known.flow)
        loss = supervised([flow[:known] for flow in flows], batch.known)
        if batch.real is not None:
            forwards, backwards = flows[-1][known:].chunk(2)
            loss = loss + self.training.unsupervised * unsupervised(forwards, backwards, batch.real)
        return loss

    @property
    def averaged(self) -> SPyNet:
        """The network with the moving average of the weights."""
        assert isinstance(self.average.model, SPyNet)
        return self.average.model

    def write(self, extra: dict[str, Any] | None = None) -> Path:
        """Write the averaged network into ``model/`` and return that folder."""
        folder = self.folder / "model"
        write_network(self.averaged, folder, f"spynet-{self.training.size}", self._record() | (extra or {}))
        return folder

    def _record(self) -> dict[str, Any]:
        return {"training": {**asdict(self.training), "steps": self.step, "seconds": round(self.seconds)}}

    def _save(self) -> None:
        write_state(
            self.folder,
            {
                "size": self.training.size,
                "network": to_cpu(self.network.state_dict()),
                "average": to_cpu(self.average.model.state_dict()),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "all_levels": self.all_levels,
            },
        )

    def _resume(self) -> None:
        state, _ = read_state(self.folder)
        if state is None:
            return
        if state["size"] != self.training.size:
            raise StvsrError(f"{self.folder}: was trained with --size {state['size']}; go on with that")
        self.network.load_state_dict(state["network"])
        self.average.model.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.all_levels = state["step"], state["seconds"], state["all_levels"]


@torch.no_grad()
def mean_error(network: SPyNet, pairs: Known) -> float:
    """Return the mean end-point error in pixels where one surface is seen in both frames."""
    error = end_point_error(network(pairs.first, pairs.second), pairs.flow)
    return float((error * pairs.visible).sum() / pairs.visible.sum())


def write_network(network: SPyNet, folder: Path, name: str, extra: dict[str, Any] | None = None) -> None:
    """Write a network as ``config.json`` and ``model.safetensors``, each file complete or not at all.

    Args:
        network: Its tensors are stored in float32.
        folder: Made if missing.
        name: Of the network.
        extra: More entries for the JSON: ``training``, ``quality``, ``licence``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parameters = sum(p.numel() for p in network.parameters())
    config = {"name": name, "model": network.describe(), "parameters": parameters, **(extra or {})}
    tensors = {key: value.detach().float().cpu().contiguous() for key, value in network.state_dict().items()}
    partial = folder / f".{TENSORS}.partial"
    save_file(tensors, partial)
    partial.replace(folder / TENSORS)
    partial = folder / f".{CONFIG}.partial"
    partial.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / CONFIG)
