import numpy as np
import pytest
from PIL import Image

from stvsr.data.clips import open_clips
from stvsr.errors import StvsrError


@pytest.fixture
def source(tmp_path, moving, save_frames):
    save_frames(tmp_path / "footage/a", moving(9, 20, 31, 1))
    save_frames(tmp_path / "footage/b", moving(5, 25, 27, 2))
    return {"kind": "frames", "path": str(tmp_path / "footage"), "cache": str(tmp_path / "cache")}


@pytest.mark.parametrize("change", [{}, {"shrink": 2}, {"max_frames": 4}])
def test_reading_directly_gives_what_the_cache_gives(source, tmp_path, change):
    direct = open_clips({**source, **change, "direct": True})
    assert not (tmp_path / "cache").exists()
    cached = open_clips({**source, **change})
    assert list(direct.names) == list(cached.names)
    for index in range(2):
        assert direct.shape(index) == cached.shape(index)
        where = (1, 3, 2, 4, 7, 6)
        assert np.array_equal(direct.crop(index, *where), cached.crop(index, *where))


def test_a_frame_of_another_size_is_named(source, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "footage/a/00000003.png")
    clips = open_clips({**source, "direct": True})
    assert clips.crop(0, 0, 3, 0, 0, 5, 5).shape == (3, 5, 5, 3)
    with pytest.raises(StvsrError, match=r"00000003\.png: not of the size"):
        clips.crop(0, 2, 3, 0, 0, 5, 5)
