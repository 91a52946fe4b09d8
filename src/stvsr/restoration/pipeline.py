"""Decode, compute and encode at the same time, through short queues.

    thread: decode --queue--> this thread: compute --queue--> thread: encode

The computing stays in the calling thread, so that Ctrl-C stops it at once.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

_PATIENCE = 0.1
_END = object()


def read_ahead(source: Iterable[T], depth: int = 4) -> Generator[T]:
    """Yield the items of ``source``, which a thread takes out up to ``depth`` items ahead.

    An exception in ``source`` is raised here, after the items before it. When the consumer stops early
    (``close``, an exception), ``source`` is closed before control returns.
    """
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
        while (item := items.get()) is not _END:
            yield item  # type: ignore[misc]
        if failure:
            raise failure[0]
    finally:
        stopped.set()
        thread.join()


class WriteBehind(Generic[T]):
    """A context whose `put` hands items to ``write`` in another thread, at most ``depth`` waiting.

    Leaving the context waits until all is written. An exception in ``write`` is raised by the next `put`, or
    on leaving; after one, or when the context is left by an exception, waiting items are dropped.
    """

    def __init__(self, write: Callable[[T], object], depth: int = 4) -> None:
        self._write = write
        self._items: queue.Queue[object] = queue.Queue(depth)
        self._failure: BaseException | None = None
        self._dropping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="stvsr-write-behind", daemon=True)

    def __enter__(self) -> WriteBehind[T]:
        self._thread.start()
        return self

    def put(self, item: T) -> None:
        """Hand over one item; waits while ``depth`` items are waiting.

        Raises:
            BaseException: Whatever ``write`` raised for an earlier item.
        """
        self._raise()
        self._items.put(item)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._dropping.set()
        self._items.put(_END)
        self._thread.join()
        if kind is None:
            self._raise()

    def _work(self) -> None:
        while (item := self._items.get()) is not _END:
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
