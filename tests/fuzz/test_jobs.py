"""Whole jobs on damaged files end in a right video under its name, or in one line and nothing."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import av
import pytest

from tests.helpers.damage import SEED, mutant, write
from tests.helpers.harness import run
from tests.helpers.hostile_json import spoiled

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses limits on processes")

ANY = ("shrink.mkv", "degrade.mp4", "upscale.mp4", "shrink.mp4", "degrade.mkv", "upscale.mkv")
TAGS = {"expand": "STVSR", "upscale": "STVSR_DEGRADE"}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> dict[str, list[Path]]:
    """Videos that hold a record of their original, by the job that reads it."""
    from stvsr.physics.degradation import Degradation
    from stvsr.physics.scale import Scale
    from tests.helpers.hostile_files import Plain
    from tests.helpers.jobs import degrade, shrink

    folder = tmp_path_factory.mktemp("small")
    source = write(folder / "source.mkv", "libx264", "flac", {})
    outputs = {job: [folder / f"{job}.mkv", folder / f"{job}.mp4"] for job in TAGS}
    for output in outputs["expand"]:
        shrink(source, output, Plain(Scale.of(2, 4)))
    for output in outputs["upscale"]:
        degrade(source, output, Degradation(2, 2))
    return outputs


def damaged(clips: list[Path], jobs: tuple[str, ...], numbers: range, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Do one job after another with mutants; the same clip comes to all of them."""
    for number in numbers:
        name, done, data = mutant(clips, number)
        path = folder / f"mutant-{number}{Path(name).suffix}"
        path.write_bytes(data)
        yield f"{number} ({name}, {done})", path, jobs[(number // len(clips)) % len(jobs)]


def misremembering(small: dict[str, list[Path]], numbers: range, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Undo what was made small, by records that say something else."""
    for number in numbers:
        job = ("expand", "upscale")[number % 2]
        path = folder / f"{number}.mkv"
        with av.open(str(small[job][0])) as old, av.open(str(path), "w") as new:
            text = next(text for name, text in old.metadata.items() if name.upper() == TAGS[job])
            new.metadata[TAGS[job]] = spoiled(text, random.Random(SEED * 100_003 + number))
            copies = [new.add_stream_from_template(stream) for stream in old.streams]
            for packet in old.demux():
                if packet.size:
                    packet.stream = copies[packet.stream.index]
                    new.mux(packet)
        yield f"record {number}", path, f"{job}.mkv"


@pytest.mark.timeout(600)
def test_thirty_jobs_on_damaged_files_end_in_a_right_video_or_in_one_line(clips, small, tmp_path) -> None:
    mutants = chain(
        damaged(clips[::5], ANY, range(14), tmp_path),
        damaged(small["expand"], ("expand.mkv",), range(8), tmp_path),
        misremembering(small, range(8), tmp_path),
    )
    counts, wrong = run(mutants, tmp_path)
    assert wrong == []
    assert min(counts["fine"], counts["refused"]) >= 3


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("start", range(20_000, 21_000, 250))
def test_a_thousand_jobs_on_damaged_files_end_in_a_right_video_or_in_one_line(clips, tmp_path, start: int) -> None:
    counts, wrong = run(damaged(clips, ANY, range(start, start + 250), tmp_path), tmp_path)
    assert wrong == []
    assert min(counts["fine"], counts["refused"]) >= 20


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_undoing_what_was_damaged_since_ends_in_a_right_video_or_in_one_line(small, tmp_path) -> None:
    mutants = chain(
        damaged(small["expand"], ("expand.mkv", "expand.mp4"), range(300), tmp_path),
        damaged(small["upscale"], ("upscale.mkv", "upscale.mp4"), range(300), tmp_path),
        misremembering(small, range(400), tmp_path),
    )
    counts, wrong = run(mutants, tmp_path)
    assert wrong == []
    assert min(counts["fine"], counts["refused"]) >= 50


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_jobs_on_damaged_copies_of_awkward_files_end_in_a_right_video_or_in_one_line(light, tmp_path) -> None:
    counts, wrong = run(damaged(light, ANY, range(30_000, 30_300), tmp_path), tmp_path)
    assert wrong == []
    assert counts["refused"] >= 10
