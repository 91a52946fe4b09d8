"""Peak memory of `stvsr expand` on a short and on a long video: the two figures should be the same.

    python benchmarks/expand_memory.py
    python benchmarks/expand_memory.py --width 640 --height 360 --seconds 2 20 --model FOLDER

Writes small videos of synthetic motion with their records, in a temporary folder, expands each in a process of its
own and prints the largest memory that process ever held. Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from stvsr.jobs.records import SHRINK_TAG as TAG
from stvsr.jobs.records import ShrinkRecord
from stvsr.models.zoo import Entry, find
from stvsr.text import readable_size
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.writer import VideoWriter


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="staa-2t4s-compact", help="bundled name or folder")
    parser.add_argument("--width", type=int, default=1920)
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--rate", type=int, default=24, help="frames per second of the large video")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10, 100], help="one row for each")
    parser.add_argument("--memory", type=float, help="as for 'stvsr expand'")
    arguments = parser.parse_args()

    entry = find(arguments.model)
    table = Table("length", "frames", "peak memory", "time", "output Mpixel/s", title=f"expand, {entry.name}")
    with tempfile.TemporaryDirectory() as folder:
        for seconds in arguments.seconds:
            frames = max(1, round(seconds * arguments.rate))
            size = (frames, arguments.height, arguments.width)
            source = make_small_video(Path(folder), entry, size, arguments.rate)
            peak, took = measure(source, entry, arguments.memory)
            speed = frames * arguments.width * arguments.height / took / 1e6
            table.add_row(f"{seconds:g} s", str(frames), readable_size(peak), f"{took:.1f} s", f"{speed:.2f}")
    Console().print(table)


def make_small_video(folder: Path, entry: Entry, size: tuple[int, int, int], rate: int) -> Path:
    """Write what `shrink` would leave of a video of ``size`` (frames, height, width): gliding waves of colour."""
    count, height, width = entry.scale.low_size(size)
    record = ShrinkRecord(
        model=entry.name,
        weights=entry.checksum,
        scale=str(entry.scale),
        width=size[2],
        height=size[1],
        frames=0,
        rate=Fraction(rate),
        times={},
    ).with_times([Fraction(i, rate) for i in range(size[0])])
    path = folder / f"{size[0]}.mkv"
    low_rate = Fraction(rate) / entry.scale.time
    y, x = np.mgrid[:height, :width][..., None]
    colour = np.array([0.0, 1.0, 2.0])
    tags = {TAG.lower(): record.to_json()}
    with VideoWriter(path, width, height, low_rate, encoder=LOSSLESS_RGB, metadata=tags) as writer:
        for i in range(count):
            waves = np.sin((x + 3 * i) / 7 + colour) + np.sin((y - 2 * i) / 5 - colour)
            writer.write(np.rint(127.5 + 60 * waves).astype(np.uint8), i / low_rate)
    return path


def measure(source: Path, entry: Entry, memory: float | None) -> tuple[int, float]:
    """Expand ``source`` in another process; return its peak resident memory in bytes, and the seconds it took."""
    output = source.with_name("large.mp4")
    command = [sys.executable, "-c", "from stvsr.cli import main; main()", "expand", str(source), str(output)]
    command += ["--model", str(entry.folder), "--device", "cpu"]
    command += ["--memory", str(memory)] if memory is not None else []
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"expand failed with exit code {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit, time.monotonic() - began


if __name__ == "__main__":
    main()
