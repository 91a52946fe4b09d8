from fractions import Fraction

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import CONTAINERS, ENCODERS, LOSSLESS_RGB, VideoReader, VideoWriter, encoder
from stvsr.video.encoders import suffixes_for


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize(("width", "height"), [(37, 31), (64, 48), (16, 1), (1, 17)])
@pytest.mark.parametrize("count", [1, 6])
def test_lossless_rgb_keeps_every_bit(tmp_path, pictures, suffix, width, height, count) -> None:
    frames = pictures(count, width, height)
    path = tmp_path / f"exact{suffix}"
    with VideoWriter(path, width, height, Fraction(25), encoder=LOSSLESS_RGB) as writer:
        for index, rgb in enumerate(frames):
            writer.write(rgb, Fraction(index, 25))
    with VideoReader(path) as reader:
        back = list(reader)
    assert len(back) == count
    assert all(np.array_equal(frame.rgb, rgb) for frame, rgb in zip(back, frames, strict=True))


def test_ffv1_keeps_every_bit(tmp_path, pictures) -> None:
    frames = pictures()
    with VideoWriter(tmp_path / "x.mkv", 37, 31, Fraction(25), encoder=encoder("ffv1")) as writer:
        for index, rgb in enumerate(frames):
            writer.write(rgb, Fraction(index, 25))
    with VideoReader(tmp_path / "x.mkv") as reader:
        assert all(np.array_equal(frame.rgb, rgb) for frame, rgb in zip(reader, frames, strict=True))


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("suffix", CONTAINERS)
def test_an_encoder_writes_what_it_claims_and_refuses_the_rest(tmp_path, name: str, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    chosen = encoder(name)
    grey = np.full((64, 64, 3), 100, np.uint8)

    def write() -> None:
        with VideoWriter(path, 64, 64, Fraction(25), encoder=chosen) as writer:
            writer.write(grey, Fraction(0))
            writer.write(grey, Fraction(1, 25))

    if suffix not in suffixes_for(chosen):
        with pytest.raises(StvsrError, match=f"{suffix} cannot hold video from {chosen.codec}; write "):
            write()
        assert list(tmp_path.iterdir()) == []
        return
    write()
    with VideoReader(path) as reader:
        back = list(reader)
    assert [frame.time for frame in back] == [0, Fraction(1, 25)]
    assert np.abs(back[0].rgb.astype(int) - 100).max() <= 2


def test_422_needs_an_even_width_only(tmp_path) -> None:
    path = tmp_path / "odd.mkv"
    chosen = encoder("h264", pixel_format="yuv422p")
    with VideoWriter(path, 36, 31, Fraction(25), encoder=chosen) as writer:
        writer.write(np.zeros((31, 36, 3), np.uint8), Fraction(0))
    with VideoReader(path) as reader:
        assert next(iter(reader)).rgb.shape == (31, 36, 3)


def test_a_worse_quality_is_a_smaller_file(tmp_path, pictures) -> None:
    sizes = []
    for quality in (10, 40):
        path = tmp_path / f"{quality}.mp4"
        with VideoWriter(path, 64, 48, Fraction(25), encoder=encoder("h264", quality)) as writer:
            for index, rgb in enumerate(pictures(5, 64, 48)):
                writer.write(rgb, Fraction(index, 25))
        sizes.append(path.stat().st_size)
    assert sizes[1] < sizes[0] / 2


@pytest.mark.parametrize("name", ["h264", "h265", "av1", "vp9"])
def test_a_lower_bitrate_is_a_smaller_file(tmp_path, pictures, name) -> None:
    sizes = []
    for bitrate in (60_000, 600_000):
        path = tmp_path / f"{bitrate}.mkv"
        with VideoWriter(path, 96, 64, Fraction(25), encoder=encoder(name, bitrate=bitrate)) as writer:
            for index, rgb in enumerate(pictures(25, 96, 64)):
                writer.write(rgb, Fraction(index, 25))
        sizes.append(8 * path.stat().st_size)
    assert 1.5 * sizes[0] < sizes[1] < 1_200_000


def test_too_small_a_size_for_the_rate_control_of_av1_is_told(tmp_path) -> None:
    with pytest.raises(StvsrError, match="cannot keep 64x48 to a bitrate"):
        VideoWriter(tmp_path / "small.mkv", 64, 48, Fraction(25), encoder=encoder("av1", bitrate=10**5))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("divx",), "no encoder 'divx'; choose one of h264"),
        (("h264", 52), "not between 0 .best. and 51"),
        (("av1", -1), "not between 0 .best. and 63"),
        (("ffv1", 3), "lossless and takes no quality"),
        (("ffv1", None, None, 10**6), "lossless and takes no bitrate"),
        (("h264", 20, None, 10**6), "two ways to say it"),
        (("h264", None, None, 10), "not between 1000 and"),
        (("h264", None, "rgb24"), "offers no rgb24; choose one of yuv420p"),
    ],
)
def test_a_wrong_choice_is_told_with_the_right_ones(arguments, message) -> None:
    with pytest.raises(StvsrError, match=message):
        encoder(*arguments)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", ["h264", "h265", "av1", "vp9"])
def test_the_shortest_videos_come_back(tmp_path, name: str, count: int) -> None:
    for attempt in range(3):  # what x265 leaves unset differs from run to run
        path = tmp_path / f"{attempt}.mp4"
        with VideoWriter(path, 64, 64, Fraction(25), encoder=encoder(name)) as writer:
            for index in range(count):
                writer.write(np.full((64, 64, 3), 100, np.uint8), Fraction(index, 25))
        with VideoReader(path) as reader:
            assert [frame.time for frame in reader] == [Fraction(index, 25) for index in range(count)]
