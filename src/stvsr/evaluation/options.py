"""What a user says of an evaluation: the options of ``stvsr evaluate``, by their names there. Needs no torch."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from stvsr.evaluation.excerpt import Excerpt

SETTINGS = ("time", "space", "exposure", "shutter", "blur", "noise")


@dataclass(frozen=True)
class EvaluationOptions:
    """The options of an evaluation, with their defaults.

    Attributes:
        models: Names, folders or hub ids; none for what ships.
        data: A video, a folder of frames, a folder of such clips, or data sets as they unpack.
        protocol: Name of what to measure (`stvsr.evaluation.papers.tables.listing`).
        time: Factor in time.
        space: Factor in space.
        exposure: The share of a low frame's duration for which the shutter is open.
        shutter: ``box`` or ``trapezoid``.
        blur: ``bicubic``, ``area``, ``gaussian:SIGMA`` or a NumPy file of taps.
        noise: Standard deviation of noise in the low clip, in steps of 8 bits.
        iterations: K of the models that iterate, where it is not their own.
        frames: Use only so many frames of each clip.
        start: The number of the first of these, or ``middle``.
        crop: Use only the middle of every frame, ``WIDTHxHEIGHT``.
        json: Write all figures to this file.
        add: Keep the rows of other methods that this file holds already.
        baselines: Whether to measure what needs no training.
        peers: Whether to measure published networks that other packages carry.
        ssim: Whether to measure SSIM.
        metric: Names of `stvsr.evaluation.metrics.registry.METRICS`.
        external: ``MODULE:FUNCTION`` of other methods.
        frames_of: ``FOLDER`` or ``NAME=FOLDER`` of results that others made.
        device: Where to compute: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
    """

    models: Sequence[str] = ()
    data: Path | None = None
    protocol: str | None = None
    time: int | None = None
    space: int | None = None
    exposure: float | None = None
    shutter: str | None = None
    blur: str | None = None
    noise: float | None = None
    iterations: int | None = None
    frames: int | None = None
    start: str | None = None
    crop: str | None = None
    json: Path | None = None
    add: bool = False
    baselines: bool = True
    peers: bool = False
    ssim: bool = True
    metric: Sequence[str] = ()
    external: Sequence[str] = ()
    frames_of: Sequence[str] = ()
    device: str = "auto"

    @property
    def settings(self) -> dict[str, Any]:
        """Those settings of a degradation that were chosen."""
        values = {name: getattr(self, name) for name in SETTINGS}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def excerpt(self) -> Excerpt:
        """The part of each clip that is used, beside ``frames``."""
        from stvsr.evaluation.excerpt import excerpt

        return excerpt(self.start, self.crop)

    @property
    def torch_device(self) -> torch.device:
        """Where to compute.

        Raises:
            StvsrError: If nothing can be computed there.
        """
        from stvsr.device import choose_device

        return choose_device(self.device)

    def command(self, models: Sequence[str]) -> str:
        """Return the command that measures the same again, free of this machine's folders.

        Args:
            models: Names of the models.
        """
        words = ["stvsr", "evaluate", *([self.data.resolve().name] if self.data else [])]
        for name in models:
            words += ["--model", name]
        single = {
            "protocol": self.protocol,
            **self.settings,
            "iterations": self.iterations,
            "frames": self.frames,
            **self.excerpt.options(),
        }
        for name, value in single.items():
            if value is not None:
                words += [f"--{name}", Path(str(value)).name if name == "blur" else str(value)]
        for text in self.external:
            place, _, function = text.rpartition(":")
            words += ["--external", f"{Path(place).name}:{function}"]
        for text in self.frames_of:
            name, _, place = text.rpartition("=")
            folder = Path(place).resolve().name
            words += ["--frames-of", f"{name}={folder}" if name else folder]
        for name in self.metric:
            words += ["--metric", name]
        flags = {"--peers": self.peers, "--no-baselines": not self.baselines, "--no-ssim": not self.ssim}
        return shlex.join(words + [flag for flag, given in flags.items() if given])
