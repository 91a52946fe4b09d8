import numpy as np
import pytest

from stvsr.data import clips as module
from stvsr.data.clips import ClipSource, open_clips
from stvsr.errors import StvsrError


@pytest.fixture
def source(tmp_path, moving, save_frames):
    save_frames(tmp_path / "footage/a", moving(9, 20, 31, 1))
    save_frames(tmp_path / "footage/b", moving(5, 25, 27, 2))
    return {"kind": "frames", "path": str(tmp_path / "footage"), "cache": str(tmp_path / "cache")}


def test_a_crop_is_a_slice_of_the_clip(source, moving):
    clips = open_clips(source)
    assert list(clips.names) == ["a", "b"]
    assert [clips.shape(index) for index in range(len(clips))] == [(9, 20, 31), (5, 25, 27)]
    crop = clips.crop(0, 2, 4, 3, 5, 11, 13)
    assert np.array_equal(crop, moving(9, 20, 31, 1)[2:6, 3:14, 5:18])


def test_a_crop_is_a_copy(source):
    clips = open_clips(source)
    clips.crop(0, 0, 1, 0, 0, 9, 9)[:] = 0
    assert clips.crop(0, 0, 1, 0, 0, 9, 9).any()


def test_opening_again_decodes_nothing(source, monkeypatch):
    open_clips(source)
    monkeypatch.setattr("stvsr.data.layouts.read_image", lambda path: pytest.fail(f"decoded {path} again"))
    assert len(open_clips(source)) == 2


def test_a_clip_whose_cache_is_damaged_in_use_is_decoded_again(source, tmp_path, moving):
    clips = open_clips(source)
    for path in (tmp_path / "cache").glob("*.npy"):
        path.write_bytes(path.read_bytes()[:100])
    assert np.array_equal(clips.crop(1, 0, 5, 0, 0, 25, 27), moving(5, 25, 27, 2))


def test_clips_are_trimmed_and_shrunk_and_cached_apart(source, moving):
    whole = open_clips(source)
    small = open_clips({**source, "max_frames": 3, "shrink": 2})
    assert [small.shape(index) for index in range(2)] == [(3, 10, 15), (3, 12, 13)]
    blocks = moving(9, 20, 31, 1)[:3, :20, :30].reshape(3, 10, 2, 15, 2, 3).astype(float)
    assert np.abs(small.crop(0, 0, 3, 0, 0, 10, 15) - blocks.mean(axis=(2, 4))).max() <= 0.5
    assert whole.shape(0) == (9, 20, 31)


def test_footage_is_divided_at_cuts(source, tmp_path, save_frames):
    dark, light = np.full((4, 20, 20, 3), 20, np.uint8), np.full((6, 20, 20, 3), 220, np.uint8)
    save_frames(tmp_path / "footage/cut", np.concatenate([dark, light]))
    clips = open_clips(source)
    assert list(clips.names)[2:] == ["cut from frame 0", "cut from frame 4"]
    assert [clips.shape(index)[0] for index in (2, 3)] == [4, 6]
    assert (clips.crop(3, 0, 6, 0, 0, 20, 20) == 220).all()


def test_what_cannot_be_decoded_is_left_out_with_one_warning(source, tmp_path, caplog):
    bad = tmp_path / "footage/bad"
    bad.mkdir()
    (bad / "0.png").write_text("text")
    assert list(open_clips(source).names) == ["a", "b"]
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["left out"]


def test_nothing_decodable_is_an_error(source, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "0.png").write_text("text")
    with pytest.raises(StvsrError, match="none of 1 clips"):
        open_clips({**source, "path": str(tmp_path / "bad")})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pth": "x"}, "no setting 'pth'"),
        ({"kind": "film"}, "kind 'film' is unknown"),
        ({"path": None}, "needs a 'path'"),
        ({"shrink": 0}, "at least 1"),
        ({"kind": "synthetic", "direct": True}, "reads images only"),
        ({"path": "missing"}, "no such folder"),
    ],
)
def test_a_wrong_description_is_one_line_that_says_what_is_wrong(source, change, message):
    with pytest.raises(StvsrError, match=message):
        open_clips({**source, **change})
    with pytest.raises(StvsrError, match="'kind' is missing"):
        ClipSource.of({"path": "x"})


def test_more_clips_than_files_may_be_open_are_fine(make_clips, moving, monkeypatch):
    monkeypatch.setattr(module, "OPEN_FILES", 2)
    arrays = [moving(2, 5, 7, seed) for seed in range(5)]
    clips = make_clips(*arrays)
    for index in (0, 4, 1, 3, 0):
        assert np.array_equal(clips.crop(index, 0, 2, 0, 0, 5, 7), arrays[index])


def test_synthetic_scenes_are_clips_too(tmp_path):
    scene = {"size": [21, 30], "frames": 3, "layers": 2}
    source = {"kind": "synthetic", "count": 2, "seed": 5, "scene": scene, "cache": str(tmp_path)}
    clips = open_clips(source)
    assert list(clips.names) == ["scene 5", "scene 6"]
    assert clips.shape(1) == (3, 21, 30)
    again = open_clips({**source, "cache": str(tmp_path / "other")})
    assert np.array_equal(clips.crop(1, 0, 3, 0, 0, 21, 30), again.crop(1, 0, 3, 0, 0, 21, 30))


def test_excluded_clips_are_left_out(source):
    assert list(open_clips({**source, "exclude": ["b"]}).names) == ["a"]
    assert list(open_clips({**source, "exclude": ["[!a]"]}).names) == ["a"]


@pytest.mark.parametrize(
    ("names", "message"), [(["c"], "no clip 'c' to exclude"), (["*"], "leaves no clip"), ("a", "list of texts")]
)
def test_an_exclusion_that_cannot_be_meant_is_refused(source, names, message):
    with pytest.raises(StvsrError, match=message):
        open_clips({**source, "exclude": names})
