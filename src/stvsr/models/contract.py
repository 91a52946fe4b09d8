"""All that the engine, the jobs and the measurements know of a network. Needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeGuard

from stvsr.physics.scale import Scale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from torch import Tensor

    from stvsr.physics.degradation import Degradation
    from stvsr.physics.operator import SpaceTimeOperator


class Reducer(Protocol):
    """What makes a low clip of a high one. Clips are as a `Restorer`'s."""

    @property
    def scale(self) -> Scale:
        """How much coarser the low grid is."""

    @property
    def down_context(self) -> int:
        """High frames on each side that an exact `downsample` needs."""

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the low clip, of size ``scale.low_size``."""


class Restorer(Reducer, Protocol):
    """A model as `stvsr.load` returns it. Clips are float ``(batch, 3, time, height, width)``, RGB in [0, 1].

    A model may also have ``bytes_per_low_pixel: int``, the memory that `upsample` needs for each pixel
    of a low frame, and ``exact_context: bool``, False where what lies beyond `context` still matters a little: then
    tiles pass smoothly into each other. If it is a `torch.nn.Module`, its clips lie where its parameters lie.
    """

    @property
    def name(self) -> str:
        """The model's name, ``<family>-<time>t<space>s[-compact]``."""

    @property
    def operator(self) -> SpaceTimeOperator:
        """What `downsample` does; raises `StvsrError` where that differs from place to place."""

    @property
    def context(self) -> tuple[int, int]:
        """Low frames and low pixels on each side that an exact `upsample` needs."""

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the low clip, of size ``scale.low_size``, in 8-bit values ``k / 255``."""

    def upsample(self, low: Tensor) -> Tensor:
        """Return the high clip, of size ``scale.high_size``."""


class GeneralModel(Protocol):
    """A model that undoes any degradation it is told of, such as DAVSR."""

    def bind(self, degradation: Degradation, iterations: int | None = None) -> Restorer:
        """Return the model for one degradation; ``iterations`` are the model's own if None.

        Raises:
            StvsrError: If the number of iterations is out of range.
        """


class Interpolator(Restorer, Protocol):
    """A model that makes frames between those that it is given, and shrinks nothing."""

    @property
    def any_rate(self) -> bool:
        """Whether it makes frames at any places, not at multiples of ``1 / scale.time`` alone."""

    def frames_at(self, low: Tensor, places: Sequence[Fraction], start: int = 0) -> Tensor:
        """Return the frames at some places of a longer clip, ``(B, 3, len(places), height, width)``.

        Args:
            low: Some consecutive frames of it.
            places: In frames of the whole clip, increasing, none before ``start``.
            start: The number of the first frame of ``low`` in the whole clip.
        """


def is_interpolator(model: object) -> TypeGuard[Interpolator]:
    """Return whether a model makes frames between frames by itself, rather than undoing a degradation."""
    return hasattr(model, "frames_at")
