"""What can be measured: a model, anything that turns low frames into high ones, or stored results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias, cast

from stvsr.engine.upsampling import upsample_stream
from stvsr.evaluation.clips import TestClip
from stvsr.models.contract import Restorer
from stvsr.physics.scale import Scale
from stvsr.video.images import Image


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


class Results(Protocol):
    """Results that were made elsewhere."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def scale(self) -> Scale:
        """How much coarser the low grid was."""

    def frames(self, truth: TestClip) -> Iterator[Image]:
        """Yield the high frames of a clip."""


Method: TypeAlias = Restorer | FrameRestorer | Results


def needs_low(method: Method) -> bool:
    """Return whether a method restores anything, rather than having done so elsewhere."""
    return not hasattr(method, "frames")


def restored_frames(method: Method, low: Iterable[Image], truth: TestClip) -> Iterator[Image]:
    """Yield the high frames of a stream of low frames, or those that are there for the clip.

    Args:
        method: What restores.
        low: The low frames.
        truth: The clip whose truth they come from.
    """
    if not needs_low(method):
        return cast("Results", method).frames(truth)
    if hasattr(method, "upsample"):
        return upsample_stream(cast("Restorer", method), low)
    return cast("FrameRestorer", method).restore(low)
