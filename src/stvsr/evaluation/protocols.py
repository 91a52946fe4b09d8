"""How quality is measured, written down: a figure means nothing without its protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.psnr_ssim import Score
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale

FrameSet = Literal["all", "synthesised", "given"]
Colour = Literal["rgb", "y"]
Low = Literal["made", "stored"]
FRAME_SETS: tuple[FrameSet, ...] = ("all", "synthesised", "given")


@dataclass(frozen=True)
class Protocol:
    """One way to measure, named and documented.

    Every frame of every clip is restored, rounded to 8 bits and scored on RGB and on Y (the formulas are in
    `stvsr.evaluation.metrics.psnr_ssim`); a clip's figure is the mean over the frames counted, the data set's figure
    the mean over its clips. What a protocol chooses is which of these figures is *the* figure.

    Attributes:
        name: Short and stable; stands in result files.
        title: What a reader calls it.
        scale: Ratio of the truth to what is sent.
        frames: The frames that the headline figure counts. ``all``, or ``synthesised``: those which a method
            that keeps every ``scale.time``-th frame, or those that are given, has to make up between two others;
            ``given``: the frames that it keeps.
        colour: The headline's colour space, ``rgb`` or ``y``.
        border: Rows and columns left out at every edge before measuring (SSIM's window leaves out 5 more).
        skip: Frames left out at the start and at the end of every clip.
        degradation: How the low clip comes about, one for all methods; ``None``: each method's own downsampler. Where
            there is one, clips are cut to whole low frames, so that none of these repeats what it does not see, and
            no frame is there from the start, so that ``synthesised`` and ``given`` count nothing, unless a low frame
            is as short as a high one.
        source: Where the protocol was taken from.
        low: ``made``: by the degradation or the methods; ``stored``: it comes with the data set, and the degradation is
            what methods are told of it.
        rates: For a change of the frame rate: every how many frames of the source make the low clip, and every how
            many the truth. ``None``: every frame is part of the truth.
    """

    name: str
    title: str
    scale: Scale
    frames: FrameSet = "all"
    colour: Colour = "rgb"
    border: int = 0
    skip: int = 0
    degradation: Degradation | None = None
    source: str = ""
    low: Low = "made"
    rates: tuple[int, int] | None = None

    def measured(self, total: int) -> int:
        """Return how many frames of truth a clip of ``total`` frames has."""
        if self.rates:
            low, high = self.rates
            return (total - 1) // low * low // high + 1
        return total if self.degradation is None else total // self.degradation.time * self.degradation.time

    @property
    def least(self) -> int:
        """The number of frames that a clip must have."""
        if self.rates:
            return self.rates[0] + 1
        unit = 1 if self.degradation is None else self.degradation.time
        return -(-(2 * self.skip + 1) // unit) * unit

    def counted(self, total: int, frames: FrameSet | None = None) -> list[int]:
        """Return the numbers of the frames that count in a clip of ``total`` frames.

        Frame 0 is kept by a method that interpolates, so for a time factor of 2 the synthesised frames are
        1, 3, 5 and so on. An odd last frame has only one kept neighbour; no interpolation can make it, and it
        counts only among ``all``.
        """
        span, counted = range(self.skip, total - self.skip), frames or self.frames
        if counted == "all":
            return list(span)
        if not self.keeps_frames:
            return []
        if counted == "given":
            return [i for i in span if (i / self.scale.time).denominator == 1]
        last_kept = max((i for i in range(total) if (i / self.scale.time).denominator == 1), default=0)
        return [i for i in span if (i / self.scale.time).denominator > 1 and (self.rates or i < last_kept)]

    @property
    def keeps_frames(self) -> bool:
        """Whether low frame i shows the instant of high frame ``scale.time * i`` and no other."""
        if self.scale.time == 1:
            return False
        return self.degradation is None or _sharp(self.degradation)

    def clip_mean(self, scores: Sequence[Score], frames: FrameSet | None = None) -> Score | None:
        """Return the mean over the counted frames of a clip; ``None`` where none is counted."""
        return Score.mean([scores[i] for i in self.counted(len(scores), frames)])

    def describe(self) -> str:
        """Return the protocol in one sentence."""
        made = "frames that are not given" if self.rates else "frames that interpolation must synthesise"
        counted = "all frames" if self.frames == "all" else made
        skipped = f", the first and last {self.skip} of a clip left out" if self.skip else ""
        cropped = f"{self.border} pixels cropped" if self.border else "no pixels cropped"
        colour = {"rgb": "RGB", "y": "Y (BT.601, 16 to 235)"}[self.colour]
        return (
            f"{colour} on frames rounded to 8 bits, peak 255; SSIM with an 11x11 Gaussian of sigma 1.5 where "
            f"it fits into the frame; {cropped} at the borders; {counted}{skipped}; mean over frames, then "
            f"over clips. Low clip: {self._describe_low()}."
        )

    def _describe_low(self) -> str:
        if self.rates:
            low, high = self.rates
            return f"every {low}th frame as it is, the truth being every {high}th, up to the last low frame"
        if self.degradation is None:
            return "each method's own downsampler, rounded to 8 bits"
        low_clip = f"the same for all methods: {_named(self.degradation)}; rounded to 8 bits"
        if self.low == "stored":
            low_clip = f"that of the data set; methods are told {_named(self.degradation)}"
        if self.degradation.time == 1:
            return low_clip
        return f"{low_clip}; clips cut to whole multiples of {self.degradation.time} frames"


STAA_2T1S = Protocol(
    name="staa-2t1s",
    title="2x in time",
    scale=Scale.of(2, 1),
    frames="synthesised",
    source="STAA, Table 1: only frames that both kinds of method synthesise",
)
STAA_2T4S = Protocol(
    name="staa-2t4s",
    title="2x in time, 4x in space",
    scale=Scale.of(2, 4),
    source="STAA, Table 1",
)
DAVSR_5T4S = Protocol(
    name="davsr-5t4s",
    title="5x in time, 4x in space, mean of five frames",
    scale=Scale.of(5, 4),
    skip=2,
    degradation=Degradation(time=5, space=4),
    source="DAVSR, Table 2",
)
RATE_20_TO_24 = Protocol(
    name="staa-20-to-24",
    title="from 20 to 24 frames a second",
    scale=Scale.of("6/5"),
    frames="synthesised",
    rates=(6, 5),
    source="STAA, Table 7: of 120 frames a second every 6th is given, every 5th is due",
)
PROTOCOLS = {protocol.name: protocol for protocol in (STAA_2T1S, STAA_2T4S, DAVSR_5T4S, RATE_20_TO_24)}


def protocol_for(scale: Scale) -> Protocol:
    """Return the published protocol of methods that shrink themselves, or one of our own for another scale.

    Raises:
        StvsrError: If the time factor is not whole.
    """
    if scale.time.denominator != 1:
        raise StvsrError(
            f"cannot evaluate a time factor of {scale.time}: only whole factors have a frame of truth each; "
            "a change of the rate by 6/5 is measured with --protocol staa-20-to-24"
        )
    for protocol in PROTOCOLS.values():
        if protocol.scale == scale and protocol.degradation is None:
            return protocol
    only_time = scale.time > 1 and scale.height == scale.width == 1
    title = ", ".join(
        part
        for part, wanted in (
            (f"{scale.time}x in time", scale.time > 1),
            (f"{scale.width}x in space", scale.width > 1),
        )
        if wanted
    )
    return Protocol(
        name=f"stvsr-{scale}",
        title=title or "same size",
        scale=scale,
        frames="synthesised" if only_time else "all",
    )


def degraded_protocol(degradation: Degradation) -> Protocol:
    """Return the protocol for a given degradation: the published one, or one of our own in its likeness.

    Ours leaves out half a low frame at each end of a clip, as the published one does: there, no low frame lies beyond.
    """
    for protocol in PROTOCOLS.values():
        if protocol.degradation == degradation:
            return protocol
    return Protocol(
        name=f"degraded-{degradation.scale}",
        title=_named(degradation),
        scale=degradation.scale,
        skip=degradation.time // 2,
        degradation=degradation,
    )


def _sharp(degradation: Degradation) -> bool:
    """Return whether the shutter is open for no longer than one high frame, the first of its block."""
    own_kernel = degradation.blur.endswith(".npy")
    return not own_kernel and degradation.shutter == "box" and degradation.exposure * degradation.time <= 1


def _named(degradation: Degradation) -> str:
    """Return the degradation in words, of a kernel's file the name alone."""
    blur = degradation.blur
    return str(degradation).replace(blur, Path(blur).name) if blur.endswith(".npy") else str(degradation)
