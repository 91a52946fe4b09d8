"""Laws of `stvsr.video.priority`: encoders leave the machine to others."""

import os
import threading
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import pytest

from stvsr.video.coding import Coding
from stvsr.video.encoders import encoder
from stvsr.video.pieces import PieceEncoder
from stvsr.video.priority import kept_priority
from stvsr.video.roundtrip import RoundTrip
from stvsr.video.writer import VideoWriter

RATE = Fraction(25)


def real_time() -> list[int]:
    """The threads of this process that come before all others on the machine."""
    return [thread for thread in threads() if os.sched_getscheduler(thread) != os.SCHED_OTHER]


def threads() -> list[int]:
    return [int(entry.name) for entry in Path("/proc/self/task").iterdir()]


@pytest.fixture
def allowed():
    """A machine on which this process may ask for real time: Linux, as root."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except (OSError, AttributeError):
        pytest.skip("no right to real-time priority here")


def test_threads_that_were_there_before_keep_theirs_and_new_ones_do_not(allowed):
    done = threading.Event()
    ready = threading.Barrier(2)

    def work():
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        ready.wait()
        done.wait()

    earlier, later = (threading.Thread(target=work) for _ in range(2))
    try:
        earlier.start()
        ready.wait()
        with kept_priority():
            later.start()
            ready.wait()
        assert real_time() == [earlier.native_id]
    finally:
        done.set()
        earlier.join()
        later.join()


@pytest.mark.parametrize("way", ["stream", "piece", "file"])
def test_svt_av1_takes_no_real_time_priority(allowed, pictures, tmp_path, way):
    chosen, (frame,) = encoder("av1", 40), pictures(1, 64, 64)
    with ExitStack() as opened:
        if way == "stream":
            stream = RoundTrip(chosen, RATE)([frame])
            opened.callback(stream.close)
            next(stream)
        elif way == "piece":
            opened.callback(PieceEncoder(Coding.of(chosen, 64, 64, RATE)).finish)
        else:
            writer = opened.enter_context(VideoWriter(tmp_path / "out.mkv", 64, 64, RATE, encoder=chosen))
            writer.write(frame, Fraction(0))
        assert len(threads()) > threading.active_count()  # those of the encoder
        assert real_time() == []
