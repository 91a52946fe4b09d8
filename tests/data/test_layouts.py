import itertools
from fractions import Fraction

import numpy as np
import pytest

from stvsr.data import layouts
from stvsr.errors import StvsrError
from stvsr.video.encoders import encoder
from stvsr.video.writer import VideoWriter


def frames_of(recording):
    return np.stack(list(recording.frames()))


def test_every_folder_of_images_is_one_clip_in_the_order_of_names(tmp_path, moving, save_frames):
    clips = {"a": moving(3, 5, 7, 1), "b/c": moving(4, 6, 9, 2)}
    for name, clip in clips.items():
        save_frames(tmp_path / name, clip)
    found = {recording.name: frames_of(recording) for recording in layouts.frames(tmp_path)}
    assert found.keys() == clips.keys()
    assert all(np.array_equal(found[name], clip) for name, clip in clips.items())


def test_grey_and_transparent_images_become_rgb(tmp_path):
    from PIL import Image

    Image.new("L", (7, 5), 90).save(tmp_path / "grey.png")
    Image.new("RGBA", (7, 5), (1, 2, 3, 40)).save(tmp_path / "clear.png")
    assert layouts.read_image(tmp_path / "grey.png").tolist() == [[[90] * 3] * 7] * 5
    assert layouts.read_image(tmp_path / "clear.png").shape == (5, 7, 3)


def test_vimeo_septuplets_are_those_of_the_list(tmp_path, moving, save_frames):
    for name in ("00001/0001", "00001/0002", "00002/0001"):
        save_frames(tmp_path / "sequences" / name, moving(7, 5, 9, hash(name) % 99), "im{}.png", first=1)
    (tmp_path / "sep_trainlist.txt").write_text("00001/0002\n00002/0001\n")
    (tmp_path / "sep_testlist.txt").write_text("00001/0001\n\n")
    assert [recording.name for recording in layouts.vimeo90k(tmp_path)] == ["00001/0002", "00002/0001"]
    (test,) = layouts.vimeo90k(tmp_path, "sep_testlist.txt")
    assert np.array_equal(frames_of(test), moving(7, 5, 9, hash("00001/0001") % 99))


def test_an_incomplete_septuplet_is_named(tmp_path, moving, save_frames):
    save_frames(tmp_path / "sequences/00001/0001", moving(6, 5, 9), "im{}.png", first=1)
    (tmp_path / "sep_trainlist.txt").write_text("00001/0001\n")
    with pytest.raises(StvsrError, match=r"im7\.png: missing"):
        layouts.vimeo90k(tmp_path)


@pytest.mark.parametrize("part", ["train_orig", "train_sharp", "train_blur_bicubic/X4"])
def test_reds_parts_are_found(tmp_path, moving, save_frames, part):
    for name in ("000", "001"):
        save_frames(tmp_path / part / name, moving(3, 5, 7, int(name)))
    for found in (layouts.reds(tmp_path), layouts.reds(tmp_path, part), layouts.reds(tmp_path / part)):
        assert [recording.name for recording in found] == ["000", "001"]
        assert np.array_equal(frames_of(found[1]), moving(3, 5, 7, 1))


@pytest.fixture
def video(tmp_path, moving):
    """Lossless, four frames of 48 by 32."""
    path = tmp_path / "below" / "clip.mkv"
    path.parent.mkdir()
    with VideoWriter(path, 48, 32, Fraction(25), encoder=encoder("ffv1")) as writer:
        for index, frame in enumerate(moving(4, 32, 48)):
            writer.write(frame, Fraction(index, 25))
    return path


def test_a_video_gives_its_frames(tmp_path, video, moving):
    (tmp_path / "notes.txt").write_text("not a video")
    (found,) = layouts.videos(tmp_path)
    assert found.name == "below/clip.mkv"
    assert found.may_cut
    assert np.array_equal(frames_of(found), moving(4, 32, 48))
    (alone,) = layouts.videos(video)
    assert alone.key == found.key


def test_a_video_damaged_in_the_middle_gives_the_frames_before(video, moving, monkeypatch, caplog):
    def damaged(reader):
        yield from itertools.islice(whole(reader), 2)
        raise StvsrError("clip.mkv is damaged after frame 2")

    whole = layouts.VideoReader.__iter__
    monkeypatch.setattr(layouts.VideoReader, "__iter__", damaged)
    (found,) = layouts.videos(video)
    assert np.array_equal(frames_of(found), moving(4, 32, 48)[:2])
    assert caplog.messages == ["only the first 2 frames are used: clip.mkv is damaged after frame 2"]


def test_a_file_that_is_no_video_is_an_error(tmp_path):
    (tmp_path / "text.mp4").write_text("text")
    (found,) = layouts.videos(tmp_path)
    with pytest.raises(StvsrError, match=r"text\.mp4"):
        frames_of(found)


@pytest.mark.parametrize("read", [layouts.videos, layouts.frames, layouts.vimeo90k, layouts.reds, layouts.images])
def test_a_missing_or_empty_folder_is_one_line_that_names_it(tmp_path, read):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(StvsrError) as caught:
            read(folder)
        assert str(folder) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_file_that_is_no_image_is_named(tmp_path):
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(StvsrError, match=r"a\.png: not a readable image"):
        layouts.read_image(tmp_path / "a.png")
