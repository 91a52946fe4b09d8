"""The same command gives the same bits on one machine, however its threads are scheduled."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.writer import VideoWriter

WIDTH, HEIGHT, FRAMES, TIMES = 128, 72, 6, 20


def moving(path: Path) -> Path:
    """Write noise of many sizes that moves."""
    noise = np.random.default_rng(0)
    fields = [np.kron(noise.random((HEIGHT // n + 2, WIDTH // n + FRAMES + 2)), np.ones((n, n))) for n in (1, 2, 4, 8)]
    with VideoWriter(path, WIDTH, HEIGHT, Fraction(25), encoder=LOSSLESS_RGB) as writer:
        for number in range(FRAMES):
            grey = sum(field[:HEIGHT, number : number + WIDTH] for field in fields) / len(fields)
            rgb = np.stack([grey, grey**2, 1 - grey], -1)
            writer.write((rgb * 255).astype(np.uint8), Fraction(number, 25))
    return path


def test_sums_are_asked_to_be_the_same_at_every_run_unless_the_user_decides() -> None:
    code = "import sys, os, stvsr; assert 'torch' not in sys.modules; print(os.environ['MKL_CBWR'])"
    plain = {name: text for name, text in os.environ.items() if name != "MKL_CBWR"}
    for environment, expected in ((plain, "AUTO"), ({**plain, "MKL_CBWR": "COMPATIBLE"}, "COMPATIBLE")):
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected


@pytest.mark.slow
@pytest.mark.timeout(1800)  # twenty processes that each load a network
def test_a_job_gives_the_same_bits_in_twenty_processes_of_two_threads(tmp_path: Path) -> None:
    source = moving(tmp_path / "in.mkv")
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    sums: dict[str, int] = {}
    for number in range(TIMES):
        output = tmp_path / "out.mkv"
        command = [sys.executable, "-m", "stvsr", "upscale", source, output, "--space", "2", "--time", "1"]
        # The place of everything in memory differs with the size of the environment.
        placed = environment | {"STVSR_TEST_PADDING": "x" * (97 * number)}
        done = subprocess.run(
            [*command, "--cuts", "off", "--encoder", "ffv1"], env=placed, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        digest = hashlib.sha256(output.read_bytes()).hexdigest()
        sums[digest] = sums.get(digest, 0) + 1
        output.unlink()
    assert list(sums.values()) == [TIMES]
