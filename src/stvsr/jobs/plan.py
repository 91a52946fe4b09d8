"""From the function that plans a job to the one that does it at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeAlias, cast

from stvsr.engine.job import Job, Outcome
from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError

P = ParamSpec("P")
File: TypeAlias = str | Path


def at_once(plan: Callable[Concatenate[File, File, P], Job]) -> Callable[Concatenate[File, File, P], Outcome]:
    """Return the function that does, at once, the job that another one plans, with the same arguments."""

    @wraps(plan)
    def done(source: File, target: File, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        folder = Path(target).parent
        if not folder.is_dir():  # which `Job.run` would tell too, but only after the source was searched for cuts
            raise StvsrError(f"{target}: the folder {folder} does not exist; create it first")
        return plan(source, target, *args, **kwargs).run(cast("Progress | None", kwargs.get("progress")))

    done.__name__ = done.__qualname__ = plan.__name__.removeprefix("plan_")
    done.__doc__ = f"Do, at once, what `{plan.__name__}` plans.\n\n    {plan.__doc__}"
    return cast("Callable[Concatenate[File, File, P], Outcome]", done)
