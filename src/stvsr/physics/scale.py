"""How much coarser the low grid is than the high grid, axis by axis. Imports nothing heavy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from stvsr.errors import StvsrError


@dataclass(frozen=True)
class Scale:
    """The ratio of high-grid to low-grid samples: ``time`` rational, ``height`` and ``width`` whole.

    A factor of 1 switches that axis off. ``Scale(2, 4, 4)`` halves the frame rate and quarters the size.

    Raises:
        StvsrError: If a factor is not positive, or ``height`` or ``width`` is not a whole number.
    """

    time: Fraction = Fraction(1)
    height: int = 1
    width: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", Fraction(self.time))
        for name in ("height", "width"):
            value = getattr(self, name)
            if int(value) != value:
                raise StvsrError(f"scale: {name} must be a whole number, not {value}")
            object.__setattr__(self, name, int(value))
        if self.time <= 0 or self.height <= 0 or self.width <= 0:
            raise StvsrError(f"scale: every factor must be positive, not {self.time}, {self.height}, {self.width}")

    @classmethod
    def of(cls, time: int | Fraction | str = 1, space: int = 1) -> Scale:
        """Return the scale with the same factor for height and width."""
        return cls(Fraction(time), space, space)

    @property
    def steps(self) -> tuple[int, int, int]:
        """The three strides ``(time, height, width)`` of a sampling grid; time must be whole."""
        if self.time.denominator != 1:
            raise StvsrError(f"a time factor of {self.time} has no sampling grid; only 'stvsr retime' can use it")
        return (int(self.time), self.height, self.width)

    @property
    def samples(self) -> Fraction:
        """How many high-grid samples there are for each low-grid sample."""
        return self.time * self.height * self.width

    def low_size(self, high: tuple[int, int, int]) -> tuple[int, int, int]:
        """Return the ``(time, height, width)`` of the low grid that covers a high grid of that size."""
        frames, height, width = high
        return (math.ceil(frames / self.time), -(-height // self.height), -(-width // self.width))

    def high_size(self, low: tuple[int, int, int]) -> tuple[int, int, int]:
        """Return the ``(time, height, width)`` of the full high grid under a low grid of that size."""
        frames, height, width = low
        return (math.floor(frames * self.time), height * self.height, width * self.width)

    def __str__(self) -> str:
        time = str(self.time).replace("/", "over")
        if self.height == self.width:
            return f"{time}t{self.height}s"
        return f"{time}t{self.height}x{self.width}s"
