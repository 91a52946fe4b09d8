"""Small clips, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

Make = Callable[..., Path]


@pytest.fixture
def pictures() -> Callable[..., list[np.ndarray]]:
    """Return frames of noise: (height, width, 3) uint8, nothing in them predictable."""

    def make(count: int = 5, width: int = 37, height: int = 31, seed: int = 0) -> list[np.ndarray]:
        generator = np.random.default_rng(seed)
        return [generator.integers(0, 256, (height, width, 3)).astype(np.uint8) for _ in range(count)]

    return make


@pytest.fixture
def clip(tmp_path: Path) -> Make:
    """Write a clip with PyAV alone, so that the reader is not tested against the writer."""

    def make(
        name: str = "clip.mp4",
        stamps: tuple[int, ...] = tuple(range(12)),
        time_base: Fraction = Fraction(1, 25),
        *,
        codec: str = "libx264",
        audio: bool = False,
        tone_at: Fraction = Fraction(0),
        muxing: dict[str, str] | None = None,
        turn: int = 0,
    ) -> Path:
        path = tmp_path / name
        generator = np.random.default_rng(1)
        with av.open(str(path), "w", container_options=muxing or {}) as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.codec_context.time_base = time_base
            if turn:
                stream.set_display_rotation(turn)
            sound = container.add_stream("libmp3lame", rate=16000, layout="mono") if audio else None
            if sound is not None:
                sound.metadata["language"] = "deu"
            for stamp in stamps:
                pixels = generator.integers(0, 256, (48, 64, 3)).astype(np.uint8)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = stamp, time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
            if sound is not None:
                for block in range(16):
                    tone = generator.integers(-999, 999, (1, 500)).astype(np.int16)
                    chunk = av.AudioFrame.from_ndarray(tone, format="s16p", layout="mono")
                    chunk.sample_rate = 16000
                    chunk.pts = block * 500 + round(tone_at * 16000)
                    chunk.time_base = Fraction(1, 16000)
                    container.mux(sound.encode(chunk))
                container.mux(sound.encode(None))
        return path

    return make
