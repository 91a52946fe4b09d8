"""All that the engine, the jobs, the training and the measurements know of a network. Needs no torch.

    Reducer             downsample
      └ Restorer        upsample, and what of a clip an exact answer depends on
          ├ a model for one degradation, such as `stvsr.models.conditional.BoundModel`
          └ Model       what `stvsr.load` returns, and what is trained
              ├ Codec             downsample and upsample were made for each other      task rescale
              ├ ConditionalModel  bind(degradation) -> Restorer                         tasks restore, deblur
              └ Interpolator      frames_at(low, positions)                             task interpolate

Clips are float ``(batch, 3, time, height, width)``, RGB in [0, 1]. A model that is a `torch.nn.Module` as well takes
them where its parameters lie. What is declared for type checkers alone is an attribute or a property, as suits the
class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from stvsr.errors import StvsrError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from torch import Tensor

    from stvsr.physics.degradation import Degradation
    from stvsr.physics.operator import SpaceTimeOperator
    from stvsr.physics.scale import Scale


class Reducer(ABC):
    """What makes a low clip of a high one."""

    if TYPE_CHECKING:

        @property
        def scale(self) -> Scale:
            """How much coarser the low grid is."""

        @property
        def down_context(self) -> int:
            """High frames on each side that an exact `downsample` needs; 0 if not said."""

    else:
        down_context = 0

    @property
    def operator(self) -> SpaceTimeOperator:
        """What `downsample` does.

        Raises:
            StvsrError: If that differs from place to place, or there is none.
        """
        raise StvsrError(f"{type(self).__name__} has no single kernel and so no operator")

    @property
    def identity(self) -> Any:
        """What results depend on beside settings that a contract names, and weights; None for nothing."""
        return None

    @abstractmethod
    def downsample(self, clip: Tensor) -> Tensor:
        """Return the low clip, of size ``scale.low_size``."""


class Restorer(Reducer):
    """What makes a high clip of a low one."""

    if TYPE_CHECKING:

        @property
        def name(self) -> str:
            """The model's name, ``<family>-<time>t<space>s[-compact]``."""

        @property
        def context(self) -> tuple[int, int]:
            """Low frames and low pixels on each side that an exact `upsample` needs; none if not said."""

        @property
        def exact_context(self) -> bool:
            """Whether nothing beyond `context` matters, True if not said; else tiles pass smoothly into each other."""

        @property
        def bytes_per_low_pixel(self) -> int:
            """Working memory of `upsample` for each pixel of a low frame; 8192 if not said."""

    else:
        context = (0, 0)
        exact_context = True
        bytes_per_low_pixel = 8192

    def downsample(self, clip: Tensor) -> Tensor:
        """Return the low clip, of size ``scale.low_size``, in 8-bit values ``k / 255``.

        Raises:
            StvsrError: If it shrinks nothing.
        """
        raise StvsrError(f"{self.name} takes frames as they are and shrinks nothing")

    @abstractmethod
    def upsample(self, low: Tensor) -> Tensor:
        """Return the high clip, of size ``scale.high_size``."""


class ModelConfig(Protocol):
    """What a network is built from."""

    def to_dict(self) -> dict[str, Any]:
        """Return the table ``model`` of `config.json`, with ``family``, ``task`` and ``scale`` in it."""


class Model(Restorer):
    """A network with a configuration, that can be stored and trained.

    Called with a clip, and for a `ConditionalModel` a degradation, it returns the low clip and the high one, or the
    high ones of all iterations, differentiable, not clipped and of the size of `targets`.

    Attributes:
        name: The model's name.
        scale: How much coarser the low grid is.
        config: What it was built from.
    """

    name: str
    scale: Scale
    config: ModelConfig

    def inputs(self, clip: Tensor) -> Tensor:
        """Return the low clip that a clip of training gives; by default what `downsample` makes of it."""
        return self.downsample(clip)

    def targets(self, clip: Tensor) -> Tensor:
        """Return what the high clip should be for a clip of training; by default the clip itself."""
        return clip

    def load_flow(self, name_or_folder: str) -> None:
        """Take over the weights of a trained optical flow network, of the same sizes.

        Raises:
            StvsrError: If there is none of that name, its sizes differ, or the model has no such network.
        """
        raise StvsrError("this model has no optical flow network: leave 'flow' out of the recipe")

    def offset_statistics(self) -> Mapping[str, float]:
        """Return the magnitudes of the deformable offsets of the last pass, in low pixels; empty without any."""
        return {}


class Codec(Model):
    """A model that shrinks clips itself, and expands what it shrank."""

    @abstractmethod
    def downsample(self, clip: Tensor) -> Tensor:
        """Return the low clip, of size ``scale.low_size``, in 8-bit values ``k / 255``."""


class ConditionalModel(Model):
    """A model that undoes a degradation that it is given. As it is, it undoes its own.

    Attributes:
        degradation: What it undoes unless it is given another.
    """

    degradation: Degradation

    @abstractmethod
    def bind(self, degradation: Degradation, iterations: int | None = None) -> Restorer:
        """Return the model for videos of a known degradation, ready for files of any length.

        Args:
            degradation: What it is to undo.
            iterations: Rounds, the model's own if None.

        Raises:
            StvsrError: If it cannot undo that, or the number of iterations is out of range.
        """

    if not TYPE_CHECKING:  # attributes for type checkers, see above

        @property
        def context(self):
            """Low frames and low pixels of context for its own degradation."""
            return self.bind(self.degradation).context

        @property
        def down_context(self):
            """High frames of context that an exact low frame needs on each side."""
            return self.bind(self.degradation).down_context

        @property
        def bytes_per_low_pixel(self):
            """Memory that `upsample` needs for each pixel of a low frame."""
            return self.bind(self.degradation).bytes_per_low_pixel

    @property
    def operator(self) -> SpaceTimeOperator:
        """The operator of its own degradation."""
        return self.degradation.operator()

    def downsample(self, clip: Tensor) -> Tensor:
        """Apply its own degradation, 8-bit values."""
        return self.bind(self.degradation).downsample(clip)

    def upsample(self, low: Tensor) -> Tensor:
        """Undo its own degradation."""
        return self.bind(self.degradation).upsample(low)


class Interpolator(Model):
    """A model that makes frames between those that it is given, and shrinks nothing."""

    if TYPE_CHECKING:

        @property
        def any_rate(self) -> bool:
            """Whether it makes frames anywhere, not at multiples of ``1 / scale.time`` alone; False if not said."""

    else:
        any_rate = False

    @abstractmethod
    def frames_at(self, low: Tensor, positions: Sequence[Fraction], start: int = 0) -> Tensor:
        """Return the frames at some positions in a longer clip, ``(B, 3, len(positions), height, width)``.

        Args:
            low: Some consecutive frames of it.
            positions: In frames of the whole clip, increasing, none before ``start``.
            start: The number of the first frame of ``low`` in the whole clip.

        Raises:
            StvsrError: If a position between two frames is none of the model's ratio, and it knows no others.
        """

    def upsample(self, low: Tensor) -> Tensor:
        """Return the ``floor(t * scale.time)`` frames of its own ratio, of ``low`` ``(B, 3, t, h, w)``."""
        count = self.scale.high_size((low.shape[2], 1, 1))[0]
        return self.frames_at(low, [j / self.scale.time for j in range(count)])

    @property
    def operator(self) -> SpaceTimeOperator:
        """Refuse: there is none.

        Raises:
            StvsrError: Always.
        """
        raise StvsrError(f"{self.name} takes frames as they are: it has no downsampler and so no operator")
