"""The physical act both methods describe: blur by a 3-D kernel, sample on a coarser grid, and its inverse.

One phase convention holds everywhere. A tap at offset ``d`` weighs high sample ``s * i + d`` into low sample
``i``, on every axis. A box exposure has the offsets ``0 .. s - 1``, so its low frame ``i`` covers the high frames
``s * i .. s * i + s - 1``; every symmetric kernel is centred there too, at ``(s - 1) / 2``. A kernel's centroid is
where its low samples sit on the high grid.

`Scale` needs no torch; the other names import it when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stvsr.physics.scale import Scale

if TYPE_CHECKING:
    from stvsr.physics.degradation import Degradation
    from stvsr.physics.kernels import Kernel
    from stvsr.physics.operator import SpaceTimeOperator

__all__ = ["Degradation", "Kernel", "Scale", "SpaceTimeOperator"]


def __getattr__(name: str) -> object:
    if name == "Degradation":
        from stvsr.physics.degradation import Degradation

        return Degradation
    if name == "Kernel":
        from stvsr.physics.kernels import Kernel

        return Kernel
    if name == "SpaceTimeOperator":
        from stvsr.physics.operator import SpaceTimeOperator

        return SpaceTimeOperator
    raise AttributeError(f"module 'stvsr.physics' has no attribute {name!r}")
