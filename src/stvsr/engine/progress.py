"""The protocol of whoever listens to a job. It knows no jobs, and no job imports a listener."""

from __future__ import annotations


class Progress:
    """Told how far a job is; this one keeps it to itself."""

    def begin(self, frames: int) -> None:
        """The job starts, and has ``frames`` frames of the large video to go through."""

    def resume(self, done: int) -> None:
        """So many of them were done before, by an earlier run."""

    def step(self, done: int) -> None:
        """So many of them are done."""

    def notice(self, line: str) -> None:
        """Something that the user should know, in one line."""
