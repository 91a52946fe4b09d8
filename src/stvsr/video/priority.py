"""Keeping encoders from taking a machine for themselves.

SVT-AV1, run as root as in most containers, gives its threads the real-time priority 99, and the one that opens it too,
for good: while they have work nothing else on those cores runs, other services and trainings included, however ``nice``
the process is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_THREADS = Path("/proc/self/task")  # Linux; elsewhere nobody asks for such a priority


@contextmanager
def kept_priority() -> Iterator[None]:
    """Undo what happens within the context to scheduling: threads keep theirs, new ones get no real-time priority."""
    before = _scheduled()
    try:
        yield
    finally:
        for thread, now in _scheduled().items():
            policy, priority = before.get(thread, (os.SCHED_OTHER, 0))
            if now != (policy, priority) and now[0] in (os.SCHED_FIFO, os.SCHED_RR):
                with suppress(OSError):  # one that has ended since
                    os.sched_setscheduler(thread, policy, os.sched_param(priority))


def _scheduled() -> dict[int, tuple[int, int]]:
    """Return policy and priority of every thread of this process."""
    found = {}
    for thread in (int(entry.name) for entry in _THREADS.iterdir()) if _THREADS.is_dir() else ():
        with suppress(OSError):
            found[thread] = (os.sched_getscheduler(thread), os.sched_getparam(thread).sched_priority)
    return found
