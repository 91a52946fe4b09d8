import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from stvsr.data.cache import CacheError, ClipCache, default_cache, file_identity
from stvsr.errors import StvsrError


@pytest.fixture
def cache(tmp_path):
    return ClipCache(tmp_path / "cache")


def test_what_is_read_is_what_was_written(cache, moving):
    clip = moving(5, 13, 17)
    assert np.array_equal(cache.get({"clip": 1}, lambda: iter(clip)), clip)
    assert np.array_equal(cache.find({"clip": 1}), clip)
    assert cache.find({"clip": 2}) is None


def test_frames_are_made_once(cache, moving):
    clip = moving(3, 5, 7)
    cache.get({"clip": 1}, lambda: iter(clip))
    cache.get({"clip": 1}, lambda: pytest.fail("made again"))


def test_a_cached_clip_cannot_be_written_to(cache, moving):
    with pytest.raises(ValueError, match="read-only"):
        cache.get({}, lambda: iter(moving(2, 5, 7)))[0] = 0


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:50], lambda data: b"", lambda _: b"x" * 999]
)
def test_a_damaged_file_is_made_again(cache, moving, caplog, damage):
    clip = moving(4, 13, 17)
    cache.get({"clip": 1}, lambda: iter(clip))
    path = cache.path({"clip": 1})
    path.write_bytes(damage(path.read_bytes()))
    assert np.array_equal(cache.get({"clip": 1}, lambda: iter(clip)), clip)
    assert "damaged" in caplog.text


def test_a_damaged_note_is_made_again(cache):
    assert cache.note({"clip": 1}, lambda: [[0, 3]]) == [[0, 3]]
    cache.path({"clip": 1}).with_suffix(".json").write_text("[[0,")
    assert cache.note({"clip": 1}, lambda: [[0, 5]]) == [[0, 5]]
    assert cache.note({"clip": 1}, lambda: pytest.fail("made again")) == [[0, 5]]


def test_nothing_is_left_of_a_clip_that_fails_half_way(cache, moving):
    def frames():
        yield from moving(3, 5, 7)
        raise StvsrError("the disk was unplugged")

    with pytest.raises(StvsrError, match="unplugged"):
        cache.get({"clip": 1}, frames)
    assert list(cache.folder.iterdir()) == []


def test_old_leftovers_of_killed_processes_are_cleared_and_fresh_ones_kept(cache):
    old, fresh = cache.folder / ".a.part", cache.folder / ".b.part"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    ClipCache(cache.folder)
    assert [path.name for path in cache.folder.iterdir()] == [".b.part"]


def test_frames_of_different_sizes_and_no_frames_are_refused(cache):
    sizes = [np.zeros((4, 6, 3), np.uint8), np.zeros((4, 8, 3), np.uint8)]
    with pytest.raises(StvsrError, match="8x4, the first one 6x4"):
        cache.get({}, lambda: iter(sizes))
    with pytest.raises(StvsrError, match="no frame"):
        cache.get({}, lambda: iter([]))
    assert list(cache.folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="set 'cache'"):
        ClipCache(tmp_path / "file" / "below")


def test_a_full_disk_is_a_clear_error_that_stops_everything(cache, moving, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CacheError, match="free space or set 'cache'"):
        cache.get({"clip": 1}, lambda: iter(moving(2, 5, 7)))
    assert list(cache.folder.iterdir()) == []


def test_the_default_folder_follows_xdg(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "stvsr" / "clips"


def test_a_changed_file_has_another_identity(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"one")
    before = file_identity(path)
    assert file_identity(path) == before
    path.write_bytes(b"four")
    assert file_identity(path) != before


RACER = """
import sys, time
import numpy as np
from stvsr.data.cache import ClipCache
def frames():
    for value in range(20):
        time.sleep(0.005)
        yield np.full((64, 64, 3), value, np.uint8)
clip = ClipCache(sys.argv[1]).get({"race": 1}, frames)
assert clip.shape == (20, 64, 64, 3) and all((clip[i] == i).all() for i in range(20))
"""


def test_two_processes_that_make_one_clip_both_get_it_whole(cache):
    racers = [subprocess.Popen([sys.executable, "-c", RACER, str(cache.folder)]) for _ in range(2)]
    assert [racer.wait(timeout=60) for racer in racers] == [0, 0]
    assert [path.suffix for path in cache.folder.iterdir()] == [".npy"]
    assert cache.find({"race": 1}).shape == (20, 64, 64, 3)
