"""What can be measured: anything with a name and a scale that turns a low clip into high frames."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from stvsr.engine.upsampling import upsample_stream
from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip
from stvsr.models.contract import Reducer, Restorer
from stvsr.physics.scale import Scale
from stvsr.video.images import Image

T = TypeVar("T")


class Stopwatch(Generic[T]):
    """An iterator that counts the seconds spent inside the generator that it wraps."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self.seconds = 0.0

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        start = time.perf_counter()
        try:
            return next(self._items)
        finally:
            self.seconds += time.perf_counter() - start

    def close(self) -> None:
        """Close the generator, so that files which it holds are closed."""
        close = getattr(self._items, "close", None)
        if close is not None:
            close()


class LowClip:
    """The frames that a method is given, ``(height, width, 3)`` uint8 RGB, and the clip that they come from.

    Args:
        truth: The high clip.
        frames: Returns the low frames, made or decoded as they are read; called once, where they are read at all.

    Attributes:
        truth: The high clip, for methods whose results lie in files by its name.
    """

    def __init__(self, truth: TestClip, frames: Callable[[], Iterator[Image]]) -> None:
        self.truth, self._frames = truth, frames
        self._reading: Stopwatch[Image] | None = None

    def __iter__(self) -> Iterator[Image]:
        if self._reading is None:
            self._reading = Stopwatch(self._frames())
        return self._reading

    @property
    def is_read(self) -> bool:
        """Whether anything was restored from it."""
        return self._reading is not None

    @property
    def seconds(self) -> float:
        """Time that making and decoding it took."""
        return 0.0 if self._reading is None else self._reading.seconds

    def close(self) -> None:
        """Close the files that it holds."""
        if self._reading is not None:
            self._reading.close()


class Method(ABC):
    """One way to restore clips. A model of this package becomes one with `as_method`."""

    if TYPE_CHECKING:  # attributes or properties, as suits the class

        @property
        def name(self) -> str:
            """What tables call it."""

        @property
        def scale(self) -> Scale:
            """How much coarser the low grid is."""

    @abstractmethod
    def restore(self, low: LowClip) -> Iterator[Image]:
        """Yield ``scale.time`` high frames for each low one, ``(height, width, 3)`` uint8 RGB."""

    def reducer(self) -> Reducer:
        """Return what shrinks clips for it, under a protocol that leaves this to the methods.

        Raises:
            StvsrError: If it only takes low clips as they are.
        """
        raise StvsrError(f"{self.name} cannot shrink clips: give a degradation")


@dataclass(frozen=True)
class ModelMethod(Method):
    """A model behind the contract of a method.

    Attributes:
        model: The model.
    """

    model: Restorer

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def scale(self) -> Scale:
        """The model's scale."""
        return self.model.scale

    def restore(self, low: Iterable[Image]) -> Iterator[Image]:
        """Yield the high frames of a stream of low frames."""
        return upsample_stream(self.model, low)

    def reducer(self) -> Reducer:
        """Return the model itself."""
        return self.model


def as_method(method: Method | Restorer) -> Method:
    """Return a method, or a model as one."""
    return method if isinstance(method, Method) else ModelMethod(method)
