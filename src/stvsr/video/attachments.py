"""What lies beside the streams of a file: fonts, cover pictures, chapters."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import AttachmentStream, Disposition, Stream

from stvsr.video.info import stream_info
from stvsr.video.source import demux, open_input

if TYPE_CHECKING:
    from av.container.core import Chapter

# Cover pictures by codec: the kinds that players look for.
_PICTURES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}


def is_cover(stream: Stream) -> bool:
    """Whether a stream is one still picture that stands for the file."""
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)


def attach(source: InputContainer, target: OutputContainer) -> list[str]:
    """Copy fonts and the like into an output whose header is not written yet; return the names of those left out.

    Only Matroska has a place for them.
    """
    lost = []
    for stream in source.streams.attachments:
        if not isinstance(stream, AttachmentStream) or not stream.data:
            continue
        name = stream.name or f"attachment-{stream.index}"
        if target.format.name != "matroska":
            lost.append(f"attachment {name}")
            continue
        copy = target.add_attachment(name, stream.mimetype or "application/octet-stream", stream.data)
        copy.metadata.update({key: text for key, text in stream.metadata.items() if key.lower() == "title"})
    return lost


def cover_packets(path: Path, source: InputContainer) -> dict[int, Packet[Stream]]:
    """Return the cover pictures of a file by the number of their stream."""
    wanted = {stream.index for stream in source.streams if is_cover(stream) and stream_info(stream).codec in _PICTURES}
    if not wanted:
        return {}
    found: dict[int, Packet[Stream]] = {}
    with open_input(path) as container:
        try:
            for packet in demux(container, [container.streams[index] for index in wanted]):
                if packet.size:
                    found.setdefault(packet.stream.index, packet)
                if len(found) == len(wanted):  # they come first
                    break
        except (av.FFmpegError, OSError):
            pass  # damaged further on, which whoever reads the pictures tells
    return found


def attach_cover(stream: Stream, picture: Packet[Stream], target: OutputContainer) -> Packet[Stream] | None:
    """Add a cover picture to an output whose header is not written yet.

    Returns:
        What has to be written once the header is, if anything.
    """
    data = bytes(picture)
    if target.format.name == "matroska":
        name, kind = _PICTURES[stream_info(stream).codec]
        target.add_attachment(stream.metadata.get("filename", name), kind, data)
        return None
    copy = target.add_stream_from_template(stream, opaque=True)
    copy.disposition = Disposition.attached_pic
    packet: Packet[Stream] = Packet(data)
    packet.stream, packet.time_base = copy, Fraction(1, 90000)
    packet.pts = packet.dts = 0
    packet.is_keyframe = True
    return packet


def moved_chapters(source: InputContainer, shift: Fraction) -> list[Chapter]:
    """Return a file's chapters, ``shift`` seconds later."""
    moved: list[Chapter] = []
    for chapter in source.chapters():
        tick = chapter["time_base"]
        if tick:
            offset = round(shift / tick)
            start, end = chapter["start"] + offset, chapter["end"] + offset
            moved.append({**chapter, "start": max(0, start), "end": max(0, end)})
    return moved
