"""What the tests of the command line share: running it, a small video, and models with next to no layers."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stvsr import cli
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.reader import VideoReader
from stvsr.video.writer import VideoWriter

TINY_DAVSR: dict[str, Any] = {
    "family": "davsr",
    "degradation": {"time": 2, "space": 2},
    "iterations": 1,
    "motion": {"channels": [4, 4, 4, 4], "kernel": 3, "levels": 2},
    "enhancer": {"kind": "convolutional", "features": 4, "blocks": 1, "layers": 1, "growth": 4},
}
TINY_STAA: dict[str, Any] = {
    "family": "staa",
    "scale": [2, 4],
    "upsampler": {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 1, "growth": 4},
}
"""Starts as plain interpolation."""


def write_model(model: dict[str, Any], folder: Path) -> Path:
    """Write an untrained model, named as its folder."""
    from stvsr.models.checkpoint import build, save

    save(build(model, folder.name), folder)
    return folder


def write_slope(path: Path, rate: Fraction) -> Path:
    """Write five frames of 31x37, each brighter than the one before."""
    slope = np.add.outer(np.arange(37), np.arange(31))[..., None] * np.array([1, 2, 3])
    with VideoWriter(path, 31, 37, rate, encoder=LOSSLESS_RGB) as writer:
        for i in range(5):
            writer.write((slope + 9 * i).astype(np.uint8), i / rate)
    return path


def times(path: Path) -> list[Fraction]:
    """Return when each frame is shown."""
    with VideoReader(path) as reader:
        return [frame.time for frame in reader]


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[Any, str, str]:
    """Return the exit code, standard output and standard error of `stvsr` with these arguments."""
    monkeypatch.setattr(sys, "argv", ["stvsr", *map(str, arguments)])
    try:
        cli.main()
        code: Any = 0
    except SystemExit as stop:
        code = stop.code or 0
    text = capsys.readouterr()
    return code, text.out, text.err
