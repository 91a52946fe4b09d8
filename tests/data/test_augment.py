import numpy as np
import pytest

from stvsr.data.augment import area_average, flip_turn_reverse


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("size", [(12, 12), (13, 17), (31, 26)])
def test_area_average_is_the_mean_of_each_block_rounded_half_up(factor, size):
    frames = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    height, width = size[0] // factor, size[1] // factor
    blocks = frames[:, : height * factor, : width * factor].reshape(2, height, factor, width, factor, 3)
    expected = np.floor(blocks.astype(float).mean(axis=(2, 4)) + 0.5)
    assert np.array_equal(area_average(frames, factor), expected)


def test_area_average_of_white_is_white_and_of_one_frame_has_no_time():
    assert (area_average(np.full((9, 11, 3), 255, np.uint8), 2) == 255).all()
    assert area_average(np.zeros((9, 11, 3), np.uint8), 2).shape == (4, 5, 3)


def test_flips_turns_and_reversal_move_values_and_change_none():
    frames = np.random.default_rng(0).integers(0, 256, (4, 7, 7, 3), dtype=np.uint8)
    for seed in range(40):
        changed = flip_turn_reverse(frames, np.random.default_rng(seed))
        assert changed.shape == frames.shape
        assert np.array_equal(np.sort(changed, axis=None), np.sort(frames, axis=None))


def test_all_sixteen_symmetries_occur_equally():
    frames = np.arange(2 * 3 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3, 3)
    random = np.random.default_rng(0)
    seen: dict[bytes, int] = {}
    for _ in range(1600):
        key = flip_turn_reverse(frames, random).tobytes()
        seen[key] = seen.get(key, 0) + 1
    turned = [np.rot90(frames, turns, axes=(1, 2)) for turns in range(4)]
    expected = {part[::time, :, ::flip].tobytes() for part in turned for time in (1, -1) for flip in (1, -1)}
    assert seen.keys() == expected
    assert min(seen.values()) > 60
