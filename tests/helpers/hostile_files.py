"""Does to one hostile file after another what a user would, in a process of its own that may die.

Reads lines ``<file> <TAB> <folder for outputs> <TAB> <what>``, where what is ``read`` and names of outputs such as
``shrink.mkv``. Answers each with one line: ``fine``, ``refused`` and the message, or ``wrong`` and what is wrong. A
file that takes more than `SECONDS` of computing kills the process.
"""

from __future__ import annotations

import contextlib
import io
import resource
import shutil
import signal
import sys
import traceback
from itertools import pairwise
from pathlib import Path

import av

from stvsr import cli
from stvsr.errors import StvsrError
from stvsr.models.contract import Restorer
from stvsr.physics.scale import Scale
from stvsr.video import VideoReader, probe, scan_times

SECONDS = 20
MEMORY = 6 << 30

av.logging.set_level(None)


class WrongError(Exception):
    """Something that must not happen, whatever is in a file."""


def inspect(path: Path) -> None:
    """Run ``stvsr inspect --json``: exit code 0, or 2 and one line."""
    sys.argv = ["stvsr", "inspect", str(path), "--json"]
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
    if code not in (0, None, 2):
        raise WrongError(f"inspect ends with {code}: {err.getvalue()[-300:]}")
    if code == 2:
        _one_line(err.getvalue().rstrip("\n"))
        if not err.getvalue().startswith("stvsr: "):
            raise WrongError(f"inspect says {err.getvalue()[:200]!r}")


def decode(path: Path, strict: bool, interlaced: str = "keep") -> int:
    """Read all frames; return how many."""
    times = []
    with VideoReader(path, strict=strict, interlaced=interlaced) as reader:  # type: ignore[arg-type]
        for frame in reader:
            times.append(frame.time)
            if frame.rgb.shape != (reader.info.height, reader.info.width, 3) or frame.duration <= 0:
                raise WrongError(f"{frame!r} in a video of {reader.info.width}x{reader.info.height}")
    if any(late <= early for early, late in pairwise(times)):
        raise WrongError("times that do not increase")
    return len(times)


def work(path: Path, folder: Path, what: str) -> None:
    """Do a whole job, such as ``shrink.mkv``: a complete and right video, or nothing at all in the folder.

    What a job keeps to go on from later, in a hidden folder, is no video.
    """
    output = folder / what
    try:
        expected = JOBS[output.stem](path, output)
    except StvsrError:
        shutil.rmtree(folder / f".{output.name}.stvsr", ignore_errors=True)
        if list(folder.iterdir()):
            raise WrongError(f"a refused file left {[each.name for each in folder.iterdir()]}") from None
        raise
    info = probe(output)
    made = (decode(output, strict=True), info.height, info.width)
    output.unlink()
    if made != expected or list(folder.iterdir()):
        raise WrongError(f"{what}: {made} instead of {expected}, and {[each.name for each in folder.iterdir()]}")


def shrink(path: Path, output: Path) -> tuple[int, int, int]:
    """Shrink a file; return the frames, height and width that must come out, by what is in it."""
    from stvsr.jobs.records import find_record
    from tests.helpers import jobs

    jobs.shrink(path, output, Plain(Scale.of(2, 4)))
    record, size = find_record(probe(output)), _size(path)
    if (record.frames, record.height, record.width) != size:
        raise WrongError(f"{size} are remembered as {(record.frames, record.height, record.width)}")
    return record.shots(2)[-1].stop, *Scale.of(2, 4).low_size(size)[1:]


def degrade(path: Path, output: Path) -> tuple[int, int, int]:
    """Degrade a file, as `shrink`."""
    from stvsr.physics.degradation import Degradation
    from tests.helpers import jobs

    degradation = Degradation(2, 2, exposure=1.0, noise=1.0)
    jobs.degrade(path, output, degradation)
    return degradation.scale.low_size(_size(path))


def upscale(path: Path, output: Path) -> tuple[int, int, int]:
    """Upscale a file by its record, if it has a usable one, as `shrink`."""
    from stvsr.engine.progress import Progress
    from stvsr.jobs.degraded import assumed
    from tests.helpers import jobs

    degradation, original = assumed(probe(path), {}, Progress())
    jobs.restore(path, output, Plain(degradation.scale), original=original)
    if original is not None:
        return original.frames, original.height, original.width
    return degradation.scale.high_size(_size(path))


def expand(path: Path, output: Path) -> tuple[int, int, int]:
    """Expand a file by its record, as `shrink`."""
    from stvsr.jobs.records import find_record
    from tests.helpers import jobs

    jobs.expand(path, output, Plain(Scale.of(2, 4)))
    record = find_record(probe(path))
    return record.frames, record.height, record.width


JOBS = {job.__name__: job for job in (shrink, degrade, upscale, expand)}


def _size(path: Path) -> tuple[int, int, int]:
    info = probe(path)
    return decode(path, strict=True), info.height, info.width


class Plain(Restorer):
    """A model that keeps one sample in many, and repeats it to come back; it claims to look at its neighbours."""

    name, context, down_context = "plain", (1, 8), 2
    bytes_per_low_pixel = 20_000

    def __init__(self, scale: Scale) -> None:
        self.scale = scale

    def downsample(self, clip):
        """Return every so manieth sample."""
        time, height, width = self.scale.steps
        return clip[:, :, ::time, ::height, ::width]

    def upsample(self, low):
        """Return every sample so many times."""
        for dim, factor in zip((2, 3, 4), self.scale.steps, strict=True):
            low = low.repeat_interleave(factor, dim)
        return low


READINGS = (
    inspect,
    scan_times,
    lambda path: decode(path, strict=False),
    lambda path: decode(path, strict=True, interlaced="deinterlace"),
)


def answer(path: Path, folder: Path, what: str) -> str:
    """Treat one file: ``read`` it, or do jobs with it."""
    refusal = ""
    for each in what.split():
        ways = READINGS if each == "read" else [lambda path, job=each: work(path, folder, job)]
        for way in ways:
            try:
                way(path)
            except StvsrError as error:
                _one_line(str(error))
                refusal = str(error)
    return f"refused {refusal}" if refusal else "fine"


def _one_line(text: str) -> None:
    if "\n" in text or not text.strip() or "Traceback" in text:
        raise WrongError(f"not one line: {text[:300]!r}")


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        path, folder, what = line.rstrip("\n").split("\t")
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            said = answer(Path(path), Path(folder), what)
        except Exception as error:
            calls = traceback.extract_tb(error.__traceback__)[-4:]
            places = ", ".join(f"{Path(call.filename).name}:{call.lineno}" for call in calls)
            said = f"wrong {type(error).__name__} {error} ({places})"
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(" ".join(said.split()), flush=True)


if __name__ == "__main__":
    main()
