"""Jobs in processes of their own, killed and begun again: a script for `test_resume`, as it must fork on its own.

killed.py FOLDER SUFFIX MOMENTS     kills a job at so many moments and compares what comes out in the end, to the bit
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from stvsr.engine import job
from stvsr.engine.progress import Progress
from stvsr.engine.segments import folder_of
from stvsr.video import pieces, writer
from tests.helpers.clips import write
from tests.helpers.fakes import Blur, clip
from tests.helpers.jobs import restore

EVENTS = [
    (os, "fsync"),
    (Path, "replace"),
    (Path, "unlink"),
    (Path, "rmdir"),
    (pieces.CodedWriter, "add"),
    (pieces.CodedWriter, "finish"),
    (writer.VideoWriter, "append"),
    (Blur, "upsample"),
]
RATE = Fraction(25)


def source(folder: Path) -> Path:
    """Two shots, 22 and 18 frames of noise on two grounds."""
    frames = clip(40, 24, 32) // 4
    frames[22:] += 150
    return write(folder / "in.mkv", frames, [i / RATE for i in range(40)], rate=RATE)


class Heard(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.done_before = 0

    def notice(self, line: str) -> None:
        self.lines.append(line)

    def resume(self, done: int) -> None:
        self.done_before = done


def run(given: Path, output: Path, **options) -> Heard:
    """Make 80 frames in ten segments or so."""
    job.SEGMENT = 8
    heard = Heard()
    restore(given, output, Blur(2, 2, reach=(1, 2)), progress=heard, **{"memory": 20_000_000, **options})
    return heard


def fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    signal.alarm(300)  # never outlive the test
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def count_events(then: Callable[[int], None]) -> None:
    """Call ``then`` with the number of every event that begins."""
    seen = 0

    def counted(function):
        def call(*args, **kwargs):
            nonlocal seen
            seen += 1
            then(seen)
            return function(*args, **kwargs)

        return call

    for owner, name in EVENTS:
        setattr(owner, name, counted(getattr(owner, name)))


def die_at(number: int) -> None:
    count_events(lambda seen: os.kill(os.getpid(), signal.SIGKILL) if seen == number else None)


def main(folder: Path, suffix: str, number: int) -> None:
    given, wanted, output = source(folder), folder / f"wanted{suffix}", folder / f"out{suffix}"
    counts = folder / "count"
    whole = lambda: (count_events(lambda seen: counts.write_text(str(seen))), run(given, wanted))  # noqa: E731
    began = time.monotonic()
    assert wait(fork(whole)) == 0
    took, total = time.monotonic() - began, int(counts.read_text())
    rng = random.Random(5)
    moments = [*sorted(rng.sample(range(1, total + 1), min(number, total))), total - 1]
    kills = [lambda n=n: (die_at(n), run(given, output)) for n in moments]
    for kill in kills:
        assert wait(fork(kill)) == -signal.SIGKILL
        check(given, output, wanted)
    for _ in range(2):  # at any moment at all, again and again
        child = fork(lambda: run(given, output))
        time.sleep(rng.random() * took)
        os.kill(child, signal.SIGKILL)
        wait(child)
    check(given, output, wanted)
    print(f"killed at {moments} of {total} events and at 2 moments")


def check(given: Path, output: Path, wanted: Path) -> None:
    """After a kill there is no output, or the right one; begun again, the job gives it and leaves nothing else."""
    assert not output.exists() or output.read_bytes() == wanted.read_bytes()
    assert wait(fork(lambda: run(given, output))) == 0
    assert output.read_bytes() == wanted.read_bytes()
    assert not folder_of(output).exists()
    assert not list(output.parent.glob(".*partial*")), "left behind"
    output.unlink()


if __name__ == "__main__":
    np.seterr(all="raise")
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
