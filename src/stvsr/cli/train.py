"""``stvsr train``: train a model by a recipe, or go on where a run stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def train(
    recipe: str,
    *overrides: str,
    run: Annotated[Path | None, Parameter(name=["--run", "--folder"])] = None,
    resume: Annotated[bool, Parameter(negative="--fresh")] = True,
    device: str = "auto",
    minutes: float | None = None,
) -> None:
    """Train a model by a recipe; the same command again goes on where it stopped.

    Several devices: torchrun --nproc-per-node 4 --no-python stvsr train RECIPE

    Args:
        recipe: A YAML file, or the name of a bundled recipe such as staa-2t4s-compact.
        overrides: Changes to the recipe, such as steps=1000 optimizer.rate=1e-3 data.batch=8.
        run: Folder for checkpoints, metrics and the models best/ and last/ (default: runs/NAME). Under torchrun,
            which takes --run for an option of its own, write --folder.
        resume: Go on from the folder's checkpoint; with --fresh, move an existing run aside and start again.
        device: auto, cpu or cuda.
        minutes: Stop cleanly after this time, to be resumed later.
    """
    from stvsr.training.start import train as start

    start(recipe, run, overrides=overrides, resume=resume, device=device, minutes=minutes)
