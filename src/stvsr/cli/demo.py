"""`stvsr demo`: the whole job on a clip of its own, so that nothing but the installation is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stvsr.cli.parameters import ModelName

if TYPE_CHECKING:
    from stvsr.evaluation.demo import Demo


def demo(*, out: Path = Path("demo"), model: ModelName = None) -> None:
    """Draw a short clip, shrink it, expand it again, and show how much of it came back.

    Writes the original, the small video, what was restored of it, plain trilinear interpolation for comparison,
    and a picture of them all side by side.

    Args:
        out: The folder for the files.
        model: A bundled name, a model folder or a hub id; by default the one for 2x in time and 4x in space.
    """
    import stvsr
    from stvsr.evaluation.demo import run_demo
    from stvsr.models.zoo import find, find_by_scale
    from stvsr.physics.scale import Scale

    entry = find(model) if model else find_by_scale(Scale.of(2, 4))
    from rich.console import Console

    console = Console(highlight=False)
    made = run_demo(out, stvsr.load(entry.folder), entry.checksum, say=lambda step: console.print(f"… {step}"))
    _show(made, console.print)


def _show(made: Demo, show: Callable[..., None]) -> None:
    from rich.table import Table

    from stvsr.restoration.job import readable_size
    from stvsr.video.info import probe
    from stvsr.video.timing import scan_times

    files = Table("file", "frames", "size", "rate", "bytes", title=str(made.picture.parent))
    for path in made.files:
        info = probe(path)
        size, rate = f"{info.width}x{info.height}", f"{float(info.rate):g} fps"
        files.add_row(path.name, str(len(scan_times(path))), size, rate, readable_size(path.stat().st_size))
    show(files)
    quality = Table("file", "method", "all frames", "synthesised frames", title="PSNR / SSIM (RGB)")
    for row in made.qualities:
        figures = [f"{s.psnr_rgb:.2f} dB / {s.ssim_rgb:.4f}" if s else "–" for s in (row.all, row.synthesised)]
        quality.add_row(row.path.name, row.method, *figures)
    show(quality)
    show(f"Look at {made.picture.name} there, and play {made.files[0].name} beside {made.files[2].name}.")
