"""What decoded frames carry beside their pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import av
from av.sidedata.sidedata import SideData


def side_data(frame: av.VideoFrame) -> dict[str, bytes] | None:
    """Return what a frame carries by FFmpeg's names, such as ``DISPLAYMATRIX``.

    None where it carries a kind that this PyAV has no name for, such as a camera's EXIF or a second eye's view: then
    it shows nothing at all.
    """
    try:
        return {each.type.name: bytes(each) for each in cast("Iterable[SideData]", frame.side_data)}
    except ValueError:
        return None
