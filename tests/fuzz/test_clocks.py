"""Whatever was done to a recording's clock and stamps, a job keeps its length and its sound in step, or refuses it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from tests.helpers.broken import Stamp, joined, restamped
from tests.helpers.fakes import Repeat
from tests.helpers.flashes import heard, write
from tests.helpers.jobs import restore

SEED = 7301
FRAME, TOLERATED = Fraction(1, 25), Fraction(40, 1000)
REORDERED = 3 * FRAME
"""What an encoder with three frames of two directions holds back: without stamps, a joint is known to that."""
FRAMES = 50
KINDS = [("aac", "libx264", "3"), ("mp2", "mpeg2video", "2"), ("aac", "libx265", "2"), ("ac3", "libx264", "0")]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> list[tuple[Path, Path]]:
    """Recordings of each kind, with a flash and without."""
    folder = tmp_path_factory.mktemp("recordings")
    made = []
    for number, (sound, video, between) in enumerate(KINDS):
        options = {"bf": between} | ({"x265-params": "log-level=error"} if video == "libx265" else {"g": "25"})
        settings = {"video": video, "count": FRAMES, "options": options, "size": (64, 64)}
        pair = [write(folder / f"{number}-{flash}.ts", sound, flash=flash, **settings) for flash in (12, 99)]
        made.append((pair[0], pair[1]))
    return made


def damaged(recordings: list[tuple[Path, Path]], number: int, folder: Path) -> tuple[Path, int]:
    """Return a recording whose clock and stamps are damaged, and how many frames are in it."""
    generator = np.random.default_rng([SEED, number])
    flashing, plain = recordings[number % len(recordings)]
    count = int(generator.integers(1, 4))
    chosen = int(generator.integers(0, count))
    parts = []
    for place in range(count):
        later = int(generator.choice([0, 90_000, 9_000_000, 900_000_000, 7_000_000_000]))
        rare = float(generator.choice([0, 0.02, 0.3, 0.9]))
        doubled = float(generator.choice([0, 0, 0.05]))
        draws = generator.random((4 * FRAMES, 2))
        before: list[tuple[Stamp, Stamp]] = []

        def change(kind, at, shown, decoded, later=later, rare=rare, doubled=doubled, draws=draws, before=before):
            moved = shown + later, decoded + later
            if kind == "audio" or not at:  # a clock has to begin somewhere
                return moved
            before.append(moved)
            if draws[at, 0] < rare:
                return None, None
            return before[-2] if len(before) > 1 and draws[at, 1] < doubled else moved

        source = flashing if place == chosen else plain
        parts.append(restamped(source, folder / f"{number}-{place}.ts", change))
    return joined(folder / f"{number}.ts", parts), FRAMES * count


def samples(path: Path) -> Fraction:
    """Return the length of all sound that can be decoded, in seconds."""
    with av.open(str(path)) as container:
        return sum((Fraction(block.samples, block.sample_rate) for block in container.decode(audio=0)), Fraction(0))


def check(source: Path, output: Path, frames: int, more: Fraction = Fraction(0)) -> str:
    """Return what is wrong with what a job makes of a recording; nothing if that is right, or refused in a line."""
    told: list[str] = []
    progress = Progress()
    progress.notice = told.append  # type: ignore[method-assign]
    try:
        restore(source, output, Repeat(1, 1), progress=progress, cuts=None)
    except StvsrError as error:
        return "" if "\n" not in str(error) else "refused in several lines"
    found = heard(output)
    wrong = []
    # For each part, since a joint covers a packet of sound, and is told.
    allowed = TOLERATED * (frames // FRAMES) + more
    if found.frames != frames:
        wrong.append(f"{found.frames} of {frames} frames")
    if abs(found.pictures + FRAME - frames * FRAME) > allowed:
        wrong.append(f"pictures of {float(found.pictures):.3f} s")
    if abs(samples(output) - samples(source)) > allowed or abs(found.sound - samples(source)) > 2 * allowed:
        wrong.append(f"sound of {float(samples(output)):.3f} s, once {float(samples(source)):.3f} s")
    if abs(found.lag) > FRAME:
        wrong.append(f"sound {float(found.lag):.3f} s late")
    output.unlink()
    return ", ".join(wrong) and f"{', '.join(wrong)} ({told})"


def checked(
    recordings: list[tuple[Path, Path]], numbers: range, folder: Path, more: Fraction = Fraction(0)
) -> list[str]:
    wrong = []
    for number in numbers:
        source, frames = damaged(recordings, number, folder)
        said = check(source, folder / f"out{('.mkv', '.mp4')[number // 4 % 2]}", frames, more)
        wrong += [f"{number}: {said}"] if said else []
    return wrong


def test_no_length_changes_and_no_sound_lags_whatever_the_clock_did(recordings, tmp_path) -> None:
    assert checked(recordings, range(1, 16), tmp_path) == []


def test_a_joint_with_hardly_a_stamp_around_it_is_late_by_what_the_decoder_holds_back_at_most(
    recordings, tmp_path
) -> None:
    assert checked(recordings, range(1), tmp_path, REORDERED) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_length_changes_and_no_sound_lags_four_hundred_times(recordings, tmp_path) -> None:
    assert checked(recordings, range(16, 416), tmp_path) == []
