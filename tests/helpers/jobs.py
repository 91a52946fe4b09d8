"""Jobs done at once by tests, with models of theirs, whatever lies in the target's place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stvsr.engine.cluster import Cluster
from stvsr.engine.job import Job, Outcome
from stvsr.engine.progress import Progress
from stvsr.jobs.degrade import plan_degrade
from stvsr.jobs.degraded import DegradeRecord
from stvsr.jobs.expand import plan_expand
from stvsr.jobs.options import JobOptions
from stvsr.jobs.restoration import plan_restoration
from stvsr.jobs.retime import plan_retime
from stvsr.jobs.shrink import plan_shrink
from stvsr.models.contract import ConditionalModel, Interpolator, Restorer
from stvsr.physics.degradation import Degradation


def shrink(
    source: Path,
    target: Path,
    model: Restorer,
    *,
    weights: str = "",
    progress: Progress | None = None,
    **options: Any,
) -> Outcome:
    """Shrink a video."""
    job = plan_shrink(source, target, model=model, weights=weights, options=_options(options), progress=progress)
    return _run(job, progress)


def expand(source: Path, target: Path, model: Restorer, *, progress: Progress | None = None, **options: Any) -> Outcome:
    """Expand a video."""
    return _run(plan_expand(source, target, model=model, options=_options(options), progress=progress), progress)


def degrade(
    source: Path,
    target: Path,
    degradation: Degradation,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    **options: Any,
) -> Outcome:
    """Degrade a video."""
    job = plan_degrade(
        source,
        target,
        degradation=degradation,
        seed=seed,
        device="cpu",
        options=_options(options),
        progress=progress,
    )
    return _run(job, progress)


def restore(
    source: Path,
    target: Path,
    model: Restorer,
    *,
    original: DegradeRecord | None = None,
    progress: Progress | None = None,
    cluster: Cluster | None = None,
    **options: Any,
) -> Outcome:
    """Restore a video by a model for what happened to it."""
    return _run(plan_restoration(source, target, model, original, _options(options), progress), progress, cluster)


def retime(
    source: Path,
    target: Path,
    model: ConditionalModel | Interpolator,
    *,
    progress: Progress | None = None,
    cluster: Cluster | None = None,
    **settings: Any,
) -> Outcome:
    """Change a video's rate."""
    job = plan_retime(source, target, model=model, progress=progress, **{"overwrite": True, **settings})
    return _run(job, progress, cluster)


def _run(job: Job, progress: Progress | None, cluster: Cluster | None = None) -> Outcome:
    return job.run(progress, cluster)


def _options(options: dict[str, Any]) -> JobOptions:
    return JobOptions(**{"overwrite": True, **options})
