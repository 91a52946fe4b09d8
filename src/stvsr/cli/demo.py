"""`stvsr demo`: both jobs on a clip of its own, so that nothing but the installation is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from stvsr.cli.parameters import ModelName

if TYPE_CHECKING:
    from stvsr.demo import Demo, Job
    from stvsr.models.contract import ConditionalModel
    from stvsr.models.zoo import Entry


def demo(*, out: Path = Path("demo"), model: ModelName = None, upscaler: ModelName = None) -> None:
    """Draw a short clip, shrink and expand it, then degrade and upscale it, and show how much of it came back.

    Writes the original; the small video and what was restored of it; the degraded video, blurred and with half the
    frames and a quarter of the width and height, and what was made of it; plain trilinear interpolation of both for
    comparison; and a picture of each job, with all of them side by side.

    Args:
        out: The folder for the files.
        model: That shrinks and expands: a bundled name, a model folder or a hub id; by default the one for 2x in time
            and 4x in space.
        upscaler: That upscales, of the davsr family; davsr-compact if not given.
    """
    import stvsr
    from stvsr.demo import run_demo
    from stvsr.models.zoo import choose, find
    from stvsr.physics.scale import Scale

    entry = find(model) if model else choose("rescale", Scale.of(2, 4))
    general = _upscaler(upscaler)
    from rich.console import Console

    console = Console(highlight=False)
    network = cast("ConditionalModel", stvsr.load(general.folder)) if general else None
    made = run_demo(out, stvsr.load(entry.folder), entry.checksum, network, say=lambda step: console.print(f"… {step}"))
    _show(made, console.print)


def _upscaler(name: str | None) -> Entry | None:
    """Return the general model that was asked for, or the default one if it ships."""
    from stvsr.jobs.networks import find_general
    from stvsr.models.zoo import DEFAULT_RESTORER, list_models

    if name is None and DEFAULT_RESTORER not in list_models():
        return None
    return find_general(name)


def _show(made: Demo, show: Callable[..., None]) -> None:
    from rich.table import Table

    from stvsr.text import readable_size
    from stvsr.video.info import probe
    from stvsr.video.timing import scan_times

    files = Table("file", "frames", "size", "rate", "bytes", title=str(made.original.parent))
    for path in [made.original, *(path for job in made.jobs for path in job.files)]:
        info = probe(path)
        size, rate = f"{info.width}x{info.height}", f"{float(info.rate):g} fps"
        files.add_row(path.name, str(len(scan_times(path))), size, rate, readable_size(path.stat().st_size))
    show(files)
    for job in made.jobs:
        _show_quality(job, show)
    for job in made.jobs:
        played = " beside ".join(row.path.name for row in reversed(job.qualities))
        show(f"{job.title}: look at {job.picture}, and play {played} and {made.original.name}.", soft_wrap=True)


def _show_quality(job: Job, show: Callable[..., None]) -> None:
    from rich.table import Table

    kept = any(row.synthesised for row in job.qualities)
    columns = ["file", "method", "all frames", *(["synthesised frames"] if kept else [])]
    quality = Table(*columns, title=f"{job.title}: PSNR / SSIM (RGB)")
    for row in job.qualities:
        scores = [row.all, row.synthesised][: len(columns) - 2]
        figures = [f"{s.psnr_rgb:.2f} dB / {s.ssim_rgb:.4f}" if s else "–" for s in scores]
        quality.add_row(row.path.name, row.method, *figures)
    show(quality)
