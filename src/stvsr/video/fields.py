"""Whole frames out of HEVC's fields, each of which is a coded picture of half the height.

Decoders of H.264 and MPEG-2 put the two fields of a frame together; those of HEVC leave that to whoever shows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph
from av.video.stream import VideoStream

from stvsr.errors import StvsrError

_FIELDS = "hevc"


def are_fields(stream: VideoStream, frame: av.VideoFrame) -> bool:
    """Whether what a decoder gives are fields: only fields are marked as interlaced by HEVC's."""
    return stream.codec_context.codec.canonical_name == _FIELDS and frame.interlaced_frame


def is_woven(stream: VideoStream, frame: av.VideoFrame) -> bool:
    """Whether a frame was put together of two pictures of a stream."""
    return stream.codec_context.codec.canonical_name == _FIELDS and frame.height == 2 * stream.codec_context.height


def woven(frames: Iterator[av.VideoFrame], stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Yield fields in pairs, as frames of twice the height at the first one's time; pass on what are no fields.

    A field whose other one is missing makes a frame with itself.

    Raises:
        StvsrError: a field that the filter cannot take.
    """
    weaver = _Weaver()
    waiting: tuple[av.VideoFrame, bool] | None = None
    for frame in frames:
        if not are_fields(stream, frame):
            if waiting is not None:
                yield weaver.weave(waiting[0], waiting[0], top_first=waiting[1])
                waiting = None
            yield frame
            continue
        is_top = weaver.is_top(frame)
        if waiting is None:
            waiting = frame, is_top
        elif waiting[1] == is_top or _size(waiting[0]) != _size(frame):
            yield weaver.weave(waiting[0], waiting[0], top_first=waiting[1])
            waiting = frame, is_top
        else:
            yield weaver.weave(waiting[0], frame, top_first=waiting[1])
            waiting = None
    if waiting is not None:
        yield weaver.weave(waiting[0], waiting[0], top_first=waiting[1])


def _size(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


class _Weaver:
    """Filters for one size and format of fields at a time."""

    def __init__(self) -> None:
        self._size: tuple[int, int, str] | None = None
        self._tops: Graph | None = None

    def is_top(self, field: av.VideoFrame) -> bool:
        """Whether a field holds the upper one of every two lines."""
        if self._tops is None or self._size != _size(field):
            self._size, self._tops = _size(field), _graph(field, "select", "eq(interlace_type,TOPFIRST)")
        self._tops.vpush(field)
        try:
            self._tops.vpull()
        except (av.BlockingIOError, av.EOFError):
            return False
        return True

    def weave(self, first: av.VideoFrame, second: av.VideoFrame, *, top_first: bool) -> av.VideoFrame:
        """Return the frame of two fields."""
        stamp, tick, stay = first.pts, first.time_base, first.duration + second.duration
        graph = _graph(first, "weave", f"first_field={'top' if top_first else 'bottom'}")
        try:
            for number, field in enumerate((first, second)):
                field.pts = number
                graph.vpush(field)
            frame = graph.vpull()
        except (av.FFmpegError, ValueError) as error:
            raise StvsrError(f"two fields cannot be put together ({error}); deinterlace with another tool") from error
        frame.pts, frame.time_base, frame.duration = stamp, tick, stay
        return frame


def _graph(first: av.VideoFrame, name: str, settings: str) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=first.width, height=first.height, format=first.format, time_base=first.time_base or Fraction(1, 25)
    )
    graph.link_nodes(source, graph.add(name, settings), graph.add("buffersink")).configure()
    return graph
