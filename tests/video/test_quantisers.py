"""Laws of what decoders and headers tell: compression grows with the truth, and lossless is 0."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video.quantisers import Compression
from stvsr.video.samples import PLACES, samples
from tests.helpers.footage import footage, texture

SILENT = {"x265-params": "log-level=error:pools=none:frame-threads=1"}


def write(path: Path, codec: str, options: dict[str, str], pixel_format: str = "yuv420p", count: int = 10) -> Path:
    """Write moving footage with PyAV alone."""
    frames = footage(texture(96, 128, even=True), count, noise=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], pixel_format
        stream.options = options
        stream.codec_context.thread_count = 1
        for number, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def stored(*arguments: object, **more: object) -> Compression:
    return samples(write(*arguments, **more)).compression


@pytest.mark.parametrize("factor", [18, 30, 40])
def test_the_rate_factor_of_x264_comes_out_as_it_was(tmp_path, factor):
    found = stored(tmp_path / "clip.mp4", "libx264", {"crf": str(factor)})
    assert found.rate_factor == factor
    assert found.source == "rate factor"


@pytest.mark.parametrize("factor", [18, 26, 34])
def test_where_it_is_not_noted_the_quantisers_tell_within_three(tmp_path, factor):
    options = {"crf": str(factor), "x264-params": "stitchable=1"}  # which notes no quantiser
    found = stored(tmp_path / "clip.mp4", "libx264", options)
    assert found.source == "quantisers"
    assert found.rate_factor == pytest.approx(factor, abs=3)


def test_a_constant_quantiser_is_no_rate_factor(tmp_path):
    found = stored(tmp_path / "clip.mp4", "libx264", {"qp": "30"})
    assert found.source == "quantisers"
    assert found.rate_factor == pytest.approx(25, abs=3)


def test_a_bitrate_is_told_from_the_quantisers_and_more_bits_compress_less(tmp_path):
    found = [stored(tmp_path / f"{rate}.mp4", "libx264", {"b": str(rate)}) for rate in (2_000_000, 300_000, 60_000)]
    factors = [each.rate_factor for each in found]
    assert factors == sorted(factors)
    assert factors[0] + 5 < factors[-1]


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv444p"])
def test_depth_and_colour_planes_change_nothing(tmp_path, pixel_format):
    found = stored(tmp_path / "clip.mkv", "libx264", {"crf": "30"}, pixel_format)
    assert found.rate_factor == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    ("codec", "name", "qualities", "source"),
    [
        ("libx265", "clip.mp4", [{"crf": str(n), **SILENT} for n in (18, 28, 38)], "headers"),
        ("libx265", "clip.ts", [{"crf": str(n), **SILENT} for n in (18, 28, 38)], "headers"),
        ("libvpx-vp9", "clip.webm", [{"crf": str(n), "b": "0", "cpu-used": "5"} for n in (15, 35, 55)], "quantisers"),
        ("libsvtav1", "clip.mp4", [{"crf": str(n), "preset": "9"} for n in (20, 40, 60)], "headers"),
        ("libvpx", "clip.webm", [{"crf": str(n), "b": "9M"} for n in (6, 30, 60)], "headers"),
        ("mpeg4", "clip.avi", [{"qmin": str(n), "qmax": str(n)} for n in (2, 8, 30)], "quantisers"),
        ("mpeg2video", "clip.mkv", [{"qmin": str(n), "qmax": str(n)} for n in (2, 8, 30)], "quantisers"),
    ],
)
def test_other_codecs_are_compared_with_it(tmp_path, codec, name, qualities, source):
    found = [stored(tmp_path / f"{number}-{name}", codec, options) for number, options in enumerate(qualities)]
    factors = [each.rate_factor for each in found]
    assert {each.source for each in found} == {source}
    assert factors == sorted(factors)
    assert factors[0] + 8 < factors[-1]
    assert 8 < factors[0] < 24
    assert 25 < factors[-1] < 45


def test_motion_jpeg_is_guessed_from_its_bits(tmp_path):
    qualities = [{"qmin": str(n), "qmax": str(n)} for n in (2, 10, 30)]
    found = [stored(tmp_path / f"{number}.avi", "mjpeg", o, "yuvj420p") for number, o in enumerate(qualities)]
    factors = [each.rate_factor for each in found]
    assert factors == sorted(factors)
    assert all(each.source == "bits" and each.confidence < 0.5 for each in found)


@pytest.mark.parametrize(
    ("codec", "name", "options", "pixel_format"),
    [
        ("ffv1", "clip.mkv", {}, "yuv420p"),
        ("huffyuv", "clip.avi", {}, "yuv422p"),
        ("prores_ks", "clip.mov", {}, "yuv422p10le"),
        ("libx264", "clip.mp4", {"qp": "0"}, "yuv444p"),
        ("libx264rgb", "clip.mp4", {"qp": "0"}, "rgb24"),
    ],
)
def test_lossless_and_intermediate_codecs_are_0(tmp_path, codec, name, options, pixel_format):
    assert stored(tmp_path / name, codec, options, pixel_format) == Compression(0.0, 1.0, "lossless")


def test_stretches_are_the_same_every_time_and_lie_apart(tmp_path):
    path = write(tmp_path / "clip.mp4", "libx264", {"crf": "30", "g": "10"}, count=60)
    first, second = samples(path), samples(path)
    assert first.compression == second.compression
    assert all(np.array_equal(a, b) for a, b in zip(first.pictures, second.pictures, strict=True))
    assert len(first.pictures) == 2 * len(PLACES)
    assert len({picture.tobytes() for picture in first.pictures}) == len(first.pictures)


@pytest.mark.parametrize("name", ["clip.h264", "clip.ts", "clip.mkv"])
def test_streams_that_know_no_duration_can_be_looked_at(tmp_path, name):
    assert samples(write(tmp_path / name, "libx264", {"crf": "30"})).pictures


def test_a_damaged_middle_costs_a_stretch_at_most(tmp_path):
    path = write(tmp_path / "clip.mkv", "libx264", {"crf": "30", "g": "5"}, count=30)
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    data[half : half + 2000] = bytes(2000)
    path.write_bytes(data)
    assert samples(path).pictures


def test_what_is_no_video_is_refused_in_one_line(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"nothing of the kind" * 99)
    with pytest.raises(StvsrError, match="not a video"):
        samples(path)
