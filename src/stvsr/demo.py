"""What `stvsr demo` does: a clip of its own, through both jobs as a user's would go, measured and drawn.

original --shrink--> small --expand--> restored              the model chose the filter and undoes it
original --degrade--> degraded --upscale--> upscaled         the camera chose; the model is told and undoes it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stvsr.data.synthetic.scene import SceneSettings
from stvsr.data.synthetic.video import read_frames, write_original
from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.evaluation.methods.interpolation import Interpolation, baseline
from stvsr.evaluation.metrics.psnr_ssim import Frames, Score, check_installed, score_frames
from stvsr.evaluation.protocols import protocol_for
from stvsr.figures.picture import busiest_region, compare, hold
from stvsr.files import atomic_write
from stvsr.jobs.degrade import plan_degrade
from stvsr.jobs.degraded import assumed
from stvsr.jobs.expand import plan_expand
from stvsr.jobs.options import JobOptions
from stvsr.jobs.restoration import plan_restoration
from stvsr.jobs.shrink import plan_shrink
from stvsr.models.contract import ConditionalModel, Restorer
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.info import probe

SCENE = SceneSettings(size=(192, 320), frames=48, rate=24, speed=200)
SEED = 1_000_012
"""Far from the seeds that training starts at, so that no model has seen the scene."""
DEGRADATION = Degradation(time=2, space=4, exposure=1.0, blur="bicubic")
"""Every pair of frames becomes one that is their mean, and a quarter of the size: 32-fold, as the shrunk clip."""
CROP = 80


@dataclass(frozen=True)
class Quality:
    """How close a restored file is to the original one.

    Attributes:
        method: What made it.
        path: The file.
        all: Mean over all frames.
        synthesised: Mean over the frames that the low clip does not hold; ``None`` where it holds all, or none.
    """

    method: str
    path: Path
    all: Score
    synthesised: Score | None


@dataclass(frozen=True)
class Job:
    """One of the two jobs, done.

    Attributes:
        title: What was done.
        files: The videos, in the order in which they were made.
        qualities: The restored ones beside the original.
        picture: The comparison.
    """

    title: str
    files: list[Path]
    qualities: list[Quality]
    picture: Path


@dataclass(frozen=True)
class Demo:
    """What was made.

    Attributes:
        original: The clip.
        jobs: What was done with it.
    """

    original: Path
    jobs: list[Job]


Say = Callable[[str], None]


def run_demo(
    folder: Path,
    model: Restorer,
    weights: str = "",
    general: ConditionalModel | None = None,
    scene: SceneSettings | None = None,
    say: Say = lambda step: None,
) -> Demo:
    """Make a clip, shrink and expand it, degrade and upscale it, and compare with interpolation.

    Args:
        folder: Where the files go; made if missing.
        model: That shrinks and expands, as `stvsr.load` gives it.
        weights: SHA-256 of its weights, for the record in the small file.
        general: That upscales, as `stvsr.load` gives it; None leaves that job out.
        scene: What the clip shows, `SCENE` by default.
        say: Told what is going on.

    Raises:
        StvsrError: If a file cannot be written, or what measures and draws is not installed.
    """
    check_installed()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StvsrError(f"{folder}: cannot make this folder ({error.strerror}); choose another one") from error
    original = folder / "original.mkv"
    say("drawing a scene with the scene generator")
    write_original(original, scene or SCENE, SEED)
    truth = read_frames(original)
    jobs = [shrink_and_expand(original, truth, model, weights, say)]
    if general is None:
        say("degrade, upscale: left out, as no general model was given")
    else:
        jobs.append(degrade_and_upscale(original, truth, general, say))
    return Demo(original, jobs)


def shrink_and_expand(original: Path, truth: Frames, model: Restorer, weights: str, say: Say) -> Job:
    """Let a model make the clip small and large again, and let trilinear interpolation do so.

    Args:
        original: The clip.
        truth: Its frames ``(T, H, W, 3)``.
        model: The model.
        weights: As for `run_demo`.
        say: As for `run_demo`.
    """
    folder = original.parent
    methods = [(model, "small", "restored"), (baseline(model.scale, "linear"), "trilinear-small", "trilinear")]
    files, qualities, rows = [], [], []
    for method, small_name, large_name in methods:
        small, large = folder / f"{small_name}.mkv", folder / f"{large_name}.mkv"
        say(f"{method.name}: shrink, expand")
        digest = weights if method is model else ""
        plan_shrink(original, small, model=method, weights=digest, overwrite=True).run()
        plan_expand(small, large, model=method, overwrite=True).run()
        restored = read_frames(large)
        qualities.append(measure(method, large, restored, truth))
        rows.append((_caption(qualities[-1]), restored))
        files += [small, large]
    held = _held(read_frames(files[0]), model.scale, truth)
    rows = [("original", truth), ("small file, every pixel and frame held", held), *reversed(rows)]
    return Job("shrink, expand", files, qualities, draw(folder / "comparison.png", rows, truth))


def degrade_and_upscale(original: Path, truth: Frames, general: ConditionalModel, say: Say) -> Job:
    """Degrade the clip, and let a general model and trilinear interpolation restore it.

    Args:
        original: The clip.
        truth: Its frames ``(T, H, W, 3)``.
        general: The model.
        say: As for `run_demo`.
    """
    folder = original.parent
    low = folder / "degraded.mkv"
    say(f"degrade: {DEGRADATION}")
    plan_degrade(original, low, degradation=DEGRADATION, encoder=LOSSLESS_RGB, overwrite=True).run()
    degradation, record = assumed(probe(low), {}, Progress())
    trilinear = Interpolation(degradation, space="linear", time="linear")
    files, qualities, rows = [low], [], []
    for method, name in ((trilinear, "degraded-trilinear"), (general.bind(degradation), "upscaled")):
        high = folder / f"{name}.mkv"
        say(f"{method.name}: upscale")
        plan_restoration(low, high, method, record, JobOptions(overwrite=True)).run()
        restored = read_frames(high)
        qualities.append(measure(method, high, restored, truth, kept=False))
        rows.append((_caption(qualities[-1]), restored))
        files.append(high)
    held = _held(read_frames(low), degradation.scale, truth)
    rows = [("degraded file, every pixel and frame held", held), *rows, ("original", truth)]
    return Job("degrade, upscale", files, qualities, draw(folder / "upscaled.png", rows, truth))


def measure(method: Restorer, path: Path, restored: Frames, truth: Frames, kept: bool = True) -> Quality:
    """Compare a restored file with the original one, under the protocol of the method's scale.

    Args:
        method: What restored it.
        path: The file.
        restored: Its frames ``(T, H, W, 3)``.
        truth: Those of the original.
        kept: Whether the low file holds some frames as they were.
    """
    protocol, scores = protocol_for(method.scale), score_frames(restored, truth)
    whole = protocol.clip_mean(scores, "all")
    assert whole is not None
    return Quality(method.name, path, whole, protocol.clip_mean(scores, "synthesised") if kept else None)


def draw(path: Path, rows: list[tuple[str, Frames]], truth: Frames) -> Path:
    """Write a picture of captioned clips: crops of two frames in the middle, and an x-t slice.

    Args:
        path: The picture.
        rows: Captions and frames ``(T, H, W, 3)``.
        truth: By whose motion the crop is chosen.
    """
    first = len(truth) // 2 // 2 * 2
    with atomic_write(path) as drawn:
        compare(rows, busiest_region(truth, first, CROP), first, first + 1).save(drawn)
    return path


def _caption(quality: Quality) -> str:
    return f"{quality.method}: {quality.all.psnr_rgb:.2f} dB"


def _held(low: Frames, scale: Scale, truth: Frames) -> Frames:
    frames, height, width, _ = truth.shape
    return hold(low, *scale.steps, (frames, height, width))
