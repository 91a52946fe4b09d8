"""The training loop.

recipe -> clips -> [ batch -> model -> loss -> Adam -> moving average ] -> validation -> best/, last/
                                                 |
                                          state.pt, metrics.csv
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from stvsr.errors import StvsrError
from stvsr.settings import changes, plain
from stvsr.training import state as states
from stvsr.training.coding import Coded, codecs, draw_codec
from stvsr.training.degrading import cropped, draw, fixed
from stvsr.training.devices import Fabric, gather_objects, make_fabric, mean_over_processes, precision_words
from stvsr.training.display import Display, clock
from stvsr.training.folder import use_folder
from stvsr.training.interruption import Interruption
from stvsr.training.losses import LOSSES, is_spike, objective
from stvsr.training.optimisation import (
    MovingAverage,
    channels_last,
    freeze,
    is_finite,
    learning_rate,
    make_optimizer,
    set_rate,
)
from stvsr.training.parts import Parts, start_from
from stvsr.training.recipe import Recipe, expand_variables, stage_at
from stvsr.training.report import describe, device_name, operations_per_step
from stvsr.training.state import Progress
from stvsr.training.table import Board, Table
from stvsr.training.validation import mean_quality, quality, restorers, validation_clips

SETTLING, AVERAGED = 200, 50
"""Losses before any counts as a spike, and those that their running mean is taken over."""
HOPELESS = 100  # steps in a row without a finite loss after which going on is a waste


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        steps: Steps done in all.
        finished: Whether that is all of the recipe's.
        best: Best validation PSNR in dB, minus infinity without validation.
        folder: The run's folder, with ``best/`` and ``last/``.
    """

    steps: int
    finished: bool
    best: float
    folder: Path


def fit(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool = True,
    device: str = "auto",
    parts: Parts | None = None,
) -> Outcome:
    """Train a model by a recipe, going on where the run in ``folder`` stopped.

    Args:
        recipe: What to do.
        folder: Where state, metrics, ``best/`` and ``last/`` go.
        resume: Whether to go on from the folder's checkpoint; otherwise an existing folder is moved aside.
        device: ``auto``, ``cpu`` or ``cuda``.
        parts: Replacements for models, clips and files.

    Raises:
        StvsrError: If the recipe does not fit the clips or the checkpoint, the loss stays not finite, the weights
            become so, or a file cannot be written.
    """
    began = time.monotonic()  # decoding the clips and building the model count as well
    fabric = make_fabric(device, recipe.precision, bool(recipe.degradation.times))
    with use_folder(folder, resume) if fabric.is_global_zero else nullcontext():
        fabric.barrier()
        run = Run(recipe, folder, fabric, parts or Parts())
        try:
            return run.go(Interruption(recipe.minutes, began))
        finally:
            run.close()


class Run:
    """One process of a training run: the objects of the loop and the steps they take together."""

    def __init__(self, recipe: Recipe, folder: Path, fabric: Fabric, parts: Parts) -> None:
        self.recipe, self.folder, self.fabric, self.parts = recipe, folder, fabric, parts
        self.first = fabric.is_global_zero
        saved, problems = states.read_state(folder)
        self.clips = parts.batches(recipe.data, fabric.global_rank, fabric.world_size)
        self.validation = parts.validation(recipe.data)
        self.degradations = fixed(recipe.validation.degradations)
        _seed(recipe.seed)
        self.model = parts.build(plain(recipe.model), recipe.name)
        self.codecs = codecs(recipe.codec, self.model)
        copied = self._start_from() if saved is None else ""
        if recipe.flow and saved is None:
            self._start_flow()
        freeze(self.model, recipe.optimizer)
        if recipe.channels_last:
            channels_last(self.model)
        self.average = MovingAverage(self.model, recipe.ema)
        self.average.model.to(fabric.device)
        compiled = recipe.compile and fabric.device.type == "cuda"
        self.network = fabric.setup_module(torch.compile(self.model) if compiled else self.model)  # type: ignore[arg-type]
        self.optimizer = make_optimizer(self.model, recipe.optimizer)
        self.progress = Progress()
        self.measured: dict[str, float] = {}
        _seed(recipe.seed + fabric.global_rank)
        if saved is not None:
            problems += self._restore(saved)
        self._open_outputs([*problems, *([copied] if copied else [])])
        self.failures = 0
        self.streaming = self.clips
        self.operations = 0.0
        self._last_checkpoint = time.monotonic()

    def go(self, interruption: Interruption) -> Outcome:
        """Take the steps that are left, then write ``last/`` and say how it went."""
        with interruption:
            finished = self._steps(interruption)
            return self._end(finished, interruption.reason)

    def _steps(self, interruption: Interruption) -> bool:
        """Step until the recipe is done or any process wants to stop; every process leaves at the same step."""
        recipe, progress = self.recipe, self.progress
        samples = self._samples()
        finished = progress.step >= recipe.steps
        stopping = False
        while not finished and not stopping:
            began = time.monotonic()
            batch = next(samples)
            stopping, save = self._step(batch, interruption.due())
            stopping |= self.fabric.world_size == 1 and interruption.due()
            progress.seconds += time.monotonic() - began
            finished = progress.step >= recipe.steps
            self._record(finished)
            if save and not finished and not stopping:
                self._checkpoint()
        return finished

    def _samples(self) -> Iterator[Tensor]:
        """Give batches from the present step on, those of each stage in its size."""
        recipe = self.recipe
        step = self.progress.step
        while step < recipe.steps:
            stage, end = stage_at(recipe, step)
            stream = self.clips.sized(stage.frames, stage.patch, stage.batch) if recipe.stages else self.clips
            for _, batch in islice(stream.stream(step), end - step):
                self.streaming = stream
                yield batch
            step = end

    def close(self) -> None:
        """Close the files and the progress bar."""
        self.display.close()
        if self.table is not None and self.board is not None:
            self.table.close()
            self.board.close()

    def _step(self, batch: Tensor, stop: bool) -> tuple[bool, bool]:
        """Take one step; return whether any process wants to stop, and whether a checkpoint is due."""
        recipe, progress = self.recipe, self.progress
        stage, _ = stage_at(recipe, progress.step)
        name = stage.loss or recipe.loss
        clip = self._to_device(batch)
        rate = learning_rate(recipe.optimizer, progress.step, recipe.steps)
        set_rate(self.optimizer, rate, recipe.optimizer)
        if self.first and clip.is_cuda and not self.operations:
            with self.fabric.autocast():
                self.operations = operations_per_step(self.model, LOSSES[name], clip)
        self.network.train()
        degradation = draw(recipe.degradation, recipe.data.seed, progress.step, self.fabric.global_rank)
        codec = draw_codec(recipe.codec, self.model, recipe.data.seed, progress.step, self.fabric.global_rank)
        clip = cropped(clip, degradation, recipe.degradation.grid)
        given = [condition for condition in (degradation, codec) if condition]
        _, high = self.network(clip, *given)
        loss = objective(LOSSES[name], high, self.model.targets(clip), recipe.intermediate)
        self.fabric.backward(loss)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip or math.inf)
        wishes = torch.tensor([stop, self._checkpoint_due()], dtype=torch.float32).to(self.fabric.device)
        numbers = torch.stack([loss.detach().float(), norm.detach().float()])
        mean_loss, mean_norm, *wanted = mean_over_processes(self.fabric, torch.cat([numbers, wishes]))
        self._update(name, mean_loss, mean_norm)
        self._show(mean_loss, rate)
        return wanted[0] > 0, wanted[1] > 0

    def _update(self, name: str, loss: float, norm: float) -> None:
        """Move the weights, unless the loss or the gradient is not finite in any process, or the loss is a spike."""
        progress = self.progress
        progress.step += 1
        finite = math.isfinite(loss) and math.isfinite(norm)
        if finite and not self._spike(name, loss):
            self.optimizer.step()
            self.average.update(self.model, progress.step - progress.skipped)
            progress.loss_sum, progress.norm_sum = progress.loss_sum + loss, progress.norm_sum + norm
            progress.summed += 1
            self.failures = 0
        else:
            progress.skipped += 1
            self.failures += not finite
            self.display.say(f"step {progress.step}: skipped, loss {loss:g} and gradient norm {norm:g}")
        self.optimizer.zero_grad(set_to_none=True)
        if self.failures >= HOPELESS:
            raise StvsrError(
                f"the loss was not finite in {HOPELESS} steps in a row; go on from the last checkpoint with a "
                "lower optimizer.rate, clip=1 or precision=float32"
            )

    def _spike(self, name: str, loss: float) -> bool:
        """Whether a loss is out of all proportion; otherwise take it into the running mean, one for each loss."""
        progress, factor = self.progress, self.recipe.optimizer.spike
        if name != progress.followed:
            progress.followed, progress.seen = name, 0
        spike = bool(factor) and progress.seen >= SETTLING and is_spike(name, loss, progress.running, factor)
        if not spike:
            progress.seen += 1
            progress.running += (loss - progress.running) / min(progress.seen, AVERAGED)
        return spike

    def _show(self, loss: float, rate: float) -> None:
        facts = {"loss": f"{loss:.4g}", "rate": f"{rate:.2g}", "waiting": f"{self.streaming.wait_share:.0%}"}
        if self.progress.skipped:
            facts["skipped"] = str(self.progress.skipped)
        if self.operations:
            facts["TFLOP/s"] = f"{self.operations * self.display.steps_per_second() / 1e12:.3g}"
        self.display.step(self.progress.step, facts)

    def _start_from(self) -> str:
        """Take over the weights that the recipe names; return a line about it."""
        if not self.recipe.start_from:
            return ""
        source = expand_variables(self.recipe.start_from)
        copied, total = start_from(self.model, self.parts.load(source))
        return f"starting from {source}: {copied} of {total} tensors"

    def _start_flow(self) -> None:
        self.model.load_flow(expand_variables(self.recipe.flow))

    def _to_device(self, batch: Tensor) -> Tensor:
        clip = self.fabric.to_device(batch).float() / 255
        return clip.contiguous(memory_format=torch.channels_last_3d) if self.recipe.channels_last else clip

    def _record(self, finished: bool) -> None:
        """Validate and write a row of the table where they are due."""
        recipe, progress = self.recipe, self.progress
        every = recipe.validation.every
        measured: dict[str, float] = {}
        if self.validation and (finished or (every and progress.step % every == 0)):
            measured = self._validate()
            if measured["psnr"] > progress.best:
                progress.best, progress.best_step = measured["psnr"], progress.step
                self._publish("best", measured)
        if measured or finished or progress.step % recipe.log_every == 0:
            self._write_row(measured)
        self.measured = measured

    def _write_row(self, measured: Mapping[str, float]) -> None:
        progress, recipe = self.progress, self.recipe
        count = progress.summed
        statistics = self.model.offset_statistics()
        row: dict[str, float | int | None] = {
            "step": progress.step,
            "loss": progress.loss_sum / count if count else None,
            "gradient_norm": progress.norm_sum / count if count else None,
            "learning_rate": learning_rate(recipe.optimizer, progress.step - 1, recipe.steps),
            "skipped": progress.skipped,
            **{f"offset_{name}": float(value) for name, value in sorted(statistics.items())},
            "psnr": measured.get("psnr"),
            "psnr_synthesised": measured.get("psnr_synthesised"),
            "seconds": round(progress.seconds, 3),
            "steps_per_second": self.display.steps_per_second(),
            "wait_share": float(self.streaming.wait_share),
        }
        progress.loss_sum = progress.norm_sum = 0.0
        progress.summed = 0
        if self.table is not None and self.board is not None:
            self.table.add(row)
            self.board.add(row)

    def _validate(self) -> dict[str, float]:
        """Measure the averaged weights on the validation clips, shared out among the processes."""
        rank, world = self.fabric.global_rank, self.fabric.world_size
        clips = validation_clips(self.validation, self.recipe.validation)
        mine = (clip.to(self.fabric.device) for i, clip in enumerate(clips) if i % world == rank)
        methods = restorers(self.average.model, self.degradations)
        through: Sequence[Coded | None] = self.codecs or [None]
        results = [quality(method, clip, codec) for clip in mine for method in methods for codec in through]
        shared = gather_objects(self.fabric, results)
        measured = mean_quality([result for part in shared for result in part])
        text = ", ".join(f"{name} {value:.3f} dB" for name, value in measured.items())
        self.display.say(f"step {self.progress.step}: validation {text}")
        return measured

    def _publish(self, name: str, measured: Mapping[str, float]) -> None:
        self._require_finite()
        if self.first:
            world, device = self.fabric.world_size, self.fabric.device
            about = describe(self.recipe, self.progress, measured, world, device)
            self.parts.publish(self.average.model, self.folder / name, about)

    def _require_finite(self) -> None:
        """Keep weights that are of no use out of every file; the processes have the same ones, so all stop."""
        if not (is_finite(self.model) and is_finite(self.average.model)):
            raise StvsrError(
                f"the weights are not finite after step {self.progress.step}, so they were not written; "
                "go on from the last checkpoint with a lower optimizer.rate, clip=1 or precision=float32"
            )

    def _checkpoint_due(self) -> bool:
        recipe, step = self.recipe, self.progress.step + 1
        by_steps = bool(recipe.checkpoint_steps) and step % recipe.checkpoint_steps == 0
        elapsed = time.monotonic() - self._last_checkpoint
        return self.first and (by_steps or 0 < recipe.checkpoint_seconds <= elapsed)

    def _checkpoint(self) -> None:
        """Write everything that resuming needs; every process takes part."""
        self._require_finite()
        random_states = gather_objects(self.fabric, states.random_state())
        if self.first and self.table is not None:
            self.progress.table_bytes = self.table.sync()
            states.write_state(
                self.folder,
                {
                    "recipe": plain(self.recipe),
                    "progress": asdict(self.progress),
                    "model": states.to_cpu(self.model.state_dict()),
                    "average": states.to_cpu(self.average.model.state_dict()),
                    "optimizer": self.optimizer.state_dict(),
                    "random": random_states,
                    "measured": self.measured,
                },
            )
            self._publish("last", self.measured)
        self._last_checkpoint = time.monotonic()

    def _restore(self, saved: dict[str, Any]) -> list[str]:
        """Go back to a saved state; return lines about what is not as it was."""
        try:
            self.model.load_state_dict(saved["model"])
            self.average.model.load_state_dict(saved["average"])
            self.optimizer.load_state_dict(saved["optimizer"])
        except (RuntimeError, ValueError, KeyError):
            raise StvsrError(
                f"{self.folder}: its checkpoint is of another model; choose another folder with --run, "
                "or start again with --fresh"
            ) from None
        for group in self.optimizer.param_groups:
            group["betas"] = self.recipe.optimizer.betas
        self.progress = Progress(**saved["progress"])
        self.measured = saved["measured"]
        notes = self._keep_origin(saved["recipe"].get("start_from", ""))
        notes += [f"changed since the checkpoint: {line}" for line in changes(saved["recipe"], plain(self.recipe))]
        if len(saved["random"]) == self.fabric.world_size:
            states.restore_random_state(saved["random"][self.fabric.global_rank])
        else:
            notes.append(f"resuming with {self.fabric.world_size} processes instead of {len(saved['random'])}")
        return notes

    def _keep_origin(self, origin: str) -> list[str]:
        """Go on telling where the weights came from; return a line if the recipe now names another place."""
        named = self.recipe.start_from
        self.recipe = replace(self.recipe, start_from=origin)
        if named in ("", origin):
            return []
        return [
            f"start_from={named} had no effect: the run goes on from its own checkpoint; "
            "start again with --fresh, or choose another folder with --run"
        ]

    def _open_outputs(self, notes: list[str]) -> None:
        progress, recipe = self.progress, self.recipe
        self.table = Table(self.folder / "metrics.csv", progress.table_bytes) if self.first else None
        self.board = Board(self.folder / "tensorboard", progress.step) if self.first else None
        self.display = Display(recipe.steps, progress.step, quiet=not self.first)
        if self.first:
            text = yaml.safe_dump(plain(recipe), sort_keys=False)
            (self.folder / "recipe.yaml").write_text(text, encoding="utf-8")
        count = sum(p.numel() for p in self.model.parameters() if p.requires_grad)
        begin = f"going on after step {progress.step}" if progress.step else "starting"
        self.display.say(
            f"{recipe.name}: {begin}, {count:,} parameters, {device_name(self.fabric.device)}, "
            f"{precision_words(self.fabric, recipe.precision)}, "
            f"{self.fabric.world_size} x batch {recipe.data.batch}, in {self.folder}"
        )
        for note in notes:
            self.display.say(note)

    def _end(self, finished: bool, reason: str) -> Outcome:
        progress, recipe = self.progress, self.recipe
        self._checkpoint()
        if not finished:
            why = reason or "another process was told to stop"
            self.display.say(
                f"{why}: stopped after step {progress.step} of {recipe.steps}, everything is saved in "
                f"{self.folder}; the same command goes on from there"
            )
        else:
            best = f", best {progress.best:.3f} dB at step {progress.best_step}" if progress.best_step else ""
            self.display.say(
                f"done: {progress.step} steps in {clock(progress.seconds)}, {progress.skipped} skipped{best}; "
                f"the model is in {self.folder / ('best' if progress.best_step else 'last')}"
            )
        return Outcome(progress.step, finished, progress.best, self.folder)


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
