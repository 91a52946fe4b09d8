"""Decode, compute and encode at the same time, through short queues.

    thread: decode --queue--> this thread: compute --queue--> thread: encode

The computing stays in the calling thread, so that Ctrl-C stops it at once.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

_PATIENCE = 0.1
_END = object()


@dataclass
class StageTimes:
    """For how many seconds each of the three had nothing to do but wait for another.

    Attributes:
        decode: For the computing to take a frame.
        frames: The computing, for the decoder.
        encoder: The computing, for the encoder.
        encode: For the computing to give a frame.
        total: How long all took.
    """

    decode: float = 0.0
    frames: float = 0.0
    encoder: float = 0.0
    encode: float = 0.0
    _began: float = field(default_factory=time.monotonic, repr=False)
    total: float = 0.0

    @contextmanager
    def waiting(self, name: str) -> Iterator[None]:
        """A context that counts as waiting; ``name`` is one of the attributes."""
        began = time.monotonic()
        try:
            yield
        finally:
            setattr(self, name, getattr(self, name) + time.monotonic() - began)

    def add(self, other: StageTimes) -> None:
        """Add what another one counted."""
        for each in fields(self):
            if each.name != "_began":
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def shares_of(self, total: float) -> tuple[float, float]:
        """Return, out of ``total`` seconds, the shares in which computing and encoding waited for each other."""
        share = total / max(self.total, 1e-9)
        return self.encoder * share, self.encode * share

    def stop(self) -> None:
        """Everything is done."""
        self.total = time.monotonic() - self._began

    def __str__(self) -> str:
        decode, frames, encoder, encode = (
            f"{seconds / max(self.total, 1e-9):.0%}"
            for seconds in (self.decode, self.frames, self.encoder, self.encode)
        )
        return (
            f"waiting, of {self.total:.1f} s: decoding {decode}, computing {frames} for frames and {encoder} for the "
            f"encoder, encoding {encode}"
        )


def read_ahead(source: Iterable[T], depth: int = 4, stages: StageTimes | None = None) -> Generator[T]:
    """Yield the items of ``source``, which a thread takes out up to ``depth`` items ahead.

    ``stages`` is told of both sides' waiting. An exception in ``source`` is raised here, after the items before it.
    When the consumer stops early (``close``, an exception), ``source`` is closed before control returns.
    """
    stages = stages or StageTimes()
    items: queue.Queue[object] = queue.Queue(depth)
    stopped = threading.Event()
    failure: list[BaseException] = []

    def offer(item: object) -> None:
        while not stopped.is_set():
            try:
                return items.put(item, timeout=_PATIENCE)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in source:
                with stages.waiting("decode"):
                    offer(item)
                if stopped.is_set():
                    break
        except BaseException as error:
            failure.append(error)
        finally:
            _close(source)
            offer(_END)

    thread = threading.Thread(target=work, name="stvsr-read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            with stages.waiting("frames"):
                item = items.get()
            if item is _END:
                break
            yield item  # type: ignore[misc]
        if failure:
            raise failure[0]
    finally:
        stopped.set()
        thread.join()


class WriteBehind(Generic[T]):
    """A context whose `put` hands items to ``write`` in another thread, at most ``depth`` waiting.

    Leaving the context stages until all is written. An exception in ``write`` is raised by the next `put`, or
    on leaving; after one, or when the context is left by an exception, waiting items are dropped.
    """

    def __init__(self, write: Callable[[T], object], depth: int = 4, stages: StageTimes | None = None) -> None:
        self._write, self._waits = write, stages or StageTimes()
        self._items: queue.Queue[object] = queue.Queue(depth)
        self._failure: BaseException | None = None
        self._dropping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="stvsr-write-behind", daemon=True)

    def __enter__(self) -> WriteBehind[T]:
        self._thread.start()
        return self

    def put(self, item: T) -> None:
        """Hand over one item; stages while ``depth`` items are waiting.

        Raises:
            BaseException: Whatever ``write`` raised for an earlier item.
        """
        self._raise()
        with self._waits.waiting("encoder"):
            self._items.put(item)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._dropping.set()
        with self._waits.waiting("encoder"):
            self._items.put(_END)
            self._thread.join()
        if kind is None:
            self._raise()

    def _work(self) -> None:
        while True:
            with self._waits.waiting("encode"):
                item = self._items.get()
            if item is _END:
                return
            if self._dropping.is_set():
                continue
            try:
                self._write(item)  # type: ignore[arg-type]
            except BaseException as error:
                self._failure = error
                self._dropping.set()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure


def _close(source: object) -> None:
    close = getattr(source, "close", None)
    if close is not None:
        close()
