"""``metrics.csv``, cut back on resumption to where the checkpoint left it, and TensorBoard if installed."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stvsr.errors import StvsrError

TIMING = ("seconds", "steps_per_second", "wait_share")


class Table:
    """A CSV file that only grows, one row per call, its columns fixed by the first row.

    Raises:
        StvsrError: If it cannot be written.

    Args:
        path: The file.
        kept_bytes: How much of an existing file to keep; what follows was written after the checkpoint.
    """

    def __init__(self, path: Path, kept_bytes: int = 0) -> None:
        existing = path.read_bytes()[:kept_bytes] if kept_bytes and path.exists() else b""
        self._columns = existing.decode().splitlines()[0].split(",") if existing else []
        self._file = path.open("r+b" if existing else "wb")
        self._file.truncate(len(existing))
        self._file.seek(len(existing))

    def add(self, row: Mapping[str, float | int | None]) -> None:
        """Append a row. None leaves a cell empty; a number that is new since the first row is left out."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self._columns:
            self._columns = list(row)
            writer.writerow(self._columns)
        writer.writerow([_cell(row.get(column)) for column in self._columns])
        try:
            self._file.write(text.getvalue().encode())
            self._file.flush()
        except OSError as error:
            raise StvsrError(f"{self._file.name}: cannot be written: {error.strerror}") from None

    def sync(self) -> int:
        """Force everything to the disk and return the length in bytes, for the checkpoint."""
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Board:
    """TensorBoard's event file, or nothing where TensorBoard is not installed."""

    def __init__(self, folder: Path, step: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self._writer: Any = None
        else:
            self._writer = SummaryWriter(str(folder), purge_step=step)

    def add(self, row: Mapping[str, float | int | None]) -> None:
        """Write every number of a row under its name, at the row's ``step``."""
        if self._writer is not None:
            for name, value in row.items():
                if name != "step" and value is not None:
                    self._writer.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Flush and close."""
        if self._writer is not None:
            self._writer.close()


def _cell(value: float | int | None) -> str:
    if value is None:
        return ""
    return f"{value:.7g}" if isinstance(value, float) else str(value)
