import os
import signal
import threading
import time

import pytest

from stvsr.training.interruption import Interruption


@pytest.fixture(autouse=True)
def _ctrl_c_is_heard():
    """A shell that runs a command in the background has it ignore Ctrl-C, and so would the tests there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_remembered_and_the_handlers_put_back(number):
    before = signal.getsignal(number)
    with Interruption() as interruption:
        assert not interruption.due()
        os.kill(os.getpid(), number)
        assert interruption.due()
        assert signal.getsignal(number) == before  # a second one acts at once
    assert signal.getsignal(number) == before


def test_the_second_ctrl_c_acts_at_once():
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.reason == "interrupted"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_time_spent_before_counts():
    assert Interruption(minutes=1, began=time.monotonic() - 61).due()
    assert not Interruption(minutes=1, began=time.monotonic() - 30).due()
    assert not Interruption(minutes=0, began=0).due()


def test_it_works_in_a_thread_that_may_not_catch_signals():
    seen = []

    def work():
        with Interruption() as interruption:
            seen.append(interruption.due())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
