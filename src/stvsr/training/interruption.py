"""Reasons to stop before the last step: a signal, or time that is spent."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType


class Interruption:
    """Remembers the first Ctrl-C or SIGTERM so that the step can be finished; a second one acts at once.

    Attributes:
        reason: Why to stop, or an empty text.

    Args:
        minutes: Time after which to stop; 0: none.
        began: When that time began, by `time.monotonic`; by default now.
    """

    def __init__(self, minutes: float = 0.0, began: float | None = None) -> None:
        self.reason = ""
        began = time.monotonic() if began is None else began
        self._end = began + minutes * 60 if minutes else float("inf")
        self._before: dict[signal.Signals, object] = {}

    def due(self) -> bool:
        """Whether to stop after this step."""
        if not self.reason and time.monotonic() >= self._end:
            self.reason = "the time is spent"
        return bool(self.reason)

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.reason = "interrupted" if number == signal.SIGINT else "asked to stop"
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()
