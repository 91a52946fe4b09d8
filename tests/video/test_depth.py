"""What is read and written again is the same within one code value, in every format; 16 bits keep what 8 cannot."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video import Colour, Encoder, VideoReader, VideoWriter, encoder, probe
from tests.helpers.formats import FEW, HEIGHT, MATRIX, WIDTH, check_same, held, scene, stored, written


def passed_on(source: Path, output: Path, depth: int, chosen: Encoder) -> Path:
    with VideoReader(source, depth=depth) as reader:
        info = reader.info
        with VideoWriter(
            output, info.width, info.height, info.rate, encoder=chosen, colour=info.colour, depth=depth
        ) as writer:
            for frame in reader:
                writer.write(frame.rgb, frame.time)
    return output


def check_identity(folder: Path, pixels: str, space: str, full: bool, depth: int) -> None:
    source = written(folder / "source.mkv", stored(pixels, space, full))
    output = passed_on(source, folder / "out.mkv", depth, Encoder("ffv1", pixels))
    assert probe(output).colour == probe(source).colour
    assert (probe(output).pixel_format, probe(output).colour.space) == (pixels, space)
    check_same(source, output, deep=depth == 16)


@pytest.mark.parametrize(("pixels", "space", "full"), FEW)
def test_some_formats_come_back_within_one_code_value(tmp_path, pixels, space, full) -> None:
    check_identity(tmp_path, pixels, space, full, 8 if pixels.endswith("p") else 16)


@pytest.mark.slow
@pytest.mark.parametrize(("pixels", "space", "full"), MATRIX)
def test_every_format_comes_back_within_one_code_value(tmp_path, pixels, space, full) -> None:
    check_identity(tmp_path, pixels, space, full, 8 if pixels.endswith("p") else 16)


def test_sixteen_bits_keep_what_eight_round(tmp_path) -> None:
    source = written(tmp_path / "source.mkv", stored("yuv444p12le", "bt709", False))
    eight = passed_on(source, tmp_path / "8.mkv", 8, Encoder("ffv1", "yuv444p12le"))
    sixteen = passed_on(source, tmp_path / "16.mkv", 16, Encoder("ffv1", "yuv444p12le"))
    loss = [
        max(np.abs(a - b).max() for a, b in zip(held(source), held(each), strict=True)) for each in (eight, sixteen)
    ]
    assert loss[0] > 4
    assert loss[1] <= 1


@pytest.mark.parametrize("pixels", ["gbrp10le", "gbrp12le"])
def test_deep_rgb_comes_back_bit_by_bit(tmp_path, pixels) -> None:
    frame = av.VideoFrame.from_ndarray((scene() * 65535).astype(np.uint16), format="rgb48le").reformat(format=pixels)
    source = written(tmp_path / "source.mkv", frame)
    output = passed_on(source, tmp_path / "out.mkv", 16, Encoder("ffv1", pixels))
    assert all(np.array_equal(a, b) for a, b in zip(held(source), held(output), strict=True))


def test_sixteen_bit_frames_are_as_the_eight_bit_ones_but_finer(clip) -> None:
    path = clip()
    with VideoReader(path) as eight, VideoReader(path, depth=16) as sixteen:
        for coarse, fine in zip(eight, sixteen, strict=True):
            assert fine.rgb.dtype == np.uint16
            assert (fine.rgb.shape, fine.time) == (coarse.rgb.shape, coarse.time)
            assert np.abs(fine.rgb / 257 - coarse.rgb).max() <= 2


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
@pytest.mark.parametrize("name", ["h264", "h265", "av1"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_high_dynamic_range_is_carried_through_with_ten_bits(tmp_path, transfer, name, suffix) -> None:
    colour = Colour("bt2020nc", "bt2020", transfer, "limited")
    chosen = encoder(name, 4, "yuv420p10le")
    rgb = (scene() * 65535).round().astype(np.uint16)
    path = tmp_path / f"hdr{suffix}"
    with VideoWriter(path, WIDTH, HEIGHT, Fraction(25), encoder=chosen, colour=colour, depth=16) as writer:
        writer.write(rgb, Fraction(0))
    info = probe(path)
    assert (info.colour, info.bit_depth, info.colour.is_hdr) == (colour, 10, True)
    with VideoReader(path, depth=16) as reader:
        back = next(iter(reader)).rgb
    assert np.abs(back.astype(float) - rgb).mean() < 300  # of 65535: ten bits, with a little noise of the encoder


@pytest.mark.parametrize(("depth", "kind"), [(8, np.uint16), (16, np.uint8)])
def test_frames_of_another_depth_are_a_callers_mistake(tmp_path, depth, kind) -> None:
    def write() -> None:
        with VideoWriter(tmp_path / "x.mp4", WIDTH, HEIGHT, Fraction(25), depth=depth) as writer:
            writer.write(np.zeros((HEIGHT, WIDTH, 3), kind), Fraction(0))

    with pytest.raises(ValueError, match=f"expected uint{depth} frames"):
        write()


@pytest.mark.parametrize("space", [8, 10, 14])
def test_matrices_that_cannot_be_read_are_refused_before_any_frame(tmp_path, space) -> None:
    frame = stored("yuv444p10le", "bt709", False)
    frame.colorspace = space
    path = written(tmp_path / "odd.mkv", frame)
    assert probe(path).width == WIDTH
    with pytest.raises(StvsrError, match=r"which cannot be read; convert it to BT\.709 first"):
        VideoReader(path)
