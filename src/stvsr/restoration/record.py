"""What a small video must remember to become the large one again: a compact JSON text in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import Any

from stvsr.errors import StvsrError
from stvsr.restoration.contract import Restorer
from stvsr.restoration.times import LARGEST_TERM, fraction, pack_times, unpack_times
from stvsr.video.info import VideoInfo

TAG = "STVSR"
VERSION = 1


@dataclass(frozen=True)
class ShrinkRecord:
    """The original of a small video, and how it was made small.

    Attributes:
        model: Name of the model.
        weights: SHA-256 of its weights, in hexadecimal; empty where it has none.
        scale: Its scale, such as ``2t4s``.
        width: Of the original as shown (turned upright), in pixels.
        height: Likewise.
        frames: Number of frames of the original.
        rate: Its nominal frames per second.
        times: When each of its frames is shown, as `stvsr.restoration.times.pack_times` packs it, and as ``last``
            how long the last one stays where that is not one period of the rate.
        sample_aspect: Width over height of one pixel.
        source: Codec, pixel format and colour tags of the original, for the reader's information.
        kernel: ``origin``, ``shape`` and flat ``taps`` of the blur, for the reader's information.
    """

    model: str
    weights: str
    scale: str
    width: int
    height: int
    frames: int
    rate: Fraction
    times: dict[str, str]
    sample_aspect: Fraction = Fraction(1)
    source: dict[str, Any] = field(default_factory=dict)
    kernel: dict[str, Any] = field(default_factory=dict)

    def with_times(self, times: Sequence[Fraction], last: Fraction | None = None) -> ShrinkRecord:
        """Return the record of a video with these frame times; its last frame stays ``last`` (None: one period).

        All are in seconds.
        """
        stay = {} if last is None else {"last": str(last)}
        return replace(self, frames=len(times), times=pack_times(times) | stay)

    def last_stay(self) -> Fraction | None:
        """Return how long the last frame stays in seconds, or None for one period of the rate.

        Raises:
            StvsrError: If that is damaged.
        """
        if "last" not in self.times:
            return None
        try:
            stay = fraction(self.times["last"])
        except (ValueError, ArithmeticError) as error:
            raise _damaged(str(error)) from error
        if not 0 < stay <= LARGEST_TERM:
            raise _damaged(f"a last frame of {stay} s")
        return stay

    def frame_times(self) -> list[Fraction]:
        """Return the time in seconds of every original frame.

        Raises:
            StvsrError: If the packed times are damaged.
        """
        try:
            return unpack_times(self.times, self.frames)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise _damaged(str(error)) from error

    def to_json(self) -> str:
        """Return the record as one line of JSON."""
        fields = asdict(self) | {name: str(getattr(self, name)) for name in _FRACTIONS}
        return json.dumps({"version": VERSION, **fields}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ShrinkRecord:
        """Read what `to_json` wrote.

        Raises:
            StvsrError: If it is damaged, or written by a later version.
        """
        try:
            fields = json.loads(text)
            version = int(fields.pop("version"))
            if version > VERSION:
                raise StvsrError("this file was shrunk by a newer stvsr; update stvsr to expand it")
            known = {name: fields[name] for name in cls.__dataclass_fields__ if name in fields}
            record = cls(**known | {name: fraction(known[name]) for name in _FRACTIONS})
            record._check()
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise _damaged(str(error)) from error
        return record

    @classmethod
    def find(cls, metadata: Mapping[str, str]) -> ShrinkRecord | None:
        """Return the record in a file's metadata, or None; some containers change the case of names."""
        texts = [text for name, text in metadata.items() if name.upper() == TAG and text]
        return cls.from_json(texts[0]) if texts else None

    def _check(self) -> None:
        counts = (self.width, self.height, self.frames)
        if not all(isinstance(count, int) and count > 0 for count in counts):
            raise ValueError(f"a video of {self.frames} frames of {self.width}x{self.height}")
        for ratio in (self.rate, self.sample_aspect):
            if ratio <= 0 or max(ratio.as_integer_ratio()) > LARGEST_TERM:
                raise ValueError(f"a rate or pixel aspect of {ratio}")
        if not _LOWEST_RATE <= self.rate <= 1 / _LOWEST_RATE:
            raise ValueError(f"a rate of {self.rate}")
        # Printable, because messages quote them.
        if not all(isinstance(text, str) and text.isprintable() for text in (self.model, self.weights, self.scale)):
            raise ValueError("a model, weights or scale that is no name")
        if not all(isinstance(part, dict) for part in (self.times, self.source, self.kernel)):
            raise ValueError("times, source or kernel of the wrong kind")


_FRACTIONS = ("rate", "sample_aspect")
_LOWEST_RATE = Fraction(1, 1_000_000)


def find_record(info: VideoInfo) -> ShrinkRecord:
    """Return the record that `stvsr shrink` left in a file.

    Raises:
        StvsrError: If there is none, or it is damaged.
    """
    try:
        record = ShrinkRecord.find(info.metadata)
    except StvsrError as error:
        raise StvsrError(f"{info.path}: {error}") from error
    if record is None:
        raise StvsrError(f"{info.path} holds no record of an original: only what 'stvsr shrink' made can be expanded")
    return record


def describe_kernel(model: Restorer) -> dict[str, Any]:
    """Return a model's blur kernel as plain numbers, or nothing where it has no fixed one."""
    try:
        kernel = model.operator.kernel
    except (AttributeError, StvsrError):  # an adaptive filter differs from place to place
        return {}
    taps = kernel.taps.detach().cpu()
    return {
        "origin": list(kernel.origin),
        "shape": list(taps.shape),
        "taps": [float(f"{tap:.6g}") for tap in taps.flatten().tolist()],
    }


def _damaged(reason: str) -> StvsrError:
    return StvsrError(f"its {TAG} metadata is damaged ({reason}); shrink the original again")
