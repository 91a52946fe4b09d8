"""Synthetic clips that no model has seen, of any rate and exact to the bit, to measure on.

python -m studies.sample scenes --rate 120 --frames 61
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from stvsr.data.synthetic.scene import Scene, SceneSettings
from stvsr.data.synthetic.video import UNSEEN
from stvsr.errors import StvsrError
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.writer import VideoWriter


def write_scenes(folder: Path, settings: SceneSettings, count: int) -> list[Path]:
    """Write synthetic scenes that no model has seen, without loss; return the files.

    Raises:
        StvsrError: If one cannot be written.
    """
    height, width = settings.size
    rate = Fraction(settings.rate).limit_denominator(1001)
    files = [folder / f"scene-{number}.mkv" for number in range(count)]
    for seed, path in enumerate(files, start=UNSEEN):
        scene = Scene(settings, seed)
        with VideoWriter(path, width, height, rate, encoder=LOSSLESS_RGB) as writer:
            for index in range(settings.frames):
                writer.write(np.round(scene.frame(index) * 255).astype(np.uint8), index / rate)
    return files


def main(arguments: Sequence[str]) -> int:
    """Write scenes: ``main(["scenes", "--rate", "120"])``. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m studies.sample", description="Write synthetic clips.")
    parser.add_argument("folder", type=Path, help="where they go")
    parser.add_argument("--count", type=int, default=6, help="how many (6)")
    parser.add_argument("--rate", type=float, default=120, help="frames a second (120)")
    parser.add_argument("--frames", type=int, default=61, help="of each (61)")
    parser.add_argument("--size", type=int, nargs=2, default=(256, 384), metavar=("HEIGHT", "WIDTH"), help="(256 384)")
    parser.add_argument("--speed", type=float, default=300, help="of the fastest, in pixels a second (300)")
    options = parser.parse_args(arguments)
    try:
        settings = SceneSettings(options.size, options.frames, options.rate, speed=options.speed)
        options.folder.mkdir(parents=True, exist_ok=True)
        write_scenes(options.folder, settings, options.count)
    except (StvsrError, OSError) as error:
        print(f"stvsr: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
