"""Scenes as video files with sound, for demonstrations: nothing has to be downloaded, and no model has seen them."""

from __future__ import annotations

import math
import struct
import tempfile
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np

from stvsr.data.cache import Frames
from stvsr.data.synthetic.scene import Scene, SceneSettings
from stvsr.video.encoders import encoder
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
