"""Space-time video super-resolution.

>>> import stvsr
>>> stvsr.upscale("phone.mp4", "better.mp4", time=2, space=2, exposure=0.5)    # as the command of that name
>>> job = stvsr.plan_upscale("phone.mp4", "better.mp4", time=2, space=2)
>>> print(job.preview())
>>> job.run(progress=stvsr.TextProgress())

>>> model = stvsr.load("staa-2t4s-compact")
>>> low = model.downsample(clip)    # clip: float (B, 3, T, H, W), RGB in [0, 1]
>>> high = model.upsample(low)

>>> results = stvsr.evaluate("staa-2t4s-compact", "vid4")
>>> print(results.table())

Importing this package imports nothing heavy; every name is imported when it is first used.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

# Threads that spin while they wait slow a machine down that does anything else, this package included: it decodes and
# encodes meanwhile. OpenMP reads this once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# MKL shares out its work among threads anew at every call, and sums come out otherwise in their last bit, unless it is
# told to be reproducible. It reads this when it is first used.
os.environ.setdefault("MKL_CBWR", "AUTO")

from stvsr._version import __version__
from stvsr.errors import StvsrError
from stvsr.physics.scale import Scale

if TYPE_CHECKING:
    from stvsr.cli.progress import TextProgress
    from stvsr.engine.job import Job, Outcome
    from stvsr.evaluation.api import evaluate
    from stvsr.evaluation.results import Results
    from stvsr.jobs.deblur import deblur, plan_deblur
    from stvsr.jobs.degrade import degrade, plan_degrade
    from stvsr.jobs.expand import expand, plan_expand
    from stvsr.jobs.options import JobOptions
    from stvsr.jobs.retime import plan_retime, retime
    from stvsr.jobs.shrink import plan_shrink, shrink
    from stvsr.jobs.upscale import plan_upscale, upscale
    from stvsr.models.checkpoint import load
    from stvsr.models.zoo import list_models
    from stvsr.physics.degradation import Degradation
    from stvsr.physics.operator import SpaceTimeOperator
    from stvsr.training.start import train
    from stvsr.video.reader import VideoReader
    from stvsr.video.writer import VideoWriter

_HOMES = {
    "Degradation": "physics.degradation",
    "Job": "engine.job",
    "JobOptions": "jobs.options",
    "Outcome": "engine.job",
    "Results": "evaluation.results",
    "SpaceTimeOperator": "physics.operator",
    "TextProgress": "cli.progress",
    "VideoReader": "video.reader",
    "VideoWriter": "video.writer",
    "deblur": "jobs.deblur",
    "degrade": "jobs.degrade",
    "evaluate": "evaluation.api",
    "expand": "jobs.expand",
    "list_models": "models.zoo",
    "load": "models.checkpoint",
    "plan_deblur": "jobs.deblur",
    "plan_degrade": "jobs.degrade",
    "plan_expand": "jobs.expand",
    "plan_retime": "jobs.retime",
    "plan_shrink": "jobs.shrink",
    "plan_upscale": "jobs.upscale",
    "retime": "jobs.retime",
    "shrink": "jobs.shrink",
    "train": "training.start",
    "upscale": "jobs.upscale",
}
"""The module of every public name that is imported late."""

__all__ = [
    "Degradation",
    "Job",
    "JobOptions",
    "Outcome",
    "Results",
    "Scale",
    "SpaceTimeOperator",
    "StvsrError",
    "TextProgress",
    "VideoReader",
    "VideoWriter",
    "__version__",
    "deblur",
    "degrade",
    "evaluate",
    "expand",
    "list_models",
    "load",
    "plan_deblur",
    "plan_degrade",
    "plan_expand",
    "plan_retime",
    "plan_shrink",
    "plan_upscale",
    "retime",
    "shrink",
    "train",
    "upscale",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'stvsr' has no attribute {name!r}")
    return getattr(import_module(f"stvsr.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
