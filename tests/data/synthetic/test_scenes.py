import numpy as np
import pytest

from stvsr.data.synthetic.scene import Scene, SceneSettings
from stvsr.data.synthetic.scenes import scenes, settings_from
from stvsr.errors import StvsrError

SMALL = SceneSettings(size=(21, 30), frames=3, layers=2)


def test_a_recording_is_its_scene_rounded_to_8_bits():
    (recording,) = scenes(SMALL, 1, seed=9)
    scene = Scene(SMALL, 9)
    frames = list(recording.frames())
    assert len(frames) == 3
    for index, frame in enumerate(frames):
        assert np.array_equal(frame, np.round(255 * scene.frame(index)))


def test_recordings_differ_in_key_by_seed_and_settings():
    keys = [str(recording.key) for recording in scenes(SMALL, 3)]
    keys += [str(recording.key) for recording in scenes(SceneSettings(size=(21, 30), frames=3, layers=3), 1)]
    assert len(set(keys)) == 4


def test_settings_are_read_from_a_recipe():
    assert settings_from({"size": [21, 30], "frames": 3, "layers": 2}) == SMALL
    with pytest.raises(StvsrError, match="no setting 'wind'"):
        settings_from({"wind": 3})


def test_no_scene_is_refused():
    with pytest.raises(StvsrError, match="count"):
        scenes(SMALL, 0)
