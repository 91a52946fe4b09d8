"""Does to one hostile file after another what a user would, in a process of its own that may die.

Reads lines ``<file> <TAB> <folder for outputs> <TAB> <what>`` and answers each with one line: ``fine``, ``refused``
and the message, or ``wrong`` and what is wrong. A file that takes more than `SECONDS` of computing kills the process.
"""

from __future__ import annotations

import contextlib
import io
import resource
import signal
import sys
import traceback
from itertools import pairwise
from pathlib import Path

import av

from stvsr import cli
from stvsr.errors import StvsrError
from stvsr.video import VideoReader, scan_times

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


def shrink(path: Path, folder: Path) -> None:
    """Shrink the file: a complete video of half the frames, or nothing at all in the folder."""
    from stvsr.restoration.shrink import shrink_file

    output = folder / "small.mkv"
    try:
        shrink_file(path, output, _every_second())
    except StvsrError:
        if list(folder.iterdir()):
            raise WrongError(f"a refused file left {[each.name for each in folder.iterdir()]}") from None
        raise
    frames, small = decode(path, strict=True), decode(output, strict=True)
    output.unlink()
    if small != -(-frames // 2) or list(folder.iterdir()):
        raise WrongError(f"{frames} frames became {small}")


def _every_second():
    """A model that keeps every second frame and fourth pixel."""
    from stvsr.physics.scale import Scale

    class Every:
        name, scale, context, down_context, operator = "every", Scale.of(2, 4), (0, 0), 0, None
        bytes_per_low_pixel = 1000

        def downsample(self, clip):
            return clip[:, :, ::2, ::4, ::4]

    return Every()


def answer(path: Path, folder: Path, what: str) -> str:
    """Treat one file."""
    refusal = ""
    for job in (
        lambda: inspect(path),
        lambda: scan_times(path),
        lambda: decode(path, strict=False),
        lambda: decode(path, strict=True, interlaced="deinterlace"),
        *([lambda: shrink(path, folder)] if what == "shrink" else []),
    ):
        try:
            job()
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
