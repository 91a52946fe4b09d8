from dataclasses import replace
from fractions import Fraction

import numpy as np

from studies.sample import main
from stvsr.data.synthetic.scene import Scene, SceneSettings
from stvsr.data.synthetic.video import UNSEEN, read_frames, write_original
from stvsr.video import probe, scan_times

SMALL = SceneSettings(size=(46, 58), frames=7, rate=24)


def test_the_sample_has_picture_and_sound(tmp_path):
    path = tmp_path / "original.mkv"
    write_original(path, SMALL, 5)
    info = probe(path)
    assert (info.width, info.height, info.rate) == (58, 46, 24)
    assert [stream.kind for stream in info.streams] == ["video", "audio"]
    assert scan_times(path) == [Fraction(i, 24) for i in range(7)]


def test_the_seed_decides_the_scene(tmp_path):
    clips = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_original(tmp_path / f"{name}.mkv", replace(SMALL, frames=2), seed)
        clips.append(read_frames(tmp_path / f"{name}.mkv"))
    assert clips[0].shape == (2, 46, 58, 3)
    assert np.array_equal(clips[0], clips[1])
    assert not np.array_equal(clips[0], clips[2])


def test_scenes_are_written_as_they_are(tmp_path):
    sizes = ["--count", "2", "--frames", "3", "--size", "46", "58", "--rate", "120"]
    assert main([str(tmp_path / "scenes"), *sizes]) == 0
    files = sorted((tmp_path / "scenes").iterdir())
    assert [path.name for path in files] == ["scene-0.mkv", "scene-1.mkv"]
    scene = Scene(replace(SMALL, frames=3, rate=120), UNSEEN + 1)
    wanted = np.stack([np.round(scene.frame(i) * 255) for i in range(3)])
    assert np.array_equal(read_frames(files[1]), wanted)
    assert probe(files[1]).rate == 120
    assert main([str(tmp_path / "scenes"), "--rate", "-1"]) == 2
