"""Training by a recipe in one call, as ``stvsr train`` does it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stvsr.errors import StvsrError


def train(
    recipe: str | Path,
    run: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    resume: bool = True,
    device: str = "auto",
    minutes: float | None = None,
) -> Path:
    """Train a model by a recipe, or go on where a run stopped; return the run's folder.

    Args:
        recipe: A YAML file, or the name of a bundled recipe such as ``staa-2t4s-compact``.
        run: Folder for checkpoints, metrics and the models ``best/`` and ``last/``; ``runs/NAME`` if None.
        overrides: Changes to the recipe, such as ``steps=1000`` or ``optimizer.rate=1e-3``.
        resume: Whether to go on from the folder's checkpoint; otherwise an existing run is moved aside.
        device: ``auto``, ``cpu`` or ``cuda``.
        minutes: After which time to stop cleanly, to be resumed later.

    Raises:
        StvsrError: If the recipe, an override or the run's folder is not usable, or a package is missing.
    """
    try:
        from stvsr.training.loop import fit
        from stvsr.training.recipe import load_recipe
    except ModuleNotFoundError as error:
        raise StvsrError(f"training needs {error.name}: pip install 'stvsr[train]'") from error
    budget = [] if minutes is None else [f"minutes={minutes}"]
    chosen = load_recipe(str(recipe), [*overrides, *budget])
    folder = Path(run) if run is not None else Path("runs") / chosen.name
    fit(chosen, folder, resume=resume, device=device)
    return folder
