"""The degradation of a video: what a record in it says, and what is taken for granted of any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.jobs.records import DEGRADE_TAG, SHRINK_TAG, Original
from stvsr.physics.degradation import DEFAULT, Degradation, has_effect
from stvsr.video.info import VideoInfo
from stvsr.video.timing import scan_times

AUTO = "auto"
SURE = 0.3
"""Confidence from which on an estimated blur is undone."""
ESTIMATED = ("blur", "noise", "compression")
"""Settings that are found by looking at the video where they are `AUTO`."""


@dataclass(frozen=True, kw_only=True)
class DegradeRecord(Original):
    """The original of a degraded video.

    Attributes:
        degradation: Settings of `stvsr.physics.degradation.Degradation`. Of a kernel's file only the name is kept,
            for the reader's information: a video must not make us open files.
    """

    tag: ClassVar[str] = DEGRADE_TAG
    command: ClassVar[str] = "degrade"
    inverse: ClassVar[str] = "upscale"

    degradation: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Degradation:
        """The degradation."""
        return Degradation.from_dict(self.degradation)

    def _check(self) -> None:
        super()._check()
        if not all(str(value).isprintable() for value in self.degradation.values()):
            raise ValueError("a degradation that cannot be printed")
        try:
            _ = self.settings
        except StvsrError as error:
            raise ValueError(str(error)) from error


def describe(degradation: Degradation) -> dict[str, Any]:
    """Return a degradation's settings for a record."""
    blur = degradation.blur
    return degradation.to_dict() | {"blur": Path(blur).name if blur.endswith(".npy") else blur}


def assumed(
    info: VideoInfo, given: Mapping[str, Any], progress: Progress, usual: Degradation = DEFAULT
) -> tuple[Degradation, DegradeRecord | None]:
    """Settle how a video was degraded: as the user says, else as its record says, else as usual.

    Args:
        info: The video.
        given: Those of `Degradation`'s settings that the user chose.
        progress: Told if a record is used, or cannot be.
        usual: For what says nothing.

    Returns:
        The degradation; and the record, where the restored video is to have its size, frames and times.

    Raises:
        StvsrError: If a setting is impossible, or the record's blur was a file and none is given.
    """
    notice_shrunk(info, progress)
    given = _found(info, given, usual, progress)
    record = _usable(info, progress)
    if record is None:
        return usual.but(**given), None
    recorded = record.settings
    if recorded.blur.endswith(".npy") and "blur" not in given:
        raise StvsrError(
            f"{info.path} was blurred by the kernel {recorded.blur}, which it does not hold: give it with `blur`"
        )
    degradation = recorded.but(**given)
    progress.notice(f"{info.path} was made by 'stvsr degrade'; undoing: {degradation}")
    return degradation, record if degradation.scale == recorded.scale else None


def _found(info: VideoInfo, given: Mapping[str, Any], usual: Degradation, progress: Progress) -> Mapping[str, Any]:
    """Return the given settings, those that are `AUTO` as they are estimated from the video, and tell of these."""
    wanted = [name for name, value in given.items() if value == AUTO and name in ESTIMATED]
    if not wanted:
        return given
    from stvsr.jobs.estimate import estimate

    found = estimate(info.path)
    progress.notice(f"{info.path}: {found.words()}")
    settings = found.settings(int(given.get("space", usual.space)))
    if found.blur.confidence < SURE:  # sharpening what is sharp does more harm than leaving alone what is soft
        settings["blur"] = "bicubic"
    return {**given, **{name: settings[name] for name in wanted}}


def without_estimates(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that can be checked before a video is looked at."""
    return {name: value for name, value in given.items() if not (value == AUTO and name in ESTIMATED)}


def notice_shrunk(info: VideoInfo, progress: Progress) -> None:
    """Tell if a video needs another command."""
    if any(name.upper() == SHRINK_TAG and text for name, text in info.metadata.items()):
        progress.notice(f"{info.path} was made by 'stvsr shrink': only 'stvsr expand' knows what its colours mean")


def check_effect(degradation: Degradation) -> None:
    """Make sure that a degradation does something.

    Raises:
        StvsrError: If it leaves every pixel as it is, or its kernel cannot be read.
    """
    if not has_effect(degradation):
        raise StvsrError(
            "`time` 1 and `space` 1 leave nothing to do without a blur or noise: "
            "give `blur` gaussian:SIGMA or `noise` SIGMA, or a larger factor"
        )


def _usable(info: VideoInfo, progress: Progress) -> DegradeRecord | None:
    """Return the record, if there is one that fits the video."""
    try:
        record = DegradeRecord.find(info.metadata)
    except StvsrError as error:
        progress.notice(f"{info.path}: {error}; until then going by the options alone")
        return None
    if record is None:
        return None
    frames, height, width = record.settings.scale.low_size((record.frames, record.height, record.width))
    if (info.width, info.height) != (width, height) or len(scan_times(info.path)) != frames:
        progress.notice(f"{info.path} was cut or resized since 'stvsr degrade' made it: going by the options alone")
        return None
    try:
        record.times_after(info.path)
    except StvsrError as error:
        progress.notice(f"{error}; until then going by the options alone")
        return None
    return record
