"""Memory over a long job: what a whole engine holds, from reading to writing, while hours of video go through it.

    python benchmarks/long_video.py                      an hour at 25 frames per second, 32x32 pixels
    python benchmarks/long_video.py --frames 20000

Upscales a synthetic video (moving waves, a cut now and then) twice in time and space by interpolation, so that the
engine and not a network is what takes time, in a process of its own, and prints what that process held after each
tenth: resident memory, and the segments kept on disk. Needs Linux.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from stvsr.physics.interpolation import trilinear
from stvsr.physics.scale import Scale
from stvsr.restoration.job import Watcher, readable_size
from stvsr.restoration.store import folder_of
from stvsr.restoration.upscale import upscale_file
from stvsr.video.encoders import encoder
from stvsr.video.writer import VideoWriter

RATE = Fraction(25)
SHOT = 400
STEPS = 10


class Interpolation:
    """Trilinear, twice in time and space: the cheapest model there is."""

    name = "trilinear-2t2s"
    scale = Scale.of(2, 2)
    context = (1, 1)
    down_context = 0
    bytes_per_low_pixel = 1024

    def upsample(self, low: Tensor) -> Tensor:
        """Return the high clip."""
        return trilinear(low, self.scale, torch.full((1, 3), 0.5))


class Meter(Watcher):
    """Sends what this process holds after each tenth of the job."""

    def __init__(self, pipe: Connection, output: Path) -> None:
        self._pipe, self._folder = pipe, folder_of(output)
        self._every, self._next, self._began = 1, 0, time.monotonic()

    def begin(self, frames: int) -> None:
        """Remember how much there is to do."""
        self._every = max(frames // STEPS, 1)
        self._next, self._began = self._every, time.monotonic()

    def step(self, done: int) -> None:
        """Measure, if it is time to."""
        if done < self._next:
            return
        self._next += self._every
        kept = sum(path.stat().st_size for path in self._folder.glob("*"))
        self._pipe.send((done, resident(), kept, time.monotonic() - self._began))


def resident() -> int:
    """Return this process's resident memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=90_000)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--height", type=int, default=32)
    arguments = parser.parse_args()
    size = f"{arguments.frames} frames of {arguments.width}x{arguments.height}"
    table = Table("frames written", "resident memory", "kept on disk", "frames/s", title=f"upscale 2x2x2, {size}")
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "in.mp4", Path(folder) / "out.mp4"
        make(source, arguments.frames, arguments.height, arguments.width)
        theirs, ours = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(target=work, args=(source, output, ours))
        process.start()
        ours.close()
        while True:
            try:
                done, memory, kept, seconds = theirs.recv()
            except EOFError:
                break
            if isinstance(done, str):
                table.caption = done
                continue
            table.add_row(str(done), readable_size(memory), readable_size(kept), f"{done / seconds:.0f}")
        process.join()
    Console().print(table)


def make(path: Path, frames: int, height: int, width: int) -> None:
    """Write a video of waves, another ground in every shot."""
    y, x = np.mgrid[:height, :width][..., None]
    with VideoWriter(path, width, height, RATE, encoder=encoder("h264", 23)) as writer:
        for i in range(frames):
            waves = np.sin((x + i) / 5 + np.arange(3)) + np.sin((y - i) / 4)
            ground = 60 + 90 * (i // SHOT % 2)
            writer.write(np.rint(ground + 20 * waves).astype(np.uint8), i / RATE)


def work(source: Path, output: Path, pipe: Connection) -> None:
    """Do the job, and send what it holds meanwhile."""
    outcome = upscale_file(source, output, Interpolation(), watcher=Meter(pipe, output))  # type: ignore[arg-type]
    pipe.send((f"{outcome.frames} frames in {outcome.seconds:.0f} s; {outcome.waits}", 0, 0, 0))


if __name__ == "__main__":
    main()
