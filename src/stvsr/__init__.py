"""Space-time video super-resolution.

>>> import stvsr
>>> model = stvsr.load("staa-2t4s-compact")
>>> low = model.downsample(clip)    # clip: float (B, 3, T, H, W), RGB in [0, 1]
>>> high = model.upsample(low)

>>> results = stvsr.evaluate("staa-2t4s-compact", "vid4")
>>> print(results.table())

Importing this package imports nothing heavy; `load` imports torch when it is first used.
"""

from __future__ import annotations

import os
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
    from stvsr.evaluation.api import evaluate
    from stvsr.models.checkpoint import load

__all__ = ["Scale", "StvsrError", "__version__", "evaluate", "load"]


def __getattr__(name: str) -> object:
    if name == "load":
        from stvsr.models.checkpoint import load

        return load
    if name == "evaluate":
        from stvsr.evaluation.api import evaluate

        return evaluate
    raise AttributeError(f"module 'stvsr' has no attribute {name!r}")
