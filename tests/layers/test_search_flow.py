import cv2
import numpy as np
import pytest
import torch

from stvsr.layers.search_flow import SearchFlow, search


def picture(seed: int = 0, height: int = 72, width: int = 96) -> np.ndarray:
    noise = np.random.default_rng(seed).random((height // 8, width // 8, 3), dtype=np.float32)
    return (cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 255).astype(np.uint8)


def test_a_shift_is_found_towards_the_right_and_down() -> None:
    whole = picture()
    flow = search(whole[4:-4, 4:-4], whole[5:-3, 2:-6])  # what was at x is at x + 2, what was at y at y - 1
    assert flow.shape == (64, 88, 2)
    assert np.median(flow[8:-8, 8:-8, 0]) == pytest.approx(2, abs=0.1)
    assert np.median(flow[8:-8, 8:-8, 1]) == pytest.approx(-1, abs=0.1)


def test_the_number_of_threads_changes_nothing() -> None:
    before, found = cv2.getNumThreads(), []
    try:
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            found.append(search(picture(0, 320, 480), picture(1, 320, 480)))
    finally:
        cv2.setNumThreads(before)
    assert all(np.array_equal(found[0], other) for other in found[1:])


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 40), (33, 9)])
def test_batches_of_any_size_are_searched_pair_by_pair(height: int, width: int) -> None:
    first, second = (torch.from_numpy(np.stack([picture(s, 48, 48), picture(s + 1, 48, 48)])) for s in (0, 2))
    one, other = (x[:, :height, :width].permute(0, 3, 1, 2) / 255 for x in (first, second))
    flows = SearchFlow()(one, other)
    assert flows.shape == (2, 2, height, width)
    assert flows.dtype == torch.float32
    for flow, a, b in zip(flows, first.numpy(), second.numpy(), strict=True):
        assert np.array_equal(flow.permute(1, 2, 0).numpy(), search(a[:height, :width], b[:height, :width]))
