from fractions import Fraction

import numpy as np
import pytest

from stvsr.engine.downsampling import downsample_stream
from stvsr.engine.upsampling import upsample_stream
from stvsr.engine.windows import Plan
from stvsr.errors import StvsrError
from tests.helpers.fakes import Blur, Faster, Gathering, Repeat, clip, codes, tensor

COUNTS = [1, 2, 3, 5, 12]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("model", [Repeat(), Blur(), Blur(3, 2, down=1), Blur(1, 4)], ids=lambda m: m.name)
def test_downsampling_a_stream_equals_downsampling_the_whole_clip(model, count):
    frames = clip(count, 37, 31)
    whole = codes(model.downsample(tensor(frames)))
    assert len(whole) == -(-count // model.scale.steps[0])
    smallest_windows = downsample_stream(model, iter(frames), memory=1)
    np.testing.assert_array_equal(np.stack(list(smallest_windows)), whole)
    np.testing.assert_array_equal(np.stack(list(downsample_stream(model, frames))), whole)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("layout", [Plan(1), Plan(2, 2, 3), Plan(5, 3, 1), Plan(64)], ids=str)
@pytest.mark.parametrize("model", [Repeat(), Blur(), Gathering(2), Gathering(3), Gathering(8)], ids=lambda m: m.name)
def test_upsampling_a_stream_equals_upsampling_the_whole_clip(model, layout, count):
    low = clip(count, 53, 77)
    whole = codes(model.upsample(tensor(low)))
    streamed = list(upsample_stream(model, iter(low), layout=layout))
    np.testing.assert_array_equal(np.stack(streamed), whole)


@pytest.mark.parametrize("layout", [Plan(5), Plan(3, 2, 2)], ids=str)
def test_a_fractional_time_factor_streams_as_the_whole_clip(layout):
    model = Faster(Fraction(6, 5))
    low = clip(23, 9, 51)
    whole = codes(model.upsample(tensor(low)))
    np.testing.assert_array_equal(np.stack(list(upsample_stream(model, low, layout=layout))), whole)


def test_a_margin_too_short_would_show_a_seam():
    model, low = Blur(), clip(16, 53, 51)
    whole = codes(model.upsample(tensor(low)))
    model.context = (1, 3)
    short_in_time = np.stack(list(upsample_stream(model, low, layout=Plan(2))))
    model.context = (2, 2)
    short_in_space = np.stack(list(upsample_stream(model, low, layout=Plan(64, 2, 2))))
    assert (short_in_time != whole).any()
    assert (short_in_space != whole).any()


@pytest.mark.parametrize("size", [(1, 37, 31), (4, 37, 31), (5, 40, 29), (6, 40, 32)])
def test_the_size_that_is_asked_for_is_the_size_that_comes(size):
    model = Repeat()
    low = downsample_stream(model, clip(*size))
    high = np.stack(list(upsample_stream(model, low, size)))
    assert high.shape == (*size, 3)


def test_too_few_low_frames_are_an_error_with_one_line():
    with pytest.raises(StvsrError, match=r"ends early.* 4 of 5 ") as raised:
        list(upsample_stream(Repeat(), clip(2, 10, 8), (5, 37, 31)))
    assert "\n" not in str(raised.value)


def test_no_frames_give_no_frames():
    assert list(upsample_stream(Repeat(), [])) == []
    assert list(downsample_stream(Repeat(), [])) == []


def test_a_longer_stream_holds_no_more_frames():
    held = {}
    for count in (40, 400):
        alive = peak = 0

        class Counted(np.ndarray):
            def __del__(self):
                nonlocal alive
                alive -= 1

        def source(count=count):
            nonlocal alive, peak
            for _ in range(count):
                alive += 1
                peak = max(peak, alive)
                yield np.zeros((8, 8, 3), np.uint8).view(Counted)

        for _ in upsample_stream(Blur(), source(), layout=Plan(4)):
            pass
        held[count] = peak
    assert held[40] == held[400]


@pytest.mark.parametrize("layout", [Plan(5, 1, 3), Plan(5, 2, 1), Plan(5, 3, 3)], ids=str)
@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
def test_blending_changes_nothing_where_the_context_suffices(layout, deep):
    model, low = Blur(), clip(3, 77, 85)
    low = low.astype(np.uint16) * 257 if deep else low
    whole = np.stack(list(upsample_stream(model, low, layout=Plan(5))))
    model.exact_context = False
    np.testing.assert_array_equal(np.stack(list(upsample_stream(model, low, layout=layout))), whole)


@pytest.mark.parametrize("layout", [Plan(1, 1, 2), Plan(1, 2, 1)], ids=str)
def test_tiles_pass_smoothly_into_each_other_where_the_context_does_not_suffice(layout):
    class Brighter(Repeat):
        """Depends on the mean of all that it sees."""

        def upsample(self, low):
            return super().upsample(low * 0 + low.mean())

    low = np.zeros((1, 60, 60, 3), np.uint8)
    low[:, 30:, 30:] = 240
    model, jumps = Brighter(1, 1), {}
    for exact in (True, False):
        model.exact_context = exact
        (high,) = upsample_stream(model, low, layout=layout)
        steps = np.abs(np.diff(high.astype(int), axis=0)).max(), np.abs(np.diff(high.astype(int), axis=1)).max()
        jumps[exact] = max(steps)
    assert jumps[True] > 30
    assert jumps[False] < jumps[True] / 6
