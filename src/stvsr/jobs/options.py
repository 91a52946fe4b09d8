"""The options that all jobs share, as a user gives them, each documented once; and the words of a degradation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypedDict, get_args

from stvsr.errors import StvsrError
from stvsr.text import memory_budget
from stvsr.video.cuts import USUAL_THRESHOLD, check_threshold
from stvsr.video.deinterlace import Interlaced
from stvsr.video.encoders import Encoder
from stvsr.video.encoders import encoder as choose_encoder
from stvsr.video.streams import KINDS


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """How a video is read, computed and stored, whatever is computed.

    Attributes:
        encoder: A name from `stvsr.video.ENCODERS`, or an encoder; None for the job's own default: visually clean
            H.264, and for shrinking lossless RGB, or H.265 with a quality or bitrate.
        quality: The encoder's constant rate factor, 0 is best; None for its default.
        bitrate: Bits per second to keep to on average, instead of a quality.
        pixel_format: How colours are stored, such as ``yuv444p`` or ``yuv420p10le``; None for what plays everywhere.
        memory: Working memory to aim at, however long the video: bytes, or a text such as ``4GB``; None for what suits
            the device.
        cuts: The score from which on a change of the picture is a scene cut, across which nothing is mixed; None for no
            cuts.
        interlaced: What to do with frames of two fields: ``refuse``, ``deinterlace`` or ``keep``.
        drop: Kinds of the source's other content to leave out, from `stvsr.video.KINDS`.
        overwrite: Whether a target that exists may be replaced.

    Raises:
        StvsrError: If one of them is impossible.
    """

    encoder: str | Encoder | None = None
    quality: int | None = None
    bitrate: int | None = None
    pixel_format: str | None = None
    memory: int | str | None = None
    cuts: float | None = USUAL_THRESHOLD
    interlaced: Interlaced = "refuse"
    drop: Collection[str] = ()
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_threshold(self.cuts)
        if self.interlaced not in get_args(Interlaced):
            raise StvsrError(f"`interlaced` {self.interlaced!r}: use {', '.join(get_args(Interlaced))}")
        if isinstance(self.drop, str) or not set(self.drop) <= set(KINDS):
            raise StvsrError(f"`drop` {self.drop!r}: give some of {', '.join(KINDS)}")
        if self.budget is not None and self.budget <= 0:
            raise StvsrError(f"`memory` {self.memory}: give a positive number of bytes, or a size such as 4GB")
        if self.encoder is not None:
            self.chosen()

    @property
    def budget(self) -> int | None:
        """Bytes of working memory to aim at; None for what suits the device."""
        return memory_budget(self.memory) if isinstance(self.memory, str) else self.memory

    def chosen(self, default: str = "h264") -> Encoder:
        """Return the encoder, that of a name where none was asked for."""
        if isinstance(self.encoder, Encoder):
            if any(value is not None for value in (self.quality, self.bitrate, self.pixel_format)):
                raise StvsrError("`quality`, `bitrate` and `pixel_format` are an encoder's own: give them to that")
            return self.encoder
        return choose_encoder(self.encoder or default, self.quality, self.pixel_format, self.bitrate)

    def chosen_small(self) -> Encoder:
        """Return the encoder of a shrunk video: every value comes back of it unless a lossy one is asked for."""
        return self.chosen("lossless-rgb" if self.quality is None and self.bitrate is None else "h265")


class OptionSettings(TypedDict, total=False):
    """The fields of `JobOptions`, as keywords."""

    encoder: str | Encoder | None
    quality: int | None
    bitrate: int | None
    pixel_format: str | None
    memory: int | str | None
    cuts: float | None
    interlaced: Literal["keep", "refuse", "deinterlace"]
    drop: Collection[str]
    overwrite: bool


class DegradationSettings(TypedDict, total=False):
    """How a low video comes of a high one: those fields of `stvsr.physics.degradation.Degradation` that users set.

    None, as leaving one out, is the default, or what a degraded video has on record.
    """

    time: int | None
    space: int | None
    exposure: float | None
    shutter: str | None
    blur: str | None
    noise: float | Literal["auto"] | None
    compression: float | Literal["auto"] | None


class Settings(DegradationSettings, OptionSettings, total=False):
    """The keywords of a job that undoes or applies a degradation."""


def separate(
    settings: Mapping[str, Any],
    options: JobOptions | None = None,
    *,
    degradation: bool = True,
    without: Collection[str] = (),
) -> tuple[dict[str, Any], JobOptions]:
    """Return the settings of a degradation that were given, and the options with the other ones put in.

    Args:
        settings: Some of `Settings`.
        options: What to put them in; the defaults if None.
        degradation: Whether the job takes settings of a degradation.
        without: Options that the job does not take.

    Raises:
        StvsrError: If an option is impossible.
        TypeError: If the job has no option of some name.
    """
    told = DegradationSettings.__annotations__ if degradation else {}
    known = {*told, *(field.name for field in fields(JobOptions))} - set(without)
    for name in settings:
        if name not in known:
            raise TypeError(f"there is no option {name!r}; there are {', '.join(sorted(known))}")
    given = {name: value for name, value in settings.items() if name in told and value is not None}
    others = {name: value for name, value in settings.items() if name not in told}
    return given, replace(options or JobOptions(), **others)
