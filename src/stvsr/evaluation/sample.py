"""Clips of our own, for demonstrations and measurements: nothing has to be downloaded, and no model has seen them.

`write_original` makes one with sound. Run as a program it makes several of any rate, exact to the bit:

    python -m stvsr.evaluation.sample scenes --rate 120 --frames 61
"""

from __future__ import annotations

import argparse
import math
import struct
import sys
import tempfile
import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from stvsr.data.synthetic.scene import Scene, SceneSettings
from stvsr.errors import StvsrError
from stvsr.evaluation.metrics import Frames
from stvsr.video.encoders import LOSSLESS_RGB, encoder
from stvsr.video.reader import VideoReader
from stvsr.video.writer import VideoWriter

TONE_HERTZ, SAMPLES_PER_SECOND = 440, 8_000
UNSEEN = 3_000_000
"""Seed of the first scene; those that models learn from have smaller ones."""


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


def write_scenes(folder: Path, settings: SceneSettings, count: int) -> list[Path]:
    """Write synthetic scenes that no model has seen, without loss; return the files.

    Raises:
        StvsrError: If one cannot be written.
    """
    height, width = settings.size
    rate = Fraction(settings.rate).limit_denominator(1001)
    files = [folder / f"scene-{number}.mkv" for number in range(count)]
    for seed, path in enumerate(files, start=UNSEEN):
        scene = Scene(settings, seed)
        with VideoWriter(path, width, height, rate, encoder=LOSSLESS_RGB) as writer:
            for index in range(settings.frames):
                writer.write(np.round(scene.frame(index) * 255).astype(np.uint8), index / rate)
    return files


def main(arguments: Sequence[str]) -> int:
    """Write scenes: ``main(["scenes", "--rate", "120"])``. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m stvsr.evaluation.sample", description="Write synthetic clips.")
    parser.add_argument("folder", type=Path, help="where they go")
    parser.add_argument("--count", type=int, default=6, help="how many (6)")
    parser.add_argument("--rate", type=float, default=120, help="frames a second (120)")
    parser.add_argument("--frames", type=int, default=61, help="of each (61)")
    parser.add_argument("--size", type=int, nargs=2, default=(256, 384), metavar=("HEIGHT", "WIDTH"), help="(256 384)")
    parser.add_argument("--speed", type=float, default=300, help="of the fastest, in pixels a second (300)")
    options = parser.parse_args(arguments)
    try:
        settings = SceneSettings(options.size, options.frames, options.rate, speed=options.speed)
        options.folder.mkdir(parents=True, exist_ok=True)
        write_scenes(options.folder, settings, options.count)
    except (StvsrError, OSError) as error:
        print(f"stvsr: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
