from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from stvsr.errors import StvsrError
from stvsr.video import VideoReader, probe


def test_a_file_is_described(clip) -> None:
    info = probe(clip("clip.mp4", audio=True))
    assert (info.width, info.height, info.rotation, info.mirrored) == (64, 48, 0, False)
    assert info.rate == 25
    assert info.frames == 12
    assert info.duration == Fraction(12, 25)
    assert (info.codec, info.pixel_format, info.bit_depth) == ("h264", "yuv420p", 8)
    assert (info.colour.space, info.colour.range) == ("smpte170m", "limited")
    assert (info.sample_aspect, info.interlaced, info.has_alpha) == (1, False, False)
    assert [stream.kind for stream in info.streams] == ["video", "audio"]
    assert info.streams[1].language == "deu"
    assert str(info.streams[1]).startswith("audio stream 1 (mp3")


def test_alpha_and_depth_are_told(tmp_path) -> None:
    path = tmp_path / "alpha.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuva444p10le"
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame.reformat(format="yuva444p10le")))
        container.mux(stream.encode(None))
    info = probe(path)
    assert info.has_alpha
    assert info.bit_depth == 10


def unopenable(tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    text = tmp_path / "text.mp4"
    text.write_text("This is not a video.\n" * 100)
    plain = tmp_path / "notes.txt"
    plain.write_text("This is not a video.\n" * 100)
    sound = tmp_path / "sound.mp3"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("libmp3lame", rate=16000, layout="mono")
        chunk = av.AudioFrame.from_ndarray(np.zeros((1, 4000), np.int16), format="s16p", layout="mono")
        chunk.sample_rate = 16000
        container.mux(stream.encode(chunk))
        container.mux(stream.encode(None))
    return {
        "missing": (tmp_path / "nothing.mp4", "does not exist"),
        "folder": (tmp_path, "is a folder"),
        "empty": (empty, "is empty"),
        "text named mp4": (text, "not a video"),
        "text": (plain, "not a video"),
        "sound": (sound, "no video stream, only audio"),
        "not a file": (tmp_path / "pipe", "not a regular file"),
    }


@pytest.mark.parametrize("opener", [probe, VideoReader])
def test_what_is_no_video_is_refused_in_one_line_that_names_it(tmp_path, opener) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    for path, message in unopenable(tmp_path).values():
        with pytest.raises(StvsrError, match=message) as caught:
            opener(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def animated_webp(path: Path) -> Path:
    pictures = [Image.fromarray(np.full((48, 64, 3), 60 * number, np.uint8)) for number in range(4)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=40)
    return path


def encrypted(clip, path: Path) -> Path:
    key = "00112233445566778899aabbccddeeff"
    muxing = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": key, "encryption_kid": key}
    return clip(path.name, muxing=muxing)


@pytest.mark.parametrize("opener", [probe, VideoReader])
def test_what_is_no_plain_video_is_called_what_it_is(clip, tmp_path, opener) -> None:
    named = {
        animated_webp(tmp_path / "a.webp"): "is an animated WebP, which FFmpeg cannot decode",
        encrypted(clip, tmp_path / "protected.mp4"): "is encrypted",
        tmp_path / "frames" / "%05d.png": "holds single pictures, which are no video",
        tmp_path / "frame.####.exr": "holds single pictures, which are no video",
        Path("https://example.org/clip.mp4"): "is an address, and only files are read",
        Path("rtsp://camera/1"): "is an address, and only files are read",
    }
    for path, message in named.items():
        with pytest.raises(StvsrError, match=message) as caught:
            opener(path)
        assert str(path) in str(caught.value)
        assert "copy it again" not in str(caught.value)


def test_moving_pictures_in_other_formats_are_videos(tmp_path) -> None:
    pictures = [Image.fromarray(np.full((48, 64, 3), 60 * number, np.uint8)) for number in range(4)]
    for name in ("moving.gif", "moving.png"):
        pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:], duration=40)
        with VideoReader(tmp_path / name) as reader:
            assert len(list(reader)) == 4


def test_a_name_that_looks_like_an_address_is_a_file_name(clip) -> None:
    assert probe(clip("http:take 2 100%.mp4")).width == 64
