"""What a container hides of its pictures is hidden, and odd sizes are stored so that everything plays them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import VideoReader, VideoWriter, encoder, probe
from stvsr.video.coding import Coding
from stvsr.video.declared import Crop, template
from stvsr.video.ebml import element, found, whole_number
from stvsr.video.pieces import PieceEncoder

SIZE = WIDTH, HEIGHT = 64, 48
CROP = Crop(top=6, bottom=2, left=4, right=10)
RATE = Fraction(25)


def scene(width: int, height: int, shift: int = 0) -> np.ndarray:
    """Slow gradients, which every codec keeps: (height, width, 3) uint8."""
    y, x = np.mgrid[0:height, 0:width]
    picture = [128 + 90 * np.sin((x + shift) / 15), 128 + 90 * np.cos(y / 17), 128 + 60 * np.sin((x + y) / 31)]
    return np.stack(picture, -1).astype(np.uint8)


def hidden(path: Path, crop: Crop = CROP, turn: int = 0) -> Path:
    """Write some frames of which the container hides the borders."""
    with template("libx264", *SIZE, crop, None) as like, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(like.streams.video[0], opaque=False)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = *SIZE, "yuv444p"
        context.time_base, context.framerate = 1 / RATE, RATE
        context.options = {"crf": "4"}
        context.flags |= 1 << 22
        if turn:
            stream.set_display_rotation(turn)
        context.open()
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(scene(*SIZE, number), format="rgb24").reformat(format="yuv444p")
            frame.pts, frame.time_base = number, 1 / RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize("crop", [CROP, Crop(top=8, bottom=8), Crop(right=1)], ids=["all", "bars", "column"])
def test_what_a_container_hides_is_left_out(tmp_path: Path, suffix: str, crop: Crop) -> None:
    path = hidden(tmp_path / f"bars{suffix}", crop)
    width, height = crop.size(*SIZE)
    info = probe(path)
    assert (info.width, info.height, info.coded_width, info.coded_height, info.crop) == (width, height, *SIZE, crop)
    with VideoReader(path) as reader:
        frames = [frame.rgb for frame in reader]
    assert len(frames) == 6
    for number, rgb in enumerate(frames):
        shown = scene(*SIZE, number)[crop.top : HEIGHT - crop.bottom, crop.left : WIDTH - crop.right]
        assert rgb.shape == shown.shape
        assert np.abs(rgb.astype(int) - shown).mean() < 2


def test_what_is_hidden_is_of_the_stored_picture_before_it_is_turned(tmp_path: Path) -> None:
    path = hidden(tmp_path / "turned.mp4", turn=-90)
    width, height = CROP.size(*SIZE)
    info = probe(path)
    assert (info.rotation, info.width, info.height) == (90, height, width)
    with VideoReader(path) as reader:
        rgb = next(iter(reader)).rgb
    upright = np.rot90(CROP.apply(scene(*SIZE)), -1)
    assert np.abs(rgb.astype(int) - upright).mean() < 2


def test_bars_that_were_hidden_do_not_come_back(tmp_path: Path) -> None:
    path = hidden(tmp_path / "bars.mkv")
    with VideoReader(path) as reader, VideoWriter(tmp_path / "out.mkv", *CROP.size(*SIZE), RATE) as writer:
        for frame in reader:
            writer.write(frame.rgb, frame.time)
    assert (probe(tmp_path / "out.mkv").width, probe(tmp_path / "out.mkv").height) == CROP.size(*SIZE)


ODD = [(name, suffix) for name in ("h264", "h265") for suffix in (".mkv", ".mp4", ".mov")]
ODD += [("av1", ".mkv"), ("av1", ".mp4"), ("vp9", ".webm"), ("vp9", ".mp4"), ("ffv1", ".mkv")]


@pytest.mark.parametrize(("name", "suffix"), ODD)
@pytest.mark.parametrize("size", [(95, 63), (96, 63), (95, 64)], ids=str)
def test_odd_sizes_are_stored_in_420_and_shown_as_they_are(
    tmp_path: Path, name: str, suffix: str, size: tuple[int, int]
) -> None:
    path = tmp_path / f"odd{suffix}"
    chosen = encoder(name, None if name == "ffv1" else 8, "yuv420p")
    with VideoWriter(path, *size, RATE, encoder=chosen, sample_aspect=Fraction(4, 3)) as writer:
        for number in range(6):
            writer.write(scene(*size, number), number / RATE)
    info = probe(path)
    assert (info.pixel_format, info.width, info.height) == ("yuv420p", *size)
    if name in ("h264", "h265") or suffix == ".mp4":
        assert info.sample_aspect == Fraction(4, 3)
    with VideoReader(path) as reader:
        back = list(reader)
    assert [frame.time for frame in back] == [number / RATE for number in range(6)]
    for number, frame in enumerate(back):
        wrong = np.abs(frame.rgb.astype(int) - scene(*size, number))
        assert wrong.mean() < 2
        assert max(wrong[-1].mean(), wrong[:, -1].mean()) < 4
    if name not in ("h264", "h265"):
        return
    with av.open(str(path)) as container:  # what a player without cropping would show
        stored = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert stored.shape[:2] == (64, 96)
    assert np.abs(stored[:, 95] - stored[:, 94]).mean() < 6
    assert np.abs(stored[63] - stored[62]).mean() < 6


@pytest.mark.parametrize("size", [(1, 17), (17, 1), (1, 1), (37, 31), (33, 32), (35, 35)], ids=str)
@pytest.mark.parametrize("name", ["h264", "h265"])
def test_even_the_smallest_odd_sizes_come_back(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    if name == "h265" and min(size) < 32:
        return
    path = tmp_path / "small.mp4"
    with VideoWriter(path, *size, RATE, encoder=encoder(name)) as writer:
        writer.write(np.full((size[1], size[0], 3), 100, np.uint8), Fraction(0))
    with VideoReader(path) as reader:
        rgb = next(iter(reader)).rgb
    assert rgb.shape == (size[1], size[0], 3)
    assert np.abs(rgb.astype(int) - 100).max() <= 3


def test_pieces_of_an_odd_size_are_put_into_a_file_that_crops_them(tmp_path: Path) -> None:
    path = tmp_path / "pieces.mp4"
    with VideoWriter(path, 37, 31, RATE) as writer:
        piece = PieceEncoder(writer.coding)
        frames = [coded for n in range(5) for coded in piece.write(scene(37, 31, n), n / RATE, 1 / RATE)]
        writer.append(piece.header, [*frames, *piece.finish()])
    with VideoReader(path) as reader:
        assert [frame.rgb.shape for frame in reader] == [(31, 37, 3)] * 5


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("tick", [Fraction(1001, 30_000), Fraction(1, 600), Fraction(1, 90_000)], ids=str)
def test_times_of_padded_pictures_are_exact(tmp_path: Path, suffix: str, tick: Fraction) -> None:
    path = tmp_path / f"times{suffix}"
    stamps = [0, 1, 4, 5, 13]
    with VideoWriter(path, 37, 31, RATE, time_base=tick) as writer:
        for number in stamps:
            writer.write(scene(37, 31, number), number * tick)
    with VideoReader(path) as reader:
        assert [frame.time for frame in reader] == [number * tick for number in stamps]


def test_only_what_needs_it_is_padded() -> None:
    def padding(name: str, pixels: str, size: tuple[int, int]) -> tuple[int, int]:
        quality = None if name == "ffv1" else 10
        crop = Coding.of(encoder(name, quality, pixels), *size, RATE).padding
        return crop.right, crop.bottom

    assert padding("h264", "yuv420p", (95, 63)) == (1, 1)
    assert padding("h265", "yuv420p10le", (96, 63)) == (0, 1)
    assert padding("h264", "yuv422p", (95, 63)) == (1, 0)
    assert padding("h264", "yuv422p", (96, 63)) == (0, 0)
    assert padding("h264", "yuv444p", (95, 63)) == (0, 0)
    assert padding("vp9", "yuv420p", (95, 63)) == (0, 0)
    assert padding("ffv1", "yuv420p", (95, 63)) == (0, 0)


def test_elements_come_back_as_they_were() -> None:
    data = element(0x1A45DFA3, [element(0x4282, "matroska"), element(0xB0, 300), element(0xB0, 7)])
    assert [bytes(body) for body in found(data, 0x1A45DFA3, 0x4282)] == [b"matroska"]
    assert [whole_number(body) for body in found(data, 0x1A45DFA3, 0xB0)] == [300, 7]
    assert list(found(data, 0x1A45DFA3, 0xBA)) == []
    endless = bytes.fromhex("18538067 01ffffffffffffff") + element(0xB0, 5)
    assert [whole_number(body) for body in found(endless, 0x18538067, 0xB0)] == [5]
    with pytest.raises(IndexError):
        list(found(b"\x00\x00", 0xB0))


def test_a_picture_with_a_cameras_notes_is_read_and_upright(tmp_path: Path) -> None:
    from PIL import Image

    notes = Image.Exif()
    notes[0x0112] = 6  # turned by a quarter
    Image.fromarray(scene(*SIZE)).save(tmp_path / "photo.jpg", exif=notes, quality=98)
    with VideoReader(tmp_path / "photo.jpg") as reader:
        rgb = next(iter(reader)).rgb
    assert np.abs(rgb.astype(int) - np.rot90(scene(*SIZE), -1)).mean() < 4


def test_matrices_that_no_one_here_knows_are_refused_and_not_taken_for_bt601(tmp_path: Path) -> None:
    path = tmp_path / "dolby.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.colorspace = 15  # IPT of Dolby Vision
        frame = av.VideoFrame.from_ndarray(scene(*SIZE), format="rgb24").reformat(format="yuv420p")
        frame.colorspace = 15
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(StvsrError, match="stores its colours as ipt-c2"):
        VideoReader(path)
