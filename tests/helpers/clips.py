"""Little video files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.reader import VideoReader
from stvsr.video.writer import VideoWriter
from tests.helpers.fakes import clip

RATE = Fraction(30000, 1001)


def write(path: Path, frames: np.ndarray, times: list[Fraction] | None = None, **options) -> Path:
    """Write frames exactly, at 30000/1001 fps or at ``times``."""
    times = times or [i / RATE for i in range(len(frames))]
    options = {"encoder": LOSSLESS_RGB, "rate": RATE} | options
    with VideoWriter(path, frames.shape[2], frames.shape[1], **options) as writer:
        for frame, time in zip(frames, times, strict=True):
            writer.write(frame, time)
    return path


def write_with_audio(path: Path, frames: int = 6, start: int = 0) -> Path:
    """Write noise with a tone in AAC and a subtitle-free title; ``start`` moves the video, in frames."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=24, pix_fmt="yuv444p")
        video.width, video.height = 31, 37
        audio = container.add_stream("aac", rate=48000, layout="mono")
        audio.metadata["language"] = "fra"
        for i, rgb in enumerate(clip(frames, 37, 31)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv444p")
            frame.pts, frame.time_base = i + start, Fraction(1, 24)
            container.mux(video.encode(frame))
        for i in range(frames * 2):
            tone = np.sin(np.arange(1024) * 0.06 + i)[None].astype(np.float32)
            sound = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 48000, i * 1024, Fraction(1, 48000)
            container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
        container.mux(video.encode(None))
    return path


def read(path: Path) -> tuple[np.ndarray, list[Fraction]]:
    """All frames and their times."""
    with VideoReader(path) as reader:
        frames = list(reader)
    return np.stack([frame.rgb for frame in frames]), [frame.time for frame in frames]


def audio_packets(path: Path) -> list[bytes]:
    """The compressed sound."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]
