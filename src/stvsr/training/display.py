"""What a person sees of a run: a progress bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

LINE_SECONDS = 30.0


class Display:
    """Shows steps, speed, time left, loss, rate and what share of the time the loader kept the loop waiting.

    Args:
        total: Steps of the whole run.
        done: Steps done before.
        quiet: Show nothing, as in every process but the first.
    """

    def __init__(self, total: int, done: int = 0, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)
        self.total = total
        self._times: deque[tuple[int, float]] = deque([(done, time.monotonic())], maxlen=200)
        self._last_line = time.monotonic()
        self._bar = Bar(
            BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn("{task.description}"), console=self.console
        )
        self._task = self._bar.add_task("", total=total, completed=done)
        self._live = self.console.is_terminal and not quiet
        if self._live:
            self._bar.start()

    def step(self, step: int, facts: Mapping[str, str]) -> None:
        """Show that a step is done, with facts such as ``{"loss": "0.021"}``."""
        now = time.monotonic()
        self._times.append((step, now))
        if not self._live and now - self._last_line < LINE_SECONDS:
            return
        self._last_line = now
        text = ", ".join([self._speed(step), *(f"{name} {value}" for name, value in facts.items())])
        if self._live:
            self._bar.update(self._task, completed=step, description=text)
        else:
            self.say(f"step {step}/{self.total}, {text}")

    def say(self, line: str) -> None:
        """Print a line, above the bar where there is one."""
        self.console.print(line, markup=False, soft_wrap=True)

    def steps_per_second(self) -> float:
        """Return the speed over the last 200 steps."""
        (first, began), (last, ended) = self._times[0], self._times[-1]
        return (last - first) / max(ended - began, 1e-9)

    def close(self) -> None:
        """Take the bar down."""
        if self._live:
            self._bar.stop()

    def _speed(self, step: int) -> str:
        speed = self.steps_per_second()
        left = (self.total - step) / speed if speed else 0.0
        return f"{speed:.3g} steps/s, {clock(left)} left"


def clock(seconds: float) -> str:
    """Return a duration as ``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
