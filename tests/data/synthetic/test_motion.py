import math

import numpy as np
import pytest

from stvsr.data.synthetic.motion import draw_motion, draw_path


@pytest.mark.parametrize("drifts", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_path_is_never_faster_than_its_bound(seed, drifts):
    path = draw_path(np.random.default_rng(seed), 90.0, offset=5.0, drifts=drifts)
    times = np.linspace(-3, 20, 5000)
    speeds = np.abs(np.diff([path(time) for time in times])) / np.diff(times)
    assert speeds.max() <= path.top_speed + 1e-6
    assert path.top_speed == pytest.approx(90.0)


@pytest.mark.parametrize("seed", range(5))
def test_a_path_without_drift_stays_near_its_offset(seed):
    path = draw_path(np.random.default_rng(seed), 90.0, offset=5.0)
    reach = sum(abs(size) for size, _, _ in path.waves)
    assert max(abs(path(time) - 5.0) for time in np.linspace(0, 1000, 3000)) <= reach


@pytest.mark.parametrize("seed", range(5))
def test_a_motion_is_a_similarity_that_never_shrinks(seed):
    motion = draw_motion(np.random.default_rng(seed), 100, 1, 0.5, centre=(3, 4), drifts=True)
    for time in (0.0, 0.37, 12.5):
        linear = motion.matrix(time)[:2, :2]
        scale = math.sqrt(np.linalg.det(linear))
        assert scale >= 1
        assert np.allclose(linear @ linear.T, scale**2 * np.eye(2))


def test_no_speed_is_no_motion():
    motion = draw_motion(np.random.default_rng(0), 0, 0, 0, centre=(3, 4), drifts=True)
    for time in (0.0, 5.0):
        assert np.allclose(motion.matrix(time), [[1, 0, 3], [0, 1, 4], [0, 0, 1]])
