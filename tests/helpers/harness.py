"""Asks a process of its own about one damaged file after another, and outlives it."""

from __future__ import annotations

import select
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.helpers import importing, program

# A worker that says nothing for so long while it computes nothing hangs; computing is limited by itself.
PATIENCE = 240


class Worker:
    """The process that opens the files; started again when one of them kills it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def ask(self, path: Path, folder: Path, what: str) -> str:
        if self._process is None:
            self._process = subprocess.Popen(
                program("hostile_files"),
                env=importing(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{path}\t{folder}\t{what}\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        said = process.stdout.readline().rstrip("\n") if ready else ""
        if said:
            return said
        self.stop()
        if not ready:
            return "wrong: hangs"
        number = -process.returncode
        return f"wrong: killed by {signal.Signals(number).name}" if number > 0 else f"wrong: ends with {-number}"

    def stop(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.communicate()
            self._process = None


def run(mutants: Iterable[tuple[str, Path, str]], tmp_path: Path) -> tuple[Counter, list[str]]:
    """Return how many files were fine, refused and wrong, and what was wrong with which.

    Args:
        mutants: What to call it, the file and what to do with it; each file is removed afterwards.
        tmp_path: For outputs.
    """
    worker, counts, wrong = Worker(), Counter(), []
    folder = tmp_path / "outputs"
    folder.mkdir()
    try:
        for name, path, what in mutants:
            said = worker.ask(path, folder, what)
            counts[said.split()[0].rstrip(":")] += 1
            if said.startswith("wrong"):
                wrong.append(f"{name}, {what}: {said}")
                for rest in folder.iterdir():
                    shutil.rmtree(rest) if rest.is_dir() else rest.unlink()
            path.unlink()
    finally:
        worker.stop()
    print(dict(counts), *wrong, sep="\n")
    return counts, wrong
