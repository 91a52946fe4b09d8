"""The job of `stvsr demo`: a clip of its own, shrunk and expanded as a user's would be, measured and drawn."""

from __future__ import annotations

import math
import struct
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from stvsr.data.scene import Scene, SceneSettings
from stvsr.errors import StvsrError
from stvsr.evaluation.baselines import Baseline
from stvsr.evaluation.metrics import Frames, Score, check_installed, score_frames
from stvsr.evaluation.picture import busiest_region, compare, hold
from stvsr.evaluation.protocol import protocol_for
from stvsr.restoration.contract import Restorer
from stvsr.restoration.expand import expand_file
from stvsr.restoration.shrink import shrink_file
from stvsr.video.encoders import encoder
from stvsr.video.output import PartialFile
from stvsr.video.reader import VideoReader
from stvsr.video.writer import VideoWriter

SCENE = SceneSettings(size=(192, 320), frames=48, rate=24, speed=200)
SEED = 1_000_012
"""Far from the seeds that training starts at, so that no model has seen the scene."""
TONE_HERTZ, SAMPLES_PER_SECOND = 440, 8_000
CROP = 80


@dataclass(frozen=True)
class Quality:
    """How close a restored file is to the original one.

    Attributes:
        method: What made it.
        path: The file.
        all: Mean over all frames.
        synthesised: Mean over the frames that the low clip does not hold; ``None`` where it holds all.
    """

    method: str
    path: Path
    all: Score
    synthesised: Score | None


@dataclass(frozen=True)
class Demo:
    """What was made.

    Attributes:
        files: The videos, in the order in which they were made.
        qualities: The restored ones beside the original.
        picture: The comparison.
    """

    files: list[Path]
    qualities: list[Quality]
    picture: Path


def run_demo(
    folder: Path,
    model: Restorer,
    weights: str = "",
    scene: SceneSettings | None = None,
    say: Callable[[str], None] = lambda step: None,
) -> Demo:
    """Make a clip, shrink and expand it with a model and with interpolation, and compare.

    Args:
        folder: Where the files go; made if missing.
        model: As `stvsr.load` gives it.
        weights: SHA-256 of its weights, for the record in the small file.
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
    original, picture = folder / "original.mkv", folder / "comparison.png"
    say("drawing a scene with the scene generator")
    write_original(original, scene or SCENE, SEED)
    truth = read_frames(original)
    methods = [(model, "small", "restored"), (Baseline(model.scale, "bilinear"), "trilinear-small", "trilinear")]
    files, qualities, restorations = [original], [], []
    for method, small_name, large_name in methods:
        small, large = folder / f"{small_name}.mkv", folder / f"{large_name}.mkv"
        say(f"{method.name}: shrink, expand")
        shrink_file(original, small, method, weights=weights if method is model else "")
        expand_file(small, large, method)
        restored = read_frames(large)
        quality = measure(method, large, restored, truth)
        restorations.append((f"{method.name}: {quality.all.psnr_rgb:.2f} dB", restored))
        files += [small, large]
        qualities.append(quality)
    held = _held(read_frames(files[1]), model, truth)
    rows = [("original", truth), ("small file, every pixel and frame held", held), *reversed(restorations)]
    first = len(truth) // 2 // 2 * 2
    drawn = PartialFile(picture)
    try:
        compare(rows, busiest_region(truth, first, CROP), first, first + 1).save(drawn.path)
        drawn.keep()
    finally:
        drawn.discard()
    return Demo(files, qualities, picture)


def write_original(path: Path, scene: SceneSettings, seed: int) -> None:
    """Write a synthetic scene with a tone as its sound."""
    height, width = scene.size
    rate = Fraction(scene.rate).limit_denominator(1001)
    generator = Scene(scene, seed)
    with tempfile.TemporaryDirectory() as temporary:
        sound = Path(temporary) / "tone.wav"
        write_tone(sound, scene.frames / scene.rate)
        with VideoWriter(path, width, height, rate, encoder=encoder("h264", 12), copy_from=sound) as writer:
            for index in range(scene.frames):
                writer.write(np.round(generator.frame(index) * 255).astype(np.uint8), index / rate)


def write_tone(path: Path, seconds: float) -> None:
    """Write a quiet tone as a WAV file, 16 bits, one channel."""
    count = round(seconds * SAMPLES_PER_SECOND)
    turns = TONE_HERTZ / SAMPLES_PER_SECOND
    samples = [round(2000 * math.sin(2 * math.pi * turns * i)) for i in range(count)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLES_PER_SECOND)
        file.writeframes(struct.pack(f"<{count}h", *samples))


def read_frames(path: Path) -> Frames:
    """Return all frames of a short video, ``(T, H, W, 3)``."""
    with VideoReader(path) as reader:
        return np.stack([frame.rgb for frame in reader])


def measure(method: Restorer, path: Path, restored: Frames, truth: Frames) -> Quality:
    """Compare a restored file with the original one, under the protocol of the method's scale."""
    protocol, scores = protocol_for(method.scale), score_frames(restored, truth)
    whole = protocol.clip_mean(scores, "all")
    assert whole is not None
    return Quality(method.name, path, whole, protocol.clip_mean(scores, "synthesised"))


def _held(low: Frames, model: Restorer, truth: Frames) -> Frames:
    frames, height, width, _ = truth.shape
    return hold(low, *model.scale.steps, (frames, height, width))
