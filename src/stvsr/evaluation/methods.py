"""What can be measured: a model, or anything that turns low frames into high ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias, cast

from stvsr.physics.scale import Scale
from stvsr.restoration.contract import Image, Restorer
from stvsr.restoration.stream import upsample_stream


class FrameRestorer(Protocol):
    """A method that works on a stream of frames at its own pace, such as another program."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def scale(self) -> Scale:
        """How much coarser the low grid is."""

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield ``scale.time`` high frames for each low one, ``(height, width, 3)`` uint8 RGB."""


Method: TypeAlias = Restorer | FrameRestorer


def restored_frames(method: Method, low: Iterable[Image]) -> Iterator[Image]:
    """Yield the high frames of a stream of low frames."""
    if hasattr(method, "upsample"):
        return upsample_stream(cast("Restorer", method), low)
    return method.restore(low)
