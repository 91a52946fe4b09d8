"""How evenly motion goes after a change of the frame rate: where an edge is in every frame that comes out.

    python -m studies.motion_edge results/studies/motion-edge.json
    stvsr plot motion results/studies/motion-edge.json docs/pictures/motion.svg

A bright surface moves evenly over a dark one; both are patterned, and the edge between them is sharp. Of 20 frames a
second each method makes 24. An edge is where its brightness is half way between the two surfaces', so that of a double
exposure the stronger one counts, as it does for the eye.
"""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studies.writing import write_document
from stvsr.evaluation.choice import Choice, choose_for
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.documents import MOTION, EdgeRow, EdgeStudy, StudyInfo
from stvsr.evaluation.methods.contract import LowClip, as_method
from stvsr.evaluation.metrics.psnr_ssim import Frames
from stvsr.evaluation.protocols import RATE_20_TO_24
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.results import Provenance

TITLE = "How evenly an edge moves"
DARK, BRIGHT, PATTERN = 0.25, 0.75, 0.1
SOFTNESS = 1.0
"""Of the edge, the sigma of a Gaussian in pixels."""


@dataclass(frozen=True)
class Edge:
    """An edge that moves evenly to the right.

    Attributes:
        speed: Pixels from one given frame to the next.
        start: Where it is in the first one, in pixels from the left border.
        frames: How many frames are given.
        height: Of a frame in pixels.
        width: Of a frame in pixels.
    """

    speed: float = 12.0
    start: float = 64.0
    frames: int = 9
    height: int = 96
    width: int = 256

    def place(self, instant: Fraction | float) -> float:
        """Return where it is at an instant, in given frames."""
        return self.start + self.speed * float(instant)

    def frame(self, instant: Fraction | float) -> Frames:
        """Return the picture of an instant, ``(height, width, 3)`` uint8."""
        y, x = np.mgrid[: self.height, : self.width] + 0.5
        place = self.place(instant)
        covered = np.vectorize(math.erf)((place - x[0]) / (SOFTNESS * math.sqrt(2))) / 2 + 0.5
        moving, resting = BRIGHT + PATTERN * _pattern(x - place, y), DARK + PATTERN * _pattern(x + y / 3, y)
        mixed = resting + covered * (moving - resting)
        codes: Frames = np.rint(255 * np.repeat(mixed[:, :, None], 3, axis=2)).astype(np.uint8)
        return codes

    def given(self) -> list[Frames]:
        """Return the frames that methods are given."""
        return [self.frame(i) for i in range(self.frames)]


def _pattern(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Waves in -1 ... 1 whose mean over 96 rows is 0 in every column."""
    waves = np.sin(x / 2.3 + y * 2 * np.pi / 24) + np.sin(x / 3.7 - y * 2 * np.pi / 16)
    return np.asarray(waves / 2)


def find_edge(frame: Frames) -> tuple[float, float]:
    """Return where the edge is in a frame, and over how many pixels it goes from 3/4 to 1/4 of its height.

    Not a number where there is no edge.
    """
    profile = frame.mean(axis=(0, 2)) / 255
    quarter = (BRIGHT - DARK) / 4
    middle, *sides = (_falls_below(profile, level) for level in (DARK + 2 * quarter, DARK + quarter, BRIGHT - quarter))
    return middle, sides[0] - sides[1]


def _falls_below(profile: NDArray[np.float64], level: float) -> float:
    """Return where a profile first goes below a level, in pixels from the left border."""
    below = np.flatnonzero(profile < level)
    if not len(below) or below[0] == 0:
        return math.nan
    after = int(below[0])
    share = (profile[after - 1] - level) / (profile[after - 1] - profile[after])
    return after - 0.5 + float(share)


def measure(choice: Choice, edge: Edge) -> list[EdgeRow]:
    """Return for each method where the edge is in every frame, and how far from where it should be.

    Args:
        choice: Methods and their change of rate.
        edge: What moves.
    """
    ratio = choice.protocol.scale.time
    instants = [j / ratio for j in range(math.floor((edge.frames - 1) * ratio) + 1)]
    truth = TestClip("edge", [])
    made = []
    for method in [*choice.baselines(), *choice.models("cpu")]:
        frames = islice(as_method(method).restore(LowClip(truth, lambda: iter(edge.given()))), len(instants))
        found = [find_edge(frame) for frame in frames]
        off = np.array([place - edge.place(instant) for (place, _), instant in zip(found, instants, strict=True)])
        made.append(
            EdgeRow(
                method.name,
                "model" if method.name in choice.labels else "baseline",
                round(float(np.sqrt(np.mean(off**2))), 4),
                round(float(np.abs(off).max()), 4),
                round(float(np.mean([width for _, width in found])), 4),
                tuple(round(place, 4) for place, _ in found),
            )
        )
    return made


def study(choice: Choice, edge: Edge, command: str) -> EdgeStudy:
    """Return the results of the study."""
    ratio = choice.protocol.scale.time
    _, smear = find_edge(edge.frame(0))
    text = (
        f"An edge that moves by {edge.speed:g} pixels from one given frame to the next, given {edge.frames} times, "
        f"{ratio.denominator} frames becoming {ratio.numerator}: how far from its straight line it is in those that "
        f"come out, and over how many pixels it goes from three quarters of its height to one ({smear:.2f} if given)."
    )
    then, rows = Provenance(command, environment()), tuple(measure(choice, edge))
    return EdgeStudy(StudyInfo(MOTION, TITLE, text), asdict(edge), str(ratio), rows, then)


def main(arguments: Sequence[str]) -> int:
    """Measure and write: ``main(["results/studies/motion-edge.json"])``. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m studies.motion_edge", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("output", type=Path, help="JSON file to write")
    parser.add_argument("--model", action="append", help="model to measure; repeat it; those that ship if not given")
    options = parser.parse_args(arguments)
    words = ["python", "-m", "studies.motion_edge", options.output.name]
    words += [word for name in options.model or [] for word in ("--model", Path(name).name)]
    models, command = options.model or [], shlex.join(words)
    return write_document(options.output, lambda: study(choose_for(RATE_20_TO_24, models), Edge(), command))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
