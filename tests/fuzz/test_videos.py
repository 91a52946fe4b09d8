"""Damaged and hostile video files end in a correct result or in one line, never in anything else.

Each file is a small clip with bits flipped, bytes swapped or zeroed, parts removed or repeated, or streams left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.damage import mutant
from tests.helpers.harness import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses limits on processes")


def damaged(clips: list[Path], numbers: range, folder: Path, shrink_every: int) -> Iterator[tuple[str, Path, str]]:
    """Read every mutant, and shrink some."""
    for number in numbers:
        name, done, data = mutant(clips, number)
        path = folder / f"mutant-{number}{Path(name).suffix}"
        path.write_bytes(data)
        yield f"{number} ({name}, {done})", path, "read" if number % shrink_every else "read shrink.mkv"


@pytest.mark.timeout(600)
def test_forty_damaged_files_end_in_a_result_or_in_one_line(clips, tmp_path) -> None:
    counts, wrong = run(damaged(clips, range(40), tmp_path, 5), tmp_path)
    assert wrong == []
    assert min(counts["fine"], counts["refused"]) >= 3  # the damage is neither harmless nor total


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("start", range(0, 2000, 500))
def test_two_thousand_damaged_files_end_in_a_result_or_in_one_line(clips, tmp_path, start: int) -> None:
    counts, wrong = run(damaged(clips, range(start, start + 500), tmp_path, 4), tmp_path)
    assert wrong == []
    assert min(counts["fine"], counts["refused"]) >= 50


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_damaged_copies_of_awkward_files_end_in_a_result_or_in_one_line(torture, tmp_path) -> None:
    counts, wrong = run(damaged(torture, range(10_000, 10_400), tmp_path, 8), tmp_path)
    assert wrong == []
    assert counts["refused"] >= 20
