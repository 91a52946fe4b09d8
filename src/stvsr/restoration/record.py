"""What a shrunk video must remember to become the large one again."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar

from stvsr.errors import StvsrError
from stvsr.models.contract import Restorer
from stvsr.restoration.original import Original
from stvsr.restoration.plan import Shot
from stvsr.video.encoders import Encoder
from stvsr.video.info import VideoInfo

TAG = "STVSR"


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

    tag: ClassVar[str] = TAG
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
