import threading
import time

import pytest

from stvsr.engine.pipeline import StageTimes, WriteBehind, read_ahead


def test_reading_ahead_keeps_every_item_and_the_order():
    assert list(read_ahead(range(1000), depth=3)) == list(range(1000))


def test_reading_ahead_runs_no_further_than_its_depth():
    taken = []
    stream = read_ahead((taken.append(i) or i for i in range(100)), depth=3)
    next(stream)
    time.sleep(0.05)
    assert len(taken) <= 5  # one given, three queued, one in hand
    stream.close()


def test_an_error_in_the_source_comes_out_itself_after_the_items_before_it():
    error = OSError("disk on fire")

    def source():
        yield 1
        yield 2
        raise error

    stream = read_ahead(source())
    assert [next(stream), next(stream)] == [1, 2]
    with pytest.raises(OSError, match="disk on fire") as raised:
        next(stream)
    assert raised.value is error


def test_a_consumer_that_leaves_early_closes_the_source_and_leaves_no_thread():
    closed = threading.Event()

    def source():
        try:
            yield from range(10**9)
        finally:
            closed.set()

    before = threading.active_count()
    stream = read_ahead(source())
    assert next(stream) == 0
    stream.close()
    assert closed.is_set()
    assert threading.active_count() == before


def test_writing_behind_writes_everything_in_order_before_it_leaves():
    written = []
    with WriteBehind(lambda item: (time.sleep(0.001), written.append(item))) as sink:
        for i in range(50):
            sink.put(i)
    assert written == list(range(50))


@pytest.mark.parametrize("items", [1, 100])
def test_an_error_in_writing_comes_out_itself(items):
    error = OSError("no space left")

    def write(item):
        raise error

    def run():
        with WriteBehind(write) as sink:
            for i in range(items):
                sink.put(i)

    before = threading.active_count()
    with pytest.raises(OSError, match="no space left") as raised:
        run()
    assert raised.value is error
    assert threading.active_count() == before


def test_an_interrupt_drops_what_is_waiting_and_leaves_no_thread():
    written = []
    before = threading.active_count()

    def run():
        with WriteBehind(lambda item: (time.sleep(0.05), written.append(item)), depth=20) as sink:
            for i in range(10):
                sink.put(i)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert len(written) < 3
    assert threading.active_count() == before


def test_whoever_waits_is_told():
    stages = StageTimes()

    def slow_source():
        for i in range(5):
            time.sleep(0.03)
            yield i

    with WriteBehind(lambda item: None, stages=stages) as sink:
        for item in read_ahead(slow_source(), stages=stages):
            sink.put(item)
    stages.stop()
    assert stages.frames > 0.1
    assert stages.encode > 0.1
    assert stages.decode < 0.1
    assert stages.encoder < 0.1
    assert "computing" in str(stages)


def test_a_slow_encoder_makes_the_others_wait():
    stages = StageTimes()
    with WriteBehind(lambda item: time.sleep(0.02), depth=1, stages=stages) as sink:
        for item in read_ahead(range(12), depth=1, stages=stages):
            sink.put(item)
    stages.stop()
    assert stages.encoder > 0.1
    assert stages.decode > 0.1
    assert stages.encode < 0.1
