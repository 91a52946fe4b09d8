import itertools
import threading
import time

import numpy as np
import pytest
import torch

from stvsr.data.loader import Batches
from stvsr.errors import StvsrError


@pytest.fixture
def clips(make_clips, moving):
    return make_clips(moving(9, 40, 31, 1), moving(12, 33, 52, 2))


def test_a_batch_has_the_promised_form(clips):
    batch = Batches([(clips, 1.0)], frames=5, patch=15, batch=3, seed=7).batch(0)
    assert batch.shape == (3, 3, 5, 15, 15)
    assert batch.dtype == torch.uint8
    assert batch.is_contiguous()


def test_a_batch_depends_on_seed_and_step_alone(clips):
    def loader(**change):
        return Batches([(clips, 1.0)], **{"frames": 4, "patch": 16, "batch": 2, "seed": 7, **change})

    used = loader()
    for step in range(5):
        used.batch(step)
    assert torch.equal(used.batch(3), loader().batch(3))
    assert not torch.equal(loader().batch(3), loader().batch(4))
    assert not torch.equal(loader().batch(3), loader(seed=8).batch(3))


def test_two_processes_see_the_samples_of_one_with_twice_the_batch(clips):
    common = {"frames": 3, "patch": 16, "seed": 1, "strides": (1, 2), "shrink": 0.5}
    whole = Batches([(clips, 1.0)], batch=6, **common)
    halves = [Batches([(clips, 1.0)], batch=3, rank=rank, world=2, **common) for rank in (0, 1)]
    for step in (0, 10_000):
        assert torch.equal(whole.batch(step), torch.cat([half.batch(step) for half in halves]))


@pytest.mark.parametrize("workers", [1, 3])
def test_a_stream_gives_the_batches_in_order_from_any_step(clips, workers):
    loader = Batches([(clips, 1.0)], frames=3, patch=16, batch=2, seed=1, workers=workers, prefetch=3)
    for expected, (step, batch) in zip(range(40, 50), loader.stream(40), strict=False):
        assert step == expected
        assert torch.equal(batch, loader.batch(step))


def test_a_closed_stream_leaves_no_thread(clips):
    before = threading.active_count()
    stream = Batches([(clips, 1.0)], frames=3, patch=16, batch=2, seed=1, workers=2).stream()
    next(stream)
    stream.close()
    assert threading.active_count() == before


class Slow:
    """A clip that takes its time."""

    names = ("slow",)

    def __init__(self, seconds):
        self.seconds = seconds

    def __len__(self):
        return 1

    def shape(self, index):
        return (5, 20, 20)

    def crop(self, index, start, frames, y, x, height, width):
        time.sleep(self.seconds)
        return np.zeros((frames, height, width, 3), np.uint8)


@pytest.mark.parametrize(("loading", "training", "low", "high"), [(0.03, 0.0, 0.8, 1.0), (0.0, 0.03, 0.0, 0.3)])
def test_the_share_of_time_waited_is_known(loading, training, low, high):
    loader = Batches([(Slow(loading), 1.0)], frames=3, patch=16, batch=1, seed=1)
    for _ in itertools.islice(loader.stream(), 8):
        time.sleep(training)
    assert low <= loader.wait_share <= high


def test_a_failing_worker_stops_the_consumer():
    class Broken(Slow):
        def crop(self, *where):
            raise StvsrError("the disk is gone")

    with pytest.raises(StvsrError, match="gone"):
        next(Batches([(Broken(0), 1.0)], frames=3, patch=16, batch=1, seed=1).stream())


def test_samples_come_from_the_clips_at_the_right_place(make_clips):
    clip = np.zeros((11, 20, 22, 3), np.uint8)
    clip[..., 0] = np.arange(11)[:, None, None]
    clip[..., 1] = np.arange(20)[:, None]
    clip[..., 2] = np.arange(22)
    loader = Batches([(make_clips(clip), 1.0)], frames=4, patch=9, batch=1, seed=0, augment=False, strides=(1, 2, 3))
    strides, corners = set(), set()
    for index in range(300):
        sample = loader.sample(0, index).astype(int)
        steps = np.diff(sample[..., 0], axis=0)
        assert np.ptp(steps) == 0
        strides.add(int(steps.flat[0]))
        assert (np.diff(sample[..., 1], axis=1) == 1).all()
        assert (np.diff(sample[..., 2], axis=2) == 1).all()
        corners.add(tuple(sample[0, 0, 0, 1:].tolist()))
    assert strides == {1, 2, 3}
    assert {y for y, _ in corners} == set(range(12))
    assert {x for _, x in corners} == set(range(14))


def test_a_stride_is_shortened_to_what_the_clip_holds(make_clips, moving):
    loader = Batches([(make_clips(moving(7, 20, 20)), 1.0)], frames=4, patch=9, batch=4, seed=0, strides=(5,))
    assert loader.batch(0).shape == (4, 3, 4, 9, 9)
    one = Batches([(make_clips(moving(7, 20, 20)), 1.0)], frames=1, patch=9, batch=4, seed=0, strides=(2,))
    assert one.batch(0).shape == (4, 3, 1, 9, 9)


def test_shrinking_averages_a_crop_twice_as_large(make_clips):
    ramp = np.broadcast_to(np.arange(0, 120, 2, dtype=np.uint8)[:, None], (60, 60))
    clip = np.repeat(ramp[None, :, :, None], 3, axis=3).repeat(4, axis=0)
    loader = Batches([(make_clips(clip), 1.0)], frames=2, patch=16, batch=1, seed=0, augment=False, shrink=1.0)
    sample = loader.sample(0, 0).astype(int)
    assert (np.diff(sample, axis=1) == 4).all()
    large = Batches([(make_clips(clip), 1.0)], frames=2, patch=40, batch=1, seed=0, augment=False, shrink=1.0)
    assert (np.diff(large.sample(0, 0).astype(int), axis=1) == 2).all()  # too small to shrink


def test_sources_are_drawn_by_weight_and_their_clips_equally(make_clips):
    def flat(value):
        return np.full((3, 16, 16, 3), value, np.uint8)

    loader = Batches([(make_clips(flat(0), flat(1)), 3.0), (make_clips(flat(2)), 1.0)], 2, 16, 1, seed=0)
    values = [int(loader.sample(0, index)[0, 0, 0, 0]) for index in range(800)]
    assert np.allclose(np.bincount(values) / 800, [0.375, 0.375, 0.25], atol=0.05)


def test_short_and_small_clips_are_left_out_with_a_warning_each(make_clips, moving, caplog):
    clips = make_clips(moving(9, 40, 40), moving(3, 40, 40, 1), moving(9, 10, 40, 2))
    loader = Batches([(clips, 1.0)], frames=4, patch=16, batch=8, seed=0)
    assert [record.args[0] for record in caplog.records] == ["clip 1", "clip 2"]
    assert loader.batch(0).shape == (8, 3, 4, 16, 16)


def test_no_clip_long_enough_is_an_error(clips):
    with pytest.raises(StvsrError, match="none of 2 clips has 13 frames"):
        Batches([(clips, 1.0)], frames=13, patch=16, batch=1, seed=0)


@pytest.mark.parametrize("change", [{"patch": 0}, {"seed": -1}, {"strides": (0,)}, {"batch": 0}])
def test_numbers_out_of_range_are_refused(clips, change):
    with pytest.raises(StvsrError):
        Batches([(clips, 1.0)], **{"frames": 3, "patch": 16, "batch": 1, "seed": 0, **change})
    with pytest.raises(StvsrError, match="weight"):
        Batches([(clips, 0.0)], frames=3, patch=16, batch=1, seed=0)
