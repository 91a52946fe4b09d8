from fractions import Fraction

import av
import numpy as np
import pytest

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


def test_a_name_that_looks_like_an_address_is_a_file_name(clip) -> None:
    assert probe(clip("http:take 2 100%.mp4")).width == 64
