"""An hour of video through the whole engine: memory, sound in step, and going on after a kill.

    python benchmarks/long_video.py                                   an hour at 25 frames per second, 64x48 pixels
    python benchmarks/long_video.py --rate 30000/1001 --factor 1      half the frames go out, at a quarter of the size

Upscales a synthetic video (moving waves, a cut now and then) in time and space by interpolation, so that the engine
and not a network is what takes time, in a process of its own, and prints what that process held after each tenth:
resident memory, and the segments kept on disk. Then makes the same file once more, killed half-way and begun
again, and compares the two to the bit. Once a minute the picture flashes and the sound clicks: how far apart the last
flash and the last click are in the output is printed too. Needs Linux.
"""

from __future__ import annotations

import argparse
import filecmp
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

import av
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from stvsr.engine.progress import Progress
from stvsr.engine.segments import folder_of
from stvsr.models.contract import Restorer
from stvsr.physics.interpolation import trilinear
from stvsr.physics.scale import Scale
from stvsr.text import readable_size
from stvsr.video.encoders import Encoder
from stvsr.video.reader import VideoReader
from stvsr.video.writer import VideoWriter
from tests.helpers.jobs import restore

SHOT = 400
STEPS = 10
SAMPLES = 16_000
FLASH_EVERY = 60
CLICK = SAMPLES // 20
LOUD = 0.05
QUICKLY = Encoder("libx264", "yuv420p", {"preset": "ultrafast", "crf": "18", "threads": "1"})


class Interpolation(Restorer):
    """Trilinear, in time and space: the cheapest model there is."""

    context = (1, 1)
    down_context = 0
    bytes_per_low_pixel = 1024

    def __init__(self, factor: int) -> None:
        self.scale = Scale.of(factor, factor)
        self.name = f"trilinear-{factor}t{factor}s"

    def upsample(self, low: Tensor) -> Tensor:
        """Return the high clip."""
        return trilinear(low, self.scale, torch.full((1, 3), (self.scale.height - 1) / 2))


class Meter(Progress):
    """Sends what this process holds after each tenth of the job."""

    def __init__(self, pipe: Connection, output: Path) -> None:
        self._pipe, self._folder = pipe, folder_of(output)
        self._every, self._next, self._began = 1, 0, time.monotonic()

    def begin(self, frames: int) -> None:
        """Remember how much there is to do."""
        self._every = max(frames // STEPS, 1)
        self._next, self._began = self._every, time.monotonic()

    def resume(self, done: int) -> None:
        """Tell that so many frames were there."""
        self._pipe.send((f"went on after {done} frames", 0, 0, 0))

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
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--rate", type=Fraction, default=Fraction(25))
    parser.add_argument("--factor", type=int, default=2, help="in time, width and height")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--height", type=int, default=48)
    arguments = parser.parse_args()
    frames = int(arguments.minutes * 60 * arguments.rate)
    size = f"{frames} frames of {arguments.width}x{arguments.height} at {arguments.rate} a second"
    factor = arguments.factor
    title = f"upscale {factor}x{factor}x{factor}, {size}"
    table = Table("frames written", "resident memory", "kept on disk", "frames/s", title=title)
    with tempfile.TemporaryDirectory() as folder:
        source, output, again = (Path(folder) / f"{name}.mp4" for name in ("in", "out", "again"))
        make(source, frames, arguments.rate, arguments.height, arguments.width)
        for done, memory, kept, seconds in reports(source, output, factor):
            if isinstance(done, str):
                table.caption = done
            else:
                table.add_row(str(done), readable_size(memory), readable_size(kept), f"{done / seconds:.0f}")
        console = Console()
        console.print(table)
        for _ in reports(source, again, factor, until=frames * factor // 2):
            pass
        assert not again.exists(), "killed too late"
        lines = [line for line, *_ in reports(source, again, factor) if isinstance(line, str)]
        same = "the same to the bit" if filecmp.cmp(output, again, shallow=False) else "DIFFERENT"
        console.print(f"Killed half-way and begun again ({'; '.join(lines)}): {same}.")
        end, flash, click = last_signal(output)
        apart = abs(click - flash)
        console.print(
            f"Of {end:.1f} s, the last flash is at {flash:.4f} s and the last click at {click:.4f} s: "
            f"{apart * 1000:.1f} ms apart, {apart * arguments.rate:.2f} frames of the source."
        )


def reports(
    source: Path, output: Path, factor: int, until: float = float("inf")
) -> Iterator[tuple[int | str, int, int, float]]:
    """Do the job in a process of its own, killed once ``until`` frames are done; yield what it sends."""
    theirs, ours = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=work, args=(source, output, factor, ours))
    process.start()
    ours.close()
    while True:
        try:
            report = theirs.recv()
        except EOFError:
            break
        yield report
        if not isinstance(report[0], str) and report[0] >= until:
            process.kill()
    process.join()


def make(path: Path, frames: int, rate: Fraction, height: int, width: int) -> None:
    """Write a video of waves, another ground in every shot, that flashes and clicks now and then."""
    y, x = np.mgrid[:height, :width][..., None]
    waves = [15 * np.sin((x + i) * np.pi / 20 + np.arange(3)) + 15 * np.sin((y - i) * np.pi / 10) for i in range(40)]
    flashes = {round(second * rate) for second in range(FLASH_EVERY - 5, int(frames / rate), FLASH_EVERY)}
    sound = path.with_suffix(".mka")
    write_clicks(sound, [frame / rate for frame in sorted(flashes)], frames / rate)
    with VideoWriter(path, width, height, rate, encoder=QUICKLY, copy_from=sound) as writer:
        for i in range(frames):
            ground = 220 if i in flashes else 60 + 90 * (i // SHOT % 2)
            writer.write(np.rint(ground + waves[i % 40]).astype(np.uint8), i / rate)


def write_clicks(path: Path, times: list[Fraction], end: Fraction) -> None:
    """Write sound that is silent but for a burst of noise at each of ``times`` (seconds)."""
    noise = np.random.default_rng(0).integers(-20_000, 20_000, CLICK, np.int16)
    samples = np.zeros((1, int(end * SAMPLES)), np.int16)
    for time_ in times:
        start = round(time_ * SAMPLES)
        samples[0, start : start + CLICK] = noise[: samples.shape[1] - start]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=SAMPLES, layout="mono")
        for start in range(0, samples.shape[1], SAMPLES):
            frame = av.AudioFrame.from_ndarray(samples[:, start : start + SAMPLES], "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLES, start, Fraction(1, SAMPLES)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def last_signal(path: Path) -> tuple[float, float, float]:
    """Return when the last flash and the last click begin in a video, and before them its length, in seconds."""
    flash, end, lit = Fraction(0), Fraction(0), False
    with VideoReader(path) as reader:
        for frame in reader:
            before, lit = lit, frame.rgb.mean() > 190
            flash, end = frame.time if lit and not before else flash, frame.time + frame.duration
    click, quiet = 0.0, 0.0
    with av.open(str(path)) as container:
        for sound in container.decode(audio=0):
            samples = sound.to_ndarray()
            loud = np.flatnonzero(np.abs(samples[0] / np.iinfo(samples.dtype).max) > LOUD)
            for place in loud:
                at = float(sound.time or 0) + place / sound.sample_rate
                click, quiet = (at, at) if at - quiet > FLASH_EVERY / 2 else (click, at)
    return float(end), float(flash), click


def work(source: Path, output: Path, factor: int, pipe: Connection) -> None:
    """Do the job, and send what it holds meanwhile."""
    model = Interpolation(factor)
    outcome = restore(source, output, model, encoder=QUICKLY, progress=Meter(pipe, output))  # type: ignore[arg-type]
    pipe.send((f"{outcome.frames} frames in {outcome.seconds:.0f} s; {outcome.stages}", 0, 0, 0))


if __name__ == "__main__":
    main()
