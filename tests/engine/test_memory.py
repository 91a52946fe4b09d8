import numpy as np
import pytest
import torch

from stvsr.engine.downsampling import downsample_stream
from stvsr.engine.memory import is_lack_of_memory
from stvsr.engine.upsampling import upsample_stream
from stvsr.engine.windows import Plan
from stvsr.errors import StvsrError
from stvsr.video.encoders import encoder
from tests.helpers.clips import read, write
from tests.helpers.fakes import Blur, Faster, clip, codes, tensor
from tests.helpers.jobs import restore

LOW = clip(13, 53, 77)


class Cramped(Blur):
    """Has memory for so many low values only."""

    def __init__(self, most, error=None):
        super().__init__(2, 2, reach=(2, 1))
        self.most, self.sizes = most, []
        self._error = error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    def _ask(self, clip):
        self.sizes.append(clip.numel())
        if clip.numel() > self.most:
            raise self._error

    def upsample(self, low):
        self._ask(low)
        return super().upsample(low)

    def downsample(self, high):
        self._ask(high)
        return super().downsample(high)


@pytest.fixture(scope="module")
def whole():
    return codes(Blur(2, 2, reach=(2, 1)).upsample(tensor(LOW)))


@pytest.mark.parametrize("most", [100_000, 60_000, 40_000])
def test_a_window_too_large_is_taken_in_smaller_ones_with_the_same_result(whole, most):
    model = Cramped(most)
    np.testing.assert_array_equal(np.stack(list(upsample_stream(model, LOW, layout=Plan(32)))), whole)
    assert model.sizes[0] > most


def test_what_was_too_large_once_is_not_tried_again():
    model = Cramped(60_000)
    list(upsample_stream(model, np.concatenate([LOW] * 8), layout=Plan(13)))
    failed = [i for i, size in enumerate(model.sizes) if size > model.most]
    assert failed == list(range(len(failed)))


def test_windows_stay_whole_multiples_of_the_time_factors_denominator():
    model, calls = Faster("6/5"), []
    ordinary = model.upsample

    def upsample(low):
        calls.append(low.shape[2])
        if low.shape[2] > 16:
            raise MemoryError
        return ordinary(low)

    model.upsample = upsample
    low = clip(40, 9, 51)
    high = np.stack(list(upsample_stream(model, low, layout=Plan(30))))
    np.testing.assert_array_equal(high, codes(ordinary(tensor(low))))
    assert max(calls) > 16


def test_shrinking_takes_smaller_windows_too():
    model = Cramped(50_000)
    frames = clip(20, 33, 47)
    whole = codes(Cramped(10**9).downsample(tensor(frames)))
    np.testing.assert_array_equal(np.stack(list(downsample_stream(model, frames))), whole)
    assert model.sizes[0] > 50_000


@pytest.mark.parametrize("stream", [upsample_stream, downsample_stream])
def test_no_memory_at_all_is_one_line(stream):
    with pytest.raises(StvsrError, match="not enough memory even for the smallest") as raised:
        list(stream(Cramped(10), LOW))
    assert "\n" not in str(raised.value)


def test_other_errors_stay_what_they_are():
    broken = Cramped(10, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        list(upsample_stream(broken, LOW))


def test_what_pytorch_and_numpy_say_for_lack_of_memory_is_known():
    for allocate in (lambda: torch.empty(1 << 50, dtype=torch.uint8), lambda: np.empty(1 << 55, np.uint8)):
        with pytest.raises((RuntimeError, MemoryError)) as raised:
            allocate()
        assert is_lack_of_memory(raised.value)
    assert is_lack_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert is_lack_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 2 GB)"))
    assert not is_lack_of_memory(RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"))
    assert not is_lack_of_memory(ValueError("out of memory"))


def test_a_file_is_made_all_the_same(tmp_path, whole):
    source = write(tmp_path / "in.mkv", LOW)
    outcome = restore(source, tmp_path / "o.mkv", Cramped(60_000), encoder=encoder("ffv1"))
    np.testing.assert_array_equal(read(outcome.path)[0], whole)
