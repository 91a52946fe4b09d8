import numpy as np
import pytest
from PIL import Image

from stvsr.errors import StvsrError
from stvsr.evaluation.datasets import DATASETS, VID4, clips_in, reds_part


def write(folder, frames=2):
    folder.mkdir(parents=True)
    for i in range(frames):
        Image.fromarray(np.full((4, 6, 3), i, np.uint8)).save(folder / f"{i:08d}.png")


def vimeo(root, tested=("00001/0002", "00003/0001")):
    for name in (*tested, "00009/0009"):
        folder = root / "sequences" / name
        folder.mkdir(parents=True)
        for i in range(1, 8):
            Image.fromarray(np.full((4, 6, 3), i, np.uint8)).save(folder / f"im{i}.png")
    (root / "sep_testlist.txt").write_text("\n".join(tested) + "\n")


def names(clips):
    return [clip.name for clip in clips]


@pytest.mark.parametrize("place", ["", "vid4", "Vid4/GT"])
def test_vid4_is_known_by_its_clips(tmp_path, place):
    for name in VID4:
        write(tmp_path / place / name.title())
    write(tmp_path / place / "other")
    found = DATASETS["vid4"].find(tmp_path if "/" not in place else tmp_path / "Vid4", 1)
    assert [name.lower() for name in names(found)] == list(VID4)
    assert len(list(found[0].frames())) == 1
    assert DATASETS["vid4"].find(tmp_path / place / "Walk", None) == []


@pytest.mark.parametrize("place", ["", "vimeo_septuplet"])
def test_of_vimeo_90k_the_test_list_counts(tmp_path, place):
    vimeo(tmp_path / place)
    assert names(DATASETS["vimeo90k"].find(tmp_path, None)) == ["00001/0002", "00003/0001"]
    assert names(clips_in(tmp_path / place)) == ["00001/0002", "00003/0001"]
    assert [int(frame[0, 0, 0]) for frame in clips_in(tmp_path / place)[0].frames()] == list(range(1, 8))


@pytest.mark.parametrize("split", ["", "train/"])
def test_reds4_is_four_clips_with_their_low_ones(tmp_path, split):
    for name in ("000", "001", "011", "015"):
        write(tmp_path / f"REDS/{split}train_orig" / name, 5)
        write(tmp_path / f"REDS/{split}train_blur_bicubic/X4" / name, 1)
    write(tmp_path / f"REDS/{split}train_orig/020", 5)
    for root in (tmp_path, tmp_path / "REDS"):
        found = DATASETS["reds4"].find(root, 3)
        assert names(found) == ["000", "011", "015"]
        assert [len(list(clip.low.frames())) for clip in found] == [1, 1, 1]
        assert found[0].low.files[0].parent.parent.name == "X4"
        assert len(list(found[0].frames())) == 3
    assert names(clips_in(tmp_path / "REDS")) == ["000", "011", "015", "020"]
    assert DATASETS["reds-validation"].find(tmp_path, None) == []


def test_of_reds_the_sharp_validation_part_serves_where_there_is_nothing_faster(tmp_path):
    for part in ("val_sharp", "val_blur", "val_blur_bicubic/X4"):
        write(tmp_path / part / "007")
    (clip,) = clips_in(tmp_path)
    assert clip.files[0].parent.parent.name == "val_sharp"
    assert reds_part(tmp_path, "val_blur_bicubic/X4") == tmp_path / "val_blur_bicubic" / "X4"
    assert reds_part(tmp_path, "val_orig") is None
    write(tmp_path / "val_orig" / "007", 4)
    (clip,) = DATASETS["reds-validation"].find(tmp_path, None)
    assert clip.low.files[0].parent.parent.name == "val_blur"
    (fast,) = DATASETS["fast"].find(tmp_path, None)
    assert fast.files[0].parent.parent.name == "val_orig"


def test_any_folder_is_taken_as_it_is(tmp_path):
    write(tmp_path / "clips" / "a")
    assert names(clips_in(tmp_path)) == names(DATASETS["fast"].find(tmp_path, None)) == ["a"]
    assert all(DATASETS[name].find(tmp_path, None) == [] for name in ("vid4", "vimeo90k", "reds4"))
    with pytest.raises(StvsrError, match="at least one frame"):
        clips_in(tmp_path, 0)
    with pytest.raises(StvsrError, match="no such file"):
        clips_in(tmp_path / "missing")


def test_whole_is_every_frame_of_every_clip():
    assert DATASETS["vid4"].whole({**VID4})
    assert not DATASETS["vid4"].whole({**VID4, "walk": 46})
    assert DATASETS["vimeo90k"].whole({str(i): 7 for i in range(7824)})
    assert not DATASETS["vimeo90k"].whole({str(i): 7 for i in range(7823)})
    assert not DATASETS["fast"].whole({})
