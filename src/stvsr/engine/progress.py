"""The protocol of whoever listens to a job. It knows jobs by their types alone, and no job imports a listener."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stvsr.engine.job import Target, Work


class Watcher:
    """Told of a job's progress; this one keeps it to itself."""

    def plan(self, work: Work, target: Target) -> None:
        """Something is going to be done and written; whoever only wants to know may raise an exception."""

    def begin(self, frames: int) -> None:
        """The job starts, and has ``frames`` frames of the large video to go through."""

    def resume(self, done: int) -> None:
        """So many of them were done before, by an earlier call."""

    def step(self, done: int) -> None:
        """So many of them are done."""

    def notice(self, line: str) -> None:
        """Something that the user should know, in one line."""
