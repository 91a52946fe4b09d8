"""Runs of `tiny` in processes of their own, forked from one that has imported everything: a script for the tests.

forks.py kill FOLDER     one uninterrupted run, then for every n one that is killed at its n-th event, then resumed
forks.py ranks FOLDER    one process with a batch of 4, then two processes with a batch of 2 each
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import torch

from stvsr.training import loop, state
from tests.helpers import tiny

EVENTS = [(os, "fsync"), (Path, "replace"), (Path, "rename"), (shutil, "rmtree"), (torch, "save")]


def fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    signal.alarm(100)  # never outlive the test
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_at(number: int) -> None:
    """Make the ``number``-th event kill this process: a batch asked for, or one of `EVENTS` begun."""
    left = number

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(function):
        def call(*args, **kwargs):
            count()
            return function(*args, **kwargs)

        return call

    for owner, name in EVENTS:
        setattr(owner, name, counted(getattr(owner, name)))
    stream = tiny.Noise.stream
    tiny.Noise.stream = lambda self, first=0: (count() or item for item in stream(self, first))
    contents = state.hashlib.sha256  # asked for when the file is half written
    state.hashlib.sha256 = counted(contents)


def kill(folder: Path) -> None:
    # the one checkpoint between the ends falls inside an interval of the table, with a row before and after it
    recipe = tiny.recipe(steps=5, log_every=2, checkpoint_steps=3, validation={"every": 4})

    def run(name: str, event: int = 0) -> None:
        if event:
            die_at(event)
        loop.fit(recipe, folder / name, device="cpu", parts=tiny.parts())

    assert wait(fork(lambda: run("whole"))) == 0
    event = 1
    while True:
        name = f"killed-{event:03}"
        code = wait(fork(lambda name=name, event=event: run(name, event)))
        if code == 0:  # it ended before there were that many events
            shutil.rmtree(folder / name)
            return
        assert code == -signal.SIGKILL, code
        assert wait(fork(lambda name=name: run(name))) == 0
        event += 1


def ranks(folder: Path) -> None:
    def run(name: str, rank: int, world: int, port: int) -> None:
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world, "GROUP_RANK": 0}
        if world > 1:  # what torchrun tells the processes that it starts
            os.environ |= {key: str(value) for key, value in place.items()}
            os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "test"}
        recipe = tiny.recipe(
            model={"dropout": 0.0}, data={"train": [{"kind": "none"}], "batch": 4 // world}, log_every=1
        )
        loop.fit(recipe, folder / name, device="cpu", parts=tiny.parts(bad_steps=(4,)))

    assert wait(fork(lambda: run("one", 0, 1, 0))) == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = [fork(lambda rank=rank: run("two", rank, 2, port)) for rank in range(2)]
    assert [wait(child) for child in children] == [0, 0]


if __name__ == "__main__":
    torch.set_num_threads(1)  # a forked process must not wait for threads that it did not inherit
    {"kill": kill, "ranks": ranks}[sys.argv[1]](Path(sys.argv[2]))
