"""A progress bar on a terminal, a plain line now and then elsewhere; always on standard error."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from stvsr.cli.messages import as_typed
from stvsr.engine.progress import Progress
from stvsr.text import readable_time

LINE_SECONDS = 30.0
# Frames come in bursts, a window at a time; a pause this long is the computing of the next window.
PAUSE_SECONDS = 1.0


class TextProgress(Progress):
    """Shows frames done, frames per second and the time left while in its context.

    Args:
        what: Names the job, such as ``shrink``.
        quiet: Show notices only.

    Attributes:
        title: Names the job that begins next, as ``what`` does.
    """

    def __init__(self, what: str = "stvsr", *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._told: set[str] = set()
        self._console = Console(stderr=True, highlight=False)
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[rate]}"),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )
        self.title = what
        self._task: TaskID | None = None
        self._total = 0
        self._rate = 0.0
        self._before = 0
        self._start()

    def _start(self) -> None:
        self._began = self._last_line = self._last_step = self._burst = time.monotonic()

    def __enter__(self) -> TextProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def begin(self, frames: int) -> None:
        """Start the clock for so many frames."""
        self._total, self._before, self._rate = frames, 0, 0.0
        self._start()
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(self.title, total=frames, rate="")
        self._bar.start()

    def resume(self, done: int) -> None:
        """Show that so many frames were done before; they do not count for the rate."""
        self._before = done
        if self._task is not None:
            self._bar.update(self._task, completed=done)
        if not self._quiet:
            self.notice(f"going on after {done} of {self._total} frames")

    def end(self) -> None:
        """Let go of the terminal until the next job begins."""
        self._bar.stop()

    def step(self, done: int) -> None:
        """Show that so many frames are done."""
        now = time.monotonic()
        self._measure(done, now)
        rate = (
            f"{self._rate:.2f} frames/s, {readable_time((self._total - done) / self._rate)} left" if self._rate else ""
        )
        assert self._task is not None
        self._bar.update(self._task, completed=done, rate=rate)
        if rate and self._bar.disable and not self._quiet and now - self._last_line > LINE_SECONDS:
            self._last_line = now
            print(f"{self.title}: {done}/{self._total} frames, {rate}", file=sys.stderr)

    def _measure(self, done: int, now: float) -> None:
        """Take the rate where a window is complete, or, where frames flow without pauses, as they come."""
        if now - self._last_step > PAUSE_SECONDS:
            if self._last_step > self._began:
                self._rate = (done - self._before - 1) / (self._last_step - self._began)
            self._burst = now
        elif now - self._burst > PAUSE_SECONDS:
            self._rate = (done - self._before) / (now - self._began)
        self._last_step = now

    def notice(self, line: str) -> None:
        """Print a line, above the bar where there is one; once."""
        if line not in self._told:  # of many files, what is not about one of them
            self._told.add(line)
            self._console.print(f"stvsr: {as_typed(line)}", markup=False, soft_wrap=True)
