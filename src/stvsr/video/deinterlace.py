"""Whole pictures out of the two fields of interlaced frames (FFmpeg's bwdif), one for every frame."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.filter import Graph
from av.video.stream import VideoStream

from stvsr.errors import StvsrError
from stvsr.text import reason

Interlaced = Literal["keep", "refuse", "deinterlace"]
"""What a reader does with frames of two fields: hand them on as they are, raise StvsrError, or make them whole."""

# AVFieldOrder: which field is shown first.
_PARITY = {2: "tff", 3: "bff", 4: "bff", 5: "tff"}


def field_order(stream: VideoStream) -> int:
    """Return what a file's header says of its fields: 0 nothing, 1 none, otherwise one of FFmpeg's four orders."""
    return int(getattr(stream.codec_context, "field_order", 0))


def is_interlaced(stream: VideoStream, frame: av.VideoFrame) -> bool:
    """Whether a file's header or a decoded frame says that frames are two fields."""
    return frame.interlaced_frame or field_order(stream) > 1


def refusal(path: Path, time: Fraction) -> StvsrError:
    """Return what to raise at a frame of two fields, shown at ``time`` (seconds)."""
    return StvsrError(
        f"{path} is interlaced at {float(time):.3f} s, its frames are two fields, half an instant apart: "
        "set `interlaced` to deinterlace, or to keep if they are whole pictures all the same"
    )


def deinterlaced(frames: Iterator[av.VideoFrame], stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Yield every frame whole, at its own time. Frames that are not interlaced pass unchanged.

    Where only the file's header knows of fields, all frames are taken for interlaced.

    Raises:
        StvsrError: a frame that the filter cannot take.
    """
    graph: Graph | None = None
    size = (0, 0)
    for frame in frames:
        if graph is None:
            graph, size = _graph(stream, frame), (frame.width, frame.height)
        if (frame.width, frame.height) != size:  # whoever reads tells
            yield frame
            return
        try:
            graph.vpush(frame)
        except (av.FFmpegError, ValueError) as error:
            raise StvsrError(f"a frame cannot be deinterlaced ({reason(error)}); do that with another tool") from error
        yield from _ready(graph)
    if graph is not None:
        graph.vpush(None)
        yield from _ready(graph)


def _graph(stream: VideoStream, first: av.VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=first.width, height=first.height, format=first.format, time_base=first.time_base or stream.time_base
    )
    marked = first.interlaced_frame
    settings = {
        "mode": "send_frame",
        "parity": "auto" if marked else _PARITY.get(field_order(stream), "auto"),
        "deint": "interlaced" if marked or field_order(stream) <= 1 else "all",
    }
    graph.link_nodes(source, graph.add("bwdif", **settings), graph.add("buffersink")).configure()
    return graph


def _ready(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
