"""The options that several commands share, in the groups in which their helps show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from stvsr.cli.parameters import USUAL_CUTS, Cuts, Interlaced, ModelName, Whole

if TYPE_CHECKING:
    from stvsr.jobs.options import JobOptions

DEGRADATION = Group("How the video came about", sort_key=1)
MODEL = Group("Model", sort_key=2)
SOURCE = Group("Reading", sort_key=3)
ENCODING = Group("Storing", sort_key=4)
CARRIED = Group("Carried along", sort_key=5)
COMPUTING = Group("Computing", sort_key=6)
FILES = Group("Files", sort_key=7)


@Parameter(name="*", group=DEGRADATION)
@dataclass(frozen=True, kw_only=True)
class DegradationOptions:
    """How a low video comes of a high one; None is the default, or what the video has on record.

    Attributes:
        time: High frames per low frame, 1 to 16; 1 leaves the frame rate alone. 2 if not given.
        space: High pixels per low pixel in width and height, 1 to 16; 1 leaves the size alone. 2 if not given.
        exposure: The share of a low frame's duration for which the shutter is open, above 0 and at most 1: exposure
            time x frame rate. 1/50 s at 25 fps, the film camera's 180 degrees, is 0.5; bright daylight is 0.1 to 0.3,
            a dim room 0.8 to 1. To guess it, stop at fast motion: it is the length of the smear over the way to the
            next frame. 0.5 if not given; without a say where --time is 1.
        shutter: box (all instants alike) or trapezoid (the whole frame, its ends counting half; no exposure). Box if
            not given.
        blur: In space: bicubic (a clean reduction), area (the mean over the pixels), gaussian:SIGMA (of SIGMA high
            pixels: 0.8 and more for soft pictures) or a NumPy file kernel.npy of taps (height, width), or, instead of
            a shutter, (time, height, width) or (3, time, height, width), one for each colour. Bicubic if not given.
        noise: Standard deviation of the low video's noise in steps of 8 bits, 0 to 128: 2 to 5 where grain shows. 0 if
            not given.
    """

    time: Whole = None
    space: Whole = None
    exposure: float | None = None
    shutter: str | None = None
    blur: str | None = None
    noise: float | None = None

    def given(self) -> dict[str, Any]:
        """Return the settings that were given, by the names of `stvsr.physics.degradation.Degradation`."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@Parameter(name="*", group=DEGRADATION)
@dataclass(frozen=True, kw_only=True)
class UpscaledOptions(DegradationOptions):
    """How the source came about.

    Attributes:
        blur: In space: bicubic (a clean reduction), area (the mean over the pixels), gaussian:SIGMA (of SIGMA high
            pixels: 0.8 and more for soft pictures), a NumPy file kernel.npy of taps (height, width), or, instead of
            a shutter, (time, height, width) or (3, time, height, width), one for each colour; or auto: estimated from
            the video. Bicubic if not given.
        noise: Standard deviation of the video's noise in steps of 8 bits, 0 to 128: 2 to 5 where grain shows; or auto.
            0 if not given.
        compression: Constant rate factor of H.264 that comes nearest to how the video is stored, 0 (none) to 51; or
            auto. 0 if not given.
    """

    blur: str | None = None
    noise: float | Literal["auto"] | None = None  # type: ignore[assignment]
    compression: float | Literal["auto"] | None = None


@Parameter(name="*", group=MODEL)
@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The model that restores.

    Attributes:
        model: A bundled name, a model folder or a hub id, of the davsr family or with -blurred in its name;
            what ships for the degradation if not given.
        iterations: Rounds of restoration, 1 to 16; more take longer. What the model was trained for if not given.
    """

    model: ModelName = None
    iterations: Whole = None


@Parameter(name="*", group=SOURCE)
@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """How frames of two fields are read.

    Attributes:
        interlaced: What to do with a video whose frames are two fields: refuse it, deinterlace it (FFmpeg's bwdif, one
            picture per frame), or keep its frames as they are.
    """

    interlaced: Interlaced = "refuse"


@Parameter(name="*", group=SOURCE)
@dataclass(frozen=True, kw_only=True)
class CutOptions(SourceOptions):
    """How frames of two fields are read, and where scenes end.

    Attributes:
        cuts: From which score on, up to 100, a change of the picture is a scene cut, across which nothing is mixed; off
            for no cuts.
    """

    cuts: Cuts = USUAL_CUTS


@Parameter(name="*", group=ENCODING)
@dataclass(frozen=True, kw_only=True)
class EncodingOptions:
    """How the new video is stored.

    Attributes:
        encoder: h264, h265, av1, vp9, ffv1 (lossless) or lossless-rgb.
        quality: The encoder's constant rate factor, 0 is best; without it, visually clean.
        pixel_format: How colours are stored, such as yuv444p or yuv420p10le; without it, what plays everywhere.
    """

    encoder: str = "h264"
    quality: Whole = None
    pixel_format: str | None = None


@Parameter(name="*", group=CARRIED)
@dataclass(frozen=True, kw_only=True)
class CarriedOptions:
    """Which of the input's other contents go into the output, as far as its container can hold them.

    Attributes:
        audio: Copy all audio tracks.
        subtitles: Copy all subtitles.
        chapters: Copy the chapters.
        attachments: Copy fonts, cover pictures and other attachments.
        metadata: Copy the tags of the whole file, such as its title.
    """

    audio: bool = True
    subtitles: bool = True
    chapters: bool = True
    attachments: bool = True
    metadata: bool = True

    @property
    def drop(self) -> frozenset[str]:
        """The kinds to leave out, as `stvsr.video.VideoWriter` names them."""
        kept = {
            "audio": self.audio,
            "subtitle": self.subtitles,
            "chapter": self.chapters,
            "attachment": self.attachments,
            "metadata": self.metadata,
        }
        return frozenset(kind for kind, keep in kept.items() if not keep)


@Parameter(name="*", group=COMPUTING)
@dataclass(frozen=True, kw_only=True)
class ComputeOptions:
    """Where a video is computed.

    Attributes:
        device: auto (CUDA where there is one), cpu, cuda, cuda:1, mps or xpu.
        memory: Working memory to aim at, however long the video, such as 4GB or 500MB; if not given, a quarter of the
            machine's up to 4 GB, or most of a GPU's.
    """

    device: str = "auto"
    memory: str | None = None

    @property
    def address(self) -> str | None:
        """The address of a cluster; None for this machine."""
        return None


@Parameter(name="*", group=COMPUTING)
@dataclass(frozen=True, kw_only=True)
class ClusterOptions(ComputeOptions):
    """Where a video is computed, which may be a cluster.

    Attributes:
        cluster: Compute on the machines of a Ray cluster: auto for the one that this machine belongs to,
            ray://host:port, or local. See docs/cluster.md.
    """

    cluster: str | None = None

    @property
    def address(self) -> str | None:
        """The address of the cluster; None for this machine."""
        return self.cluster


@Parameter(name="*", group=FILES)
@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Which files are made, and what is said of them.

    Attributes:
        overwrite: Replace outputs that exist already, which are errors otherwise.
        skip_existing: Leave out inputs whose output exists already.
        dry_run: Only tell what would be made of each file, and in about what time; write nothing. Reads each
            file once, for its scene cuts.
        container: The container of outputs in a folder: mkv, mp4, mov or webm; if not given, the input's own if that
            can be written, else mkv.
        profile: Tell for which share of the time decoding, computing and encoding had to wait for each other.
        quiet: Show no progress and no summary.
    """

    overwrite: bool = False
    skip_existing: Annotated[bool, Parameter(negative="")] = False
    dry_run: Annotated[bool, Parameter(negative="")] = False
    container: str | None = None
    profile: Annotated[bool, Parameter(negative="")] = False
    quiet: Annotated[bool, Parameter(negative="")] = False


def job_options(*groups: object) -> JobOptions:
    """Return the options of a job, out of the groups of a command's options that hold some.

    Raises:
        StvsrError: If one of them is impossible.
    """
    from stvsr.jobs.options import JobOptions

    names = [field.name for field in fields(JobOptions)]
    return JobOptions(**{name: getattr(group, name) for group in groups for name in names if name in dir(group)})
