from fractions import Fraction

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import BT601, BT709, Colour, VideoReader, VideoWriter, encoder
from stvsr.video.colour import SRGB, colour_of, from_rgb, to_rgb

WEIGHTS = {"smpte170m": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020nc": (0.2627, 0.0593)}
SPACES = list(WEIGHTS)
RANGES = ["limited", "full"]


def defined(space: str, range_: str, rgb: np.ndarray) -> np.ndarray:
    """Y'CbCr by the definition in BT.601, BT.709 and BT.2020, not rounded."""
    red, blue = WEIGHTS[space]
    r, g, b = np.moveaxis(rgb / 255, -1, 0)
    luma = red * r + (1 - red - blue) * g + blue * b
    planes = [luma, (b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)]
    scale, base = ([255, 255, 255], [0, 128, 128]) if range_ == "full" else ([219, 224, 224], [16, 128, 128])
    return np.stack([plane * k + o for plane, k, o in zip(planes, scale, base, strict=True)])


def colours(space: str, range_: str) -> Colour:
    return Colour(space, "bt709", "bt709", range_)


def patches() -> np.ndarray:
    """Greys, primaries and random colours: (1, n, 3) uint8."""
    greys = np.repeat(np.arange(0, 256, 15)[:, None], 3, 1)
    corners = np.array(np.meshgrid([0, 255], [0, 255], [0, 255])).reshape(3, -1).T
    mixed = np.random.default_rng(0).integers(0, 256, (38, 3))
    return np.concatenate([greys, corners, mixed])[None].astype(np.uint8)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("range_", RANGES)
def test_reading_444_follows_the_definition_within_one_code_value(space: str, range_: str) -> None:
    rgb = patches()
    planes = np.clip(np.rint(defined(space, range_, rgb)), 0, 255).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(planes), format="yuv444p")
    back = to_rgb(frame, colours(space, range_))
    # Rounding the planes alone costs up to 1.5 code values, which the matrix may nearly double.
    assert np.abs(defined(space, range_, back) - planes).max() <= 1
    assert np.abs(back[0, :18].astype(int) - rgb[0, :18]).max() <= 1  # the greys


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("range_", RANGES)
def test_writing_444_follows_the_definition_within_one_code_value(space: str, range_: str) -> None:
    rgb = patches()
    frame = from_rgb(rgb, "yuv444p", colours(space, range_))
    assert np.abs(frame.to_ndarray() - defined(space, range_, rgb)).max() <= 1.1
    assert colour_of(frame).space == space
    assert colour_of(frame).range == range_


@pytest.mark.parametrize("pixel_format", ["rgb24", "bgr24", "bgr0", "gbrp"])
def test_rgb_formats_keep_every_bit(pixel_format: str) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (31, 37, 3)).astype(np.uint8)
    frame = from_rgb(rgb, pixel_format, SRGB)
    assert colour_of(frame).space == "rgb"
    assert np.array_equal(to_rgb(frame, colour_of(frame)), rgb)


@pytest.mark.parametrize(("height", "space"), [(719, "smpte170m"), (720, "bt709")])
def test_untagged_video_is_bt601_below_720_lines_and_bt709_from_there(height: int, space: str) -> None:
    frame = av.VideoFrame(16, height, "yuv420p")
    assert colour_of(frame).space == space
    assert colour_of(frame).range == "limited"


def test_the_old_full_range_formats_are_full_range_without_a_tag() -> None:
    assert colour_of(av.VideoFrame(16, 16, "yuvj420p")).range == "full"


@pytest.mark.parametrize("colour", [BT601, BT709, colours("smpte170m", "full"), colours("bt709", "full")])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_flat_patches_survive_a_file_within_one_code_value_and_the_file_is_tagged(
    tmp_path, colour: Colour, suffix: str
) -> None:
    path = tmp_path / f"flat{suffix}"
    values = [(0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 180, 160), (40, 60, 90)]
    frames = [np.full((48, 64, 3), value, np.uint8) for value in values]
    fine = encoder("h264", quality=1, pixel_format="yuv444p")
    with VideoWriter(path, 64, 48, Fraction(25), encoder=fine, colour=colour) as writer:
        for index, frame in enumerate(frames):
            writer.write(frame, Fraction(index, 25))
    with VideoReader(path) as reader:
        assert reader.info.colour == colour
        for frame, back in zip(frames, reader, strict=True):
            assert np.abs(frame.astype(int) - back.rgb).max() <= 1


@pytest.mark.parametrize(("height", "space"), [(48, "smpte170m"), (720, "bt709")])
def test_the_default_colour_is_written_by_height(tmp_path, height: int, space: str) -> None:
    path = tmp_path / "default.mp4"
    with VideoWriter(path, 16, height, Fraction(25)) as writer:
        writer.write(np.zeros((height, 16, 3), np.uint8), Fraction(0))
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert context.colorspace == {"smpte170m": 6, "bt709": 1}[space]
        assert context.color_range == 1
        assert context.color_primaries == context.color_trc == context.colorspace


def test_colours_that_cannot_be_written_are_refused(tmp_path) -> None:
    with pytest.raises(StvsrError, match="cannot write colours as ictcp; use one of bt709"):
        VideoWriter(tmp_path / "x.mp4", 16, 16, Fraction(25), colour=colours("ictcp", "limited"))
    assert list(tmp_path.iterdir()) == []
