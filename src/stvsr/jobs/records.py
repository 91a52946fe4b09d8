"""The record that a smaller video must hold of the one it was made from: a compact JSON text in its metadata.

A shrunk video remembers besides how to become the large one again; for a degraded one see `stvsr.jobs.degraded`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Self

from stvsr.engine.times import LARGEST_TERM, common_tick, fraction, on_ticks, pack_times, unpack_times
from stvsr.engine.windows import Shot
from stvsr.errors import StvsrError
from stvsr.models.contract import Restorer
from stvsr.text import one_line
from stvsr.video.colour import Colour, closest_writable
from stvsr.video.encoders import Encoder
from stvsr.video.info import VideoInfo
from stvsr.video.mastering import Mastering
from stvsr.video.reader import VideoReader

VERSION = 1
SHRINK_TAG, DEGRADE_TAG = "STVSR", "STVSR_DEGRADE"
"""Under which names records lie in a file's metadata."""
_FRACTIONS = ("rate", "sample_aspect")
_LOWEST_RATE = Fraction(1, 1_000_000)
# Containers that count in milliseconds move a video's start by less than this.
_ROUNDING = Fraction(2, 1000)


@dataclass(frozen=True, kw_only=True)
class Original:
    """A video from which a smaller one was made.

    Attributes:
        width: As shown (turned upright), in pixels.
        height: Likewise.
        frames: Number of frames.
        rate: Nominal frames per second.
        times: When each frame is shown, as `stvsr.engine.times.pack_times` packs it, and as ``last`` the duration
            of the last one where that is not one period of the rate.
        sample_aspect: Width over height of one pixel.
        source: Codec, pixel format and colour tags.
    """

    tag: ClassVar[str]
    """Under which name the record lies in a file's metadata."""
    command: ClassVar[str]
    """The subcommand that writes it."""
    inverse: ClassVar[str]
    """The subcommand that reads it."""

    width: int
    height: int
    frames: int
    rate: Fraction
    times: dict[str, str]
    sample_aspect: Fraction = Fraction(1)
    source: dict[str, Any] = field(default_factory=dict)

    def with_times(self, times: Sequence[Fraction], last: Fraction | None = None) -> Self:
        """Return the record of a video with these frame times; its last frame lasts ``last`` (None: one period).

        All are in seconds.
        """
        duration = {} if last is None else {"last": str(last)}
        return replace(self, frames=len(times), times=pack_times(times) | duration)

    def last_duration(self) -> Fraction | None:
        """Return the duration of the last frame in seconds, or None for one period of the rate.

        Raises:
            StvsrError: If that is damaged.
        """
        if "last" not in self.times:
            return None
        try:
            duration = fraction(self.times["last"])
        except (ValueError, ArithmeticError) as error:
            raise self._damaged(str(error)) from error
        if not 0 < duration <= LARGEST_TERM:
            raise self._damaged(f"a last frame of {duration} s")
        return duration

    def frame_times(self) -> list[Fraction]:
        """Return the time in seconds of every frame.

        Raises:
            StvsrError: If the packed times are damaged.
        """
        try:
            return unpack_times(self.times, self.frames)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise self._damaged(str(error)) from error

    def times_after(self, small: Path) -> list[Fraction]:
        """Return the frame times, moved as those of the small video were where a container starts at zero.

        Raises:
            StvsrError: If the packed times are damaged.
        """
        try:
            times = self.frame_times()
            self.last_duration()
            tick = common_tick(times)
            on_ticks(times, tick)
        except StvsrError as error:
            raise StvsrError(f"{small}: {error}") from error
        with VideoReader(small) as reader:
            start = next(iter(reader)).time
        moved = start - times[0]
        if abs(moved) < _ROUNDING:
            moved = Fraction(0)
        return on_ticks([time + moved for time in times], tick)

    def colour(self) -> Colour | None:
        """Return how to store colours as the original stored them, or None where that is not known."""
        try:
            return closest_writable(Colour(**self.source["colour"]), self.height)
        except (KeyError, TypeError):
            return None

    def mastering(self) -> Mastering | None:
        """Return what the original was graded on, or None where that is not known."""
        try:
            return Mastering.from_dict(self.source["mastering"])
        except (KeyError, TypeError, ValueError, ArithmeticError):
            return None

    def to_json(self) -> str:
        """Return the record as one line of JSON."""
        values = asdict(self) | {name: str(getattr(self, name)) for name in _FRACTIONS}
        return json.dumps({"version": VERSION, **values}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            StvsrError: If it is damaged, or written by a later version.
        """
        try:
            values = json.loads(text)
            version = int(values.pop("version"))
            if version > VERSION:
                raise StvsrError(f"a newer stvsr made this file; update stvsr to {cls.inverse} it")
            names = [field.name for field in fields(cls)]
            known = {name: values[name] for name in names if name in values}
            record = cls(**known | {name: fraction(known[name]) for name in _FRACTIONS})
            record._check()
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise cls._damaged(str(error)) from error
        return record

    @classmethod
    def find(cls, metadata: Mapping[str, str]) -> Self | None:
        """Return the record in a file's metadata, or None; some containers change the case of names.

        Raises:
            StvsrError: What `from_json` raises.
        """
        texts = [text for name, text in metadata.items() if name.upper() == cls.tag and text]
        return cls.from_json(texts[0]) if texts else None

    def _check(self) -> None:
        """Raise ValueError or TypeError if a field is impossible."""
        counts = (self.width, self.height, self.frames)
        if not all(isinstance(count, int) and count > 0 for count in counts):
            raise ValueError(f"a video of {self.frames} frames of {self.width}x{self.height}")
        for ratio in (self.rate, self.sample_aspect):
            if ratio <= 0 or max(ratio.as_integer_ratio()) > LARGEST_TERM:
                raise ValueError(f"a rate or pixel aspect of {ratio}")
        if not _LOWEST_RATE <= self.rate <= 1 / _LOWEST_RATE:
            raise ValueError(f"a rate of {self.rate}")
        if not all(isinstance(part, dict) for part in (self.times, self.source)):
            raise ValueError("times or source of the wrong kind")

    @classmethod
    def _damaged(cls, reason: str) -> StvsrError:
        return StvsrError(f"its {cls.tag} metadata is damaged ({one_line(reason)}); {cls.command} the original again")


def facts(info: VideoInfo) -> dict[str, Any]:
    """Return what an `Original` tells of a file but for its times, by the names of its fields."""
    return {
        "width": info.width,
        "height": info.height,
        "frames": 0,
        "rate": info.rate,
        "times": {},
        "sample_aspect": info.sample_aspect,
        "source": {
            "codec": info.codec,
            "pixel_format": info.pixel_format,
            "colour": asdict(info.colour),
            **({} if info.mastering is None else {"mastering": info.mastering.to_dict()}),
        },
    }


@dataclass(frozen=True, kw_only=True)
class ShrinkRecord(Original):
    """The original of a shrunk video, and how it was made small.

    Attributes:
        model: Name of the model.
        weights: SHA-256 of its weights, in hexadecimal; empty where it has none.
        scale: Its scale, such as ``2t4s``.
        cuts: Numbers of the original's frames that begin a new shot; each shot was shrunk as a clip of its own.
        kernel: ``origin``, ``shape`` and flat ``taps`` of the blur, for the reader's information.
        coding: Where the small video is not lossless, its ``codec`` and ``crf`` or ``bitrate``.
    """

    tag: ClassVar[str] = SHRINK_TAG
    command: ClassVar[str] = "shrink"
    inverse: ClassVar[str] = "expand"

    model: str
    weights: str
    scale: str
    kernel: dict[str, Any] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    coding: dict[str, str] = field(default_factory=dict)

    def shots(self, step: int) -> list[Shot]:
        """Return the shots of the small video, one frame of which stands for ``step`` of the original's, or fewer."""
        shots, start = [], 0
        for first, end in pairwise([0, *self.cuts, self.frames]):
            stop = start + -(-(end - first) // step)
            shots.append(Shot(start, stop, end - first))
            start = stop
        return shots

    def _check(self) -> None:
        super()._check()
        # Printable, because messages quote them.
        if not all(isinstance(text, str) and text.isprintable() for text in (self.model, self.weights, self.scale)):
            raise ValueError("a model, weights or scale that is no name")
        if not isinstance(self.kernel, dict) or not isinstance(self.coding, dict):
            raise ValueError("a kernel or coding of the wrong kind")
        if not isinstance(self.cuts, list) or not all(type(cut) is int for cut in self.cuts):
            raise ValueError("cuts of the wrong kind")
        if any(earlier >= later for earlier, later in pairwise([0, *self.cuts, self.frames])):
            raise ValueError("cuts that are not in the video")


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


def describe_coding(encoder: Encoder) -> dict[str, str]:
    """Return how a small video is stored, or nothing where every value comes back."""
    for option, name in (("crf", "crf"), ("b", "bitrate")):
        if option in encoder.options:
            return {"codec": encoder.codec, name: encoder.options[option]}
    return {}


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
