"""What HDR was graded on goes along, whatever encodes it; what cannot go along is known by its name."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import VideoReader, VideoWriter, encoder, probe
from stvsr.video.colour import Colour
from stvsr.video.ebml import element
from stvsr.video.encoders import suffixes_for
from stvsr.video.mastering import Mastering
from stvsr.video.pieces import PieceEncoder

SIZE = WIDTH, HEIGHT = 96, 64
RATE = Fraction(25)
PQ = Colour("bt2020nc", "bt2020", "smpte2084", "limited")
P3 = tuple(Fraction(value, 10_000) for value in (6800, 3200, 2650, 6900, 1500, 600, 3127, 3290))
FULL = Mastering(P3, (Fraction(1, 2000), Fraction(1000)), (812, 203))
CASES = [
    (name, pixels, suffix)
    for name, pixels in (
        ("h264", "yuv420p10le"),
        ("h265", "yuv420p10le"),
        ("h265", "yuv420p"),
        ("av1", "yuv420p10le"),
        ("vp9", "yuv420p"),
        ("ffv1", "yuv420p10le"),
        ("ffv1", "gbrp10le"),
    )
    for suffix in suffixes_for(encoder(name))
]


def graded(path: Path, name: str, pixels: str, mastering: Mastering | None = FULL) -> Path:
    chosen = encoder(name, pixel_format=pixels)
    with VideoWriter(path, *SIZE, RATE, encoder=chosen, colour=PQ, mastering=mastering) as writer:
        for number in range(5):
            writer.write(np.full((HEIGHT, WIDTH, 3), 90 + number, np.uint8), number / RATE)
    return path


def close(found: Mastering | None, given: Mastering) -> bool:
    """Whether two are the same within the steps of the coarsest bitstream, which counts in 1/65536 and 1/256."""
    if found is None or found.light != given.light:
        return False
    pairs = [*zip(found.chromaticities, given.chromaticities, strict=True)]
    pairs += zip(found.luminances, given.luminances, strict=True)
    return all(abs(a - b) <= Fraction(1, 10_000) for a, b in pairs)


@pytest.mark.parametrize(("name", "pixels", "suffix"), CASES)
def test_what_hdr_was_graded_on_goes_along_into_every_codec_and_container(
    tmp_path: Path, name: str, pixels: str, suffix: str
) -> None:
    info = probe(graded(tmp_path / f"hdr{suffix}", name, pixels))
    assert close(info.mastering, FULL)
    assert info.colour.is_hdr


@pytest.mark.parametrize("name", ["h264", "h265", "vp9"])
@pytest.mark.parametrize(
    "part", [Mastering(light=(1000, 400)), Mastering(P3, FULL.luminances)], ids=["light", "display"]
)
def test_half_of_it_goes_along_as_half(tmp_path: Path, name: str, part: Mastering) -> None:
    pixels = "yuv420p"
    assert close(probe(graded(tmp_path / "hdr.mkv", name, pixels, part)).mastering, part)
    assert probe(graded(tmp_path / "none.mkv", name, pixels, None)).mastering is None


def test_it_is_in_the_pictures_themselves_for_players_that_ask_no_container(tmp_path: Path) -> None:
    for name in ("h264", "h265", "av1"):
        path = graded(tmp_path / f"{name}.mkv", name, "yuv420p10le")
        with av.open(str(path)) as container:
            header = bytes(container.streams.video[0].codec_context.extradata or b"")
            first = next(bytes(packet) for packet in container.demux(video=0))
        light = (812).to_bytes(2, "big") + (203).to_bytes(2, "big")
        assert light in header + first, name


def test_pieces_carry_it(tmp_path: Path) -> None:
    path = tmp_path / "pieces.mp4"
    chosen = encoder("h265", pixel_format="yuv420p10le")
    with VideoWriter(path, *SIZE, RATE, encoder=chosen, colour=PQ, mastering=FULL) as writer:
        piece = PieceEncoder(writer.coding)
        grey = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        frames = [coded for n in range(5) for coded in piece.write(grey, n / RATE, 1 / RATE)]
        writer.append(piece.header, [*frames, *piece.finish()])
    assert close(probe(path).mastering, FULL)


def test_in_ordinary_rgb_there_is_no_place_for_it(tmp_path: Path) -> None:
    path = tmp_path / "rgb.mkv"
    chosen = encoder("lossless-rgb")
    with VideoWriter(path, *SIZE, RATE, encoder=chosen, colour=PQ, mastering=FULL) as writer:
        assert writer.coding.mastering is None
        writer.write(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), Fraction(0))
    info = probe(path)
    assert info.mastering is None
    assert (info.colour.space, info.colour.primaries, info.colour.transfer) == ("rgb", "bt2020", "smpte2084")


def test_it_comes_back_from_texts_and_nonsense_does_not() -> None:
    for mastering in (FULL, Mastering(light=(1, 2)), Mastering(P3)):
        assert Mastering.from_dict(mastering.to_dict()) == mastering
    texts = FULL.to_dict()
    for nonsense in ({"light": ["-1", "2"]}, {"light": ["1"]}, {"luminances": ["1/0", "2"]}, {"chromaticities": ["x"]}):
        with pytest.raises((KeyError, TypeError, ValueError, ArithmeticError)):
            Mastering.from_dict(texts | nonsense)


def bits(*fields: tuple[int, int]) -> bytes:
    """Numbers of so many bits each, one behind the other."""
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


def hdr10_plus(path: Path) -> Path:
    """Write HEVC whose pictures carry SMPTE ST 2094-40, one window without curves."""
    window = [(5000, 17), (6000, 17), (7000, 17), (900, 17), (0, 4), (0, 10), (0, 1), (0, 1), (0, 1)]
    told = bits((0xB5, 8), (0x3C, 16), (1, 16), (4, 8), (1, 8), (1, 2), (400, 27), (0, 1), *window)
    unit = re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", bytes([0x4E, 0x01, 4, len(told)]) + told + b"\x80")
    return injected(path, len(unit).to_bytes(4, "big") + unit)


def injected(path: Path, unit: bytes) -> Path:
    plain = graded(path.with_name("plain.mkv"), "h265", "yuv420p10le")
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(video=0):
            if packet.size:
                copy: av.Packet = av.Packet(unit + bytes(packet))
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.is_keyframe, copy.stream = packet.is_keyframe, stream
                target.mux(copy)
    return path


def test_metadata_that_changes_from_frame_to_frame_is_known_by_its_name(tmp_path: Path) -> None:
    info = probe(hdr10_plus(tmp_path / "plus.mkv"))
    assert info.dynamic == ("HDR10+",)
    assert close(info.mastering, FULL)
    assert probe(tmp_path / "plain.mkv").dynamic == ()


def dolby(path: Path, profile: int, promised: int) -> Path:
    """Write HEVC whose container says that it is Dolby Vision."""
    said = bytes([1, 0, profile << 1, 6 << 3 | 0b101, promised << 4]) + bytes(19)
    addition = element(0x41E4, [element(0x41F0, 1), element(0x41E7, 0x64766343), element(0x41ED, said)])
    video = element(0xE0, [element(0xB0, WIDTH), element(0xBA, HEIGHT)])
    track = [element(0xD7, 1), element(0x73C5, 1), element(0x83, 1), element(0x86, "V_MPEGH/ISO/HEVC"), video, addition]
    head = element(0x1A45DFA3, [element(0x4282, "matroska")])
    body = [element(0x1654AE6B, [element(0xAE, track)]), element(0x1F43B675, [element(0xE7, 0)])]
    template = path.with_name("template.mkv")
    template.write_bytes(head + element(0x18538067, body))
    with av.open(str(template)) as like, av.open(str(path), "w", options={"strict": "unofficial"}) as container:
        stream = container.add_stream_from_template(like.streams.video[0], opaque=False)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = *SIZE, "yuv420p10le"
        context.time_base, context.framerate = 1 / RATE, RATE
        context.options = {"x265-params": "log-level=error"}
        context.flags |= 1 << 22
        context.open()
        frame = av.VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), format="rgb24")
        frame = frame.reformat(format="yuv420p10le")
        frame.pts, frame.time_base = 0, 1 / RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            packet.dts = packet.pts  # which x265 leaves unset in a video of one frame
            container.mux(packet)
    return path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize(
    ("profile", "promised", "readable"),
    [(5, 0, False), (8, 1, True), (8, 4, True), (7, 6, True), (10, 0, False), (10, 1, True)],
)
def test_colours_that_only_dolby_vision_explains_are_refused(
    tmp_path: Path, suffix: str, profile: int, promised: int, readable: bool
) -> None:
    if profile == 10 and suffix == ".mp4":
        pytest.skip("FFmpeg writes that into MP4 for AV1 alone, which has no template here")
    path = dolby(tmp_path / f"dolby{suffix}", profile, promised)
    assert probe(path).dolby_only != readable
    if readable:
        with VideoReader(path) as reader:
            assert len(list(reader)) == 1
        return
    with pytest.raises(StvsrError, match=r"Dolby Vision of a kind \(profile 5\)") as caught:
        VideoReader(path)
    assert str(path) in str(caught.value)
