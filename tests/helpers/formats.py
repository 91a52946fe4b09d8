"""The same picture in every pixel format, by the definitions of the colour spaces, and how much of it may change."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE = WIDTH, HEIGHT = 96, 64
WEIGHTS = {"smpte170m": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020nc": (0.2627, 0.0593)}
CODES = {"smpte170m": 6, "bt709": 1, "bt2020nc": 9}
PIXELS = [f"yuv{kind}p{depth}" for kind in ("420", "422", "444") for depth in ("", "10le", "12le")]
MATRIX = [(pixels, space, full) for pixels in PIXELS for space in WEIGHTS for full in (False, True)]
FEW = [("yuv420p", "bt709", False), ("yuv422p10le", "smpte170m", False), ("yuv444p12le", "bt2020nc", True)]


def scene() -> np.ndarray:
    """Slow gradients of every colour: (height, width, 3) in [0, 1]."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    red = 0.5 + 0.4 * np.sin(x / 17 + 1) * np.cos(y / 23)
    return np.stack([red, 0.5 + 0.4 * np.sin(x / 29 + y / 19), 0.5 + 0.4 * np.cos(y / 13 + x / 31)], -1)


def stored(pixels: str, space: str, full: bool) -> av.VideoFrame:
    """The scene by the definition in BT.601, BT.709 and BT.2020."""
    frame = av.VideoFrame(WIDTH, HEIGHT, pixels)
    bits = frame.format.components[0].bits
    red, blue = WEIGHTS[space]
    r, g, b = np.moveaxis(scene(), -1, 0)
    luma = red * r + (1 - red - blue) * g + blue * b
    planes = [luma, (b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)]
    unit, top = 2 ** (bits - 8), 2**bits - 1
    scale = [top] * 3 if full else [219 * unit, 224 * unit, 224 * unit]
    base = [0 if full else 16 * unit, 128 * unit, 128 * unit]
    for plane, values, k, offset in zip(frame.planes, planes, scale, base, strict=True):
        down, across = HEIGHT // plane.height, WIDTH // plane.width
        values = values.reshape(plane.height, down, plane.width, across).mean((1, 3)) * k + offset
        kind = np.dtype("u1" if bits == 8 else "<u2")
        row = np.zeros((plane.height, plane.line_size // kind.itemsize), kind)
        row[:, : plane.width] = np.clip(np.rint(values), 0, top)
        plane.update(row.tobytes())
    frame.colorspace, frame.color_range = CODES[space], 2 if full else 1
    return frame


def numbers(frame: av.VideoFrame) -> list[np.ndarray]:
    kind = np.dtype("u1" if frame.format.components[0].bits == 8 else "<u2")
    rows = [np.frombuffer(bytes(plane), kind).reshape(plane.height, -1)[:, : plane.width] for plane in frame.planes]
    return [row.astype(int) for row in rows]


def held(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return numbers(next(container.decode(video=0)))


def written(path: Path, frame: av.VideoFrame) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, frame.format.name
        stream.codec_context.colorspace = frame.colorspace
        stream.codec_context.color_range = frame.color_range
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def check_same(before: Path, after: Path, *, deep: bool) -> None:
    """Make sure that two files hold the same picture within one code value.

    Deep chroma that is halved is resampled on the way, and swscale's deep full range is not exact: there it is one
    code value of 8 bits.

    Args:
        before: A file of one frame.
        after: Made of it without changing the picture.
        deep: Whether more than 8 bits were carried through.
    """
    with av.open(str(before)) as container:
        frame = next(container.decode(video=0))
    fine = 2 ** (frame.format.components[0].bits - 8)
    exact = deep and frame.format.name.startswith("yuv444") and frame.color_range == 1
    for one, two in zip(numbers(frame), held(after), strict=True):
        assert np.abs(one - two).max() <= (1 if exact else fine)
