"""Real video files: reading, writing, colour, time stamps, stream copy. PyAV stays inside this package."""

from __future__ import annotations

from stvsr.video.colour import BT601, BT709, Colour
from stvsr.video.encoders import ENCODERS, LOSSLESS_RGB, Encoder, encoder
from stvsr.video.info import StreamInfo, VideoInfo, probe
from stvsr.video.output import CONTAINERS, check_output
from stvsr.video.reader import Frame, VideoReader
from stvsr.video.streams import KINDS
from stvsr.video.timing import scan_times
from stvsr.video.writer import VideoWriter

__all__ = [
    "BT601",
    "BT709",
    "CONTAINERS",
    "ENCODERS",
    "KINDS",
    "LOSSLESS_RGB",
    "Colour",
    "Encoder",
    "Frame",
    "StreamInfo",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "check_output",
    "encoder",
    "probe",
    "scan_times",
]
