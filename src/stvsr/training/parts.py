"""What the loop is put together from: the functions it calls for models, clips and files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from safetensors import SafetensorError
from torch import Tensor, nn

from stvsr.data.clips import ClipSet, open_clips
from stvsr.data.loader import Batches
from stvsr.errors import StvsrError
from stvsr.models import checkpoint
from stvsr.models.network import Network
from stvsr.training.recipe import DataRecipe, expand_variables
from stvsr.training.state import sync_folder

INSIDE = "upsampler.network."
"""Where a model may keep a network that is also one by itself."""


class Stream(Protocol):
    """Batches by their step: `stvsr.data.loader.Batches`."""

    wait_share: float

    def stream(self, first_step: int = 0) -> Iterator[tuple[int, Tensor]]:
        """Give ``(step, (B, 3, T, H, W) uint8)`` from a step on."""

    def sized(self, frames: int, patch: int, batch: int) -> Stream:
        """Return the same with samples of another size."""


def open_batches(recipe: DataRecipe, rank: int, world: int) -> Stream:
    """Open the training clips of a recipe for one of ``world`` processes."""
    sources = []
    for source in recipe.train:
        described = expand_variables(source)
        weight = described.pop("weight", 1)
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise StvsrError(f"recipe: 'weight' of a source must be a number, not {weight!r}")
        sources.append((open_clips(described), float(weight)))
    return Batches(
        sources,
        recipe.frames,
        recipe.patch,
        recipe.batch,
        recipe.seed,
        rank=rank,
        world=world,
        augment=recipe.augment,
        strides=recipe.strides,
        shrink=recipe.shrink,
        workers=recipe.workers,
        prefetch=recipe.prefetch,
    )


def open_validation(recipe: DataRecipe) -> Sequence[ClipSet]:
    """Open the validation clips of a recipe."""
    return [open_clips(expand_variables(source)) for source in recipe.validation]


@dataclass(frozen=True)
class Parts:
    """The functions that the loop calls; a test or an experiment replaces some.

    Attributes:
        build: Makes the network from ``recipe.model`` and ``recipe.name``. It follows
            `stvsr.models.contract.Model`, which says what calling it returns.
        save: Writes a network's folder, with more entries for its ``config.json``.
        load: Reads a network from a folder or by a bundled name.
        batches: Opens the training clips for ``(recipe, rank, world)``.
        validation: Opens the validation clips.
    """

    build: Callable[[dict[str, Any], str], Network] = checkpoint.build
    save: Callable[[Any, Path, dict[str, Any]], None] = checkpoint.save
    load: Callable[[str], nn.Module] = checkpoint.load
    batches: Callable[[DataRecipe, int, int], Stream] = open_batches
    validation: Callable[[DataRecipe], Sequence[ClipSet]] = open_validation

    def publish(self, model: nn.Module, folder: Path, extra: Mapping[str, Any]) -> None:
        """Write a model's folder beside its place and swap it in when it is complete.

        Raises:
            StvsrError: If it cannot be written; the folder that was there stays.
        """
        partial, old = (folder.with_name(f"{folder.name}.{suffix}") for suffix in ("partial", "old"))
        for leftover in (partial, old):
            shutil.rmtree(leftover, ignore_errors=True)
        try:
            self.save(model, partial, dict(extra))
            if folder.exists():
                folder.rename(old)
            partial.rename(folder)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise StvsrError(f"{folder}: the model cannot be written: {error}") from None
        sync_folder(folder.parent)
        shutil.rmtree(old, ignore_errors=True)


def start_from(model: nn.Module, source: nn.Module) -> tuple[int, int]:
    """Copy into ``model`` every tensor of ``source`` that has the same name and shape.

    A network also fits one that is part of another as its upsampler.

    Returns:
        How many were copied, and how many the model has.

    Raises:
        StvsrError: If none fits.
    """
    own = model.state_dict()
    given = source.state_dict()
    given = {f"{INSIDE}{name}": tensor for name, tensor in given.items()} | given
    fitting = {name: given[name] for name in own if name in given and given[name].shape == own[name].shape}
    if not fitting:
        raise StvsrError("recipe: no weight of the model in 'start_from' fits this one; use the same architecture")
    model.load_state_dict(fitting, strict=False)
    return len(fitting), len(own)
