"""Interlaced videos: a bar that moves between the two fields of every frame."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.filter import Graph


def write_woven(path: Path, order: str = "tff", still: int = 0, stamps: Iterable[int] = range(10)) -> Path:
    """Write 64x64 frames at 25 a second; those up to ``still`` are whole. ``stamps`` are their times, in frames."""
    with av.open(str(path), "w") as container:
        options = {"flags": "+ilme+ildct", "crf": "4"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        for index, stamp in enumerate(stamps):
            rgb = np.full((64, 64, 3), 40, np.uint8)
            for late in (0, 1):
                row = late if order == "tff" else 1 - late
                left = 4 + 2 * (2 * index + late * (index >= still))
                rgb[row::2, left : left + 8] = 220
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = 4 * stamp, Fraction(1, 100)
            container.mux(stream.encode(marked(frame, order)))
        container.mux(stream.encode(None))
    return path


def marked(frame: av.VideoFrame, order: str) -> av.VideoFrame:
    """Say of a frame which of its fields is shown first."""
    graph = Graph()
    source = graph.add_buffer(width=64, height=64, format=frame.format, time_base=frame.time_base)
    graph.link_nodes(source, graph.add("setfield", order), graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull()


def combs(rgb: np.ndarray) -> float:
    """How much neighbouring rows differ."""
    return float(np.abs(np.diff(rgb.astype(int), axis=0)).mean())
