import hashlib

import numpy as np
import pytest
from PIL import Image

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import find_clips
from stvsr.evaluation.datasets import REDS4
from stvsr.evaluation.papers.tables import published_for


def write_frames(folder, count=3, size=(6, 4)):
    folder.mkdir(parents=True)
    for i in range(count):
        Image.fromarray(np.full((size[1], size[0], 3), 10 * i, np.uint8)).save(folder / f"im{i}.png")
    return folder


def test_a_folder_of_frames_is_one_clip_in_the_order_of_names(tmp_path):
    folder = write_frames(tmp_path / "walk")
    (clip,) = find_clips(folder)
    assert clip.name == "walk"
    assert [int(frame[0, 0, 0]) for frame in clip.frames()] == [0, 10, 20]
    assert next(clip.frames()).shape == (4, 6, 3)
    content = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    assert clip.sha256() == hashlib.sha256(content).hexdigest()


def test_a_folder_of_clips_takes_folders_and_videos(tmp_path):
    write_frames(tmp_path / "city")
    (tmp_path / "calendar.mkv").write_bytes(b"not looked at")
    (tmp_path / "notes.txt").write_text("not a clip")
    assert [clip.name for clip in find_clips(tmp_path)] == ["calendar", "city"]


def test_only_the_truth_is_taken_where_it_lies_beside_degraded_copies(tmp_path):
    for kind in ("BIx4", "GT"):
        write_frames(tmp_path / kind / "walk")
    (clip,) = find_clips(tmp_path)
    assert clip.files[0].parent == tmp_path / "GT" / "walk"


def test_clips_of_one_name_are_told_apart_by_their_folders(tmp_path):
    write_frames(tmp_path / "sharp" / "000")
    write_frames(tmp_path / "blur" / "000")
    (tmp_path / "000.mkv").write_bytes(b"not looked at")
    assert [clip.name for clip in find_clips(tmp_path)] == ["000.mkv", "blur/000", "sharp/000"]


def test_a_limit_counts_frames_from_the_start(tmp_path):
    (clip,) = find_clips(write_frames(tmp_path / "walk"), limit=2)
    assert len(list(clip.frames())) == 2


def test_unusable_paths_are_refused(tmp_path):
    with pytest.raises(StvsrError, match="no such file"):
        find_clips(tmp_path / "missing")
    with pytest.raises(StvsrError, match="no video and no image"):
        find_clips(tmp_path)
    with pytest.raises(StvsrError, match="at least one frame"):
        find_clips(tmp_path, limit=0)


def test_frames_of_different_sizes_are_refused(tmp_path):
    folder = write_frames(tmp_path / "walk")
    Image.fromarray(np.zeros((5, 6, 3), np.uint8)).save(folder / "im9.png")
    with pytest.raises(StvsrError, match="differ in size"):
        list(find_clips(folder)[0].frames())


def test_published_figures_stand_only_beside_the_whole_of_vid4():
    whole = {"Calendar": 41, "city": 34, "foliage": 49, "walk": 47}
    assert {row.method: row.psnr for row in published_for("staa-2t4s", whole)}["STAA"] == 27.31
    assert published_for("staa-2t4s", {**whole, "walk": 9}) == ()
    assert published_for("stvsr-1t2s", whole) == ()
    cut = {"calendar": 40, "city": 30, "foliage": 45, "walk": 45}
    assert {row.method: row.psnr for row in published_for("davsr-5t4s", cut)}["DAVSR"] == 23.85
    assert published_for("davsr-5t4s", whole) == ()


def test_the_published_means_are_those_of_the_published_clips():
    cut = {"calendar": 40, "city": 30, "foliage": 45, "walk": 45}
    assert len(published_for("davsr-reds4", REDS4)) == 36
    for row in (*published_for("davsr-5t4s", cut), *published_for("davsr-reds4", REDS4)):
        for place, mean in enumerate((row.psnr, row.ssim)):
            assert sum(clip[place] for clip in row.clips.values()) / 4 == pytest.approx(mean, abs=0.0051)
