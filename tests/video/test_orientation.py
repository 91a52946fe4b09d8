from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.video import VideoReader, probe
from stvsr.video.orientation import Orientation

TORTURE = Path(__file__).resolve().parents[2].parent / "shared/data/torture"


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_corner_goes_where_the_orientation_says(rotation: int, mirrored: bool) -> None:
    image = np.zeros((3, 5, 1), np.uint8)
    image[0, 0] = 1  # top left
    shown = Orientation(rotation, mirrored).apply(image)
    corners = {(0, 0): "left top", (0, -1): "right top", (-1, -1): "right bottom", (-1, 0): "left bottom"}
    found = next(name for place, name in corners.items() if shown[place] == 1)
    clockwise = ["left top", "right top", "right bottom", "left bottom"]
    assert found == clockwise[(rotation // 90 + mirrored) % 4]
    assert (shown.shape[0] == 5) == Orientation(rotation).swaps_axes


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_frames_stand_upright_and_sizes_are_those_of_upright_frames(clip, turn: int) -> None:
    if not hasattr(av.VideoStream, "set_display_rotation"):
        pytest.skip("this PyAV cannot write a display matrix")
    stored, turned = clip("stored.mp4"), clip("turned.mp4", turn=turn)  # counter-clockwise
    info = probe(turned)
    assert info.rotation == 360 - turn
    assert (info.width, info.height) == ((48, 64) if turn != 180 else (64, 48))
    assert (info.coded_width, info.coded_height) == (64, 48)
    with VideoReader(stored) as plain, VideoReader(turned) as upright:
        for one, other in zip(plain, upright, strict=True):
            assert np.array_equal(other.rgb, np.rot90(one.rgb, turn // 90))


@pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the folder of awkward files")
@pytest.mark.parametrize(
    ("name", "rotation", "size"),
    [
        ("decord__video_0.mov", 0, (568, 320)),
        ("decord__video_180.mov", 180, (568, 320)),
        ("decord__video_270.mov", 270, (320, 568)),
        ("PHP-FFMpeg__portrait.MOV", 90, (320, 568)),
    ],
)
def test_rotation_of_real_phones(name: str, rotation: int, size: tuple[int, int]) -> None:
    info = probe(TORTURE / name)
    assert info.rotation == rotation
    assert (info.width, info.height) == size
