"""What a user wants measured, and the measurement of one data set under one protocol."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from stvsr.evaluation.choice import Choice
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.meters import makers
from stvsr.evaluation.methods import Method
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.published import Published
from stvsr.evaluation.results import Document, Measurement
from stvsr.evaluation.run import Measure, Report, evaluate

SETTINGS = ("time", "space", "exposure", "shutter", "blur", "noise")


@dataclass(frozen=True)
class Request:
    """What was asked for, beside the data.

    Attributes:
        models: Names, folders or hub ids.
        settings: Those settings of `Degradation` that the user chose, by their names in `SETTINGS`.
        iterations: K, where the user chose it.
        frames: Use only so many frames from the start of each clip.
        external: ``MODULE:FUNCTION`` of other methods.
        frames_of: ``FOLDER`` or ``NAME=FOLDER`` of stored results.
        baselines: Whether to measure what needs no training.
        ssim: Whether to measure SSIM.
        metrics: Names of `stvsr.evaluation.meters.METERS`.
        device: Where to compute.
    """

    models: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    iterations: int | None = None
    frames: int | None = None
    external: Sequence[str] = ()
    frames_of: Sequence[str] = ()
    baselines: bool = True
    ssim: bool = True
    metrics: Sequence[str] = ()
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def command(self, data: Path | None, models: Sequence[str], protocol: str | None = None) -> str:
        """Return the command that measures the same again, free of this machine's folders.

        Args:
            data: What was measured on.
            models: Names of the models.
            protocol: What was given as ``--protocol``.
        """
        words = ["stvsr", "evaluate", *([data.resolve().name] if data else [])]
        words += ["--protocol", protocol] if protocol else []
        limits = {"iterations": self.iterations, "frames": self.frames}
        for name, value in {**{name: self.settings.get(name) for name in SETTINGS}, **limits}.items():
            if value is not None:
                words += [f"--{name}", Path(str(value)).name if name == "blur" else str(value)]
        known = [word for name in models for word in ("--model", name)]
        words[3 if data else 2 : 3 if data else 2] = known
        for text in self.external:
            place, _, function = text.rpartition(":")
            words += ["--external", f"{Path(place).name}:{function}"]
        for text in self.frames_of:
            name, _, place = text.rpartition("=")
            folder = Path(place).resolve().name
            words += ["--frames-of", f"{name}={folder}" if name else folder]
        for name in self.metrics:
            words += ["--metric", name]
        words += [] if self.baselines else ["--no-baselines"]
        return shlex.join(words + ([] if self.ssim else ["--no-ssim"]))


def prepare(request: Request, report: Report) -> Measure:
    """Return how to measure.

    Raises:
        StvsrError: If a metric needs what is not installed.
    """
    # Metrics need double precision, which only CUDA has beside the CPU.
    device = str(request.device) if request.device.type == "cuda" else "cpu"
    return Measure(report, device, request.ssim, meters=makers(request.metrics, device))


def measure(
    clips: Sequence[TestClip],
    choice: Choice,
    request: Request,
    how: Measure,
    published: Sequence[Published] | None = None,
    *,
    methods: Sequence[Method] | None = None,
    details: Mapping[str, Mapping[str, Any]] | None = None,
) -> Document:
    """Measure all methods of a choice on clips.

    Args:
        clips: The truth.
        choice: What to measure.
        request: What was asked for.
        how: As `prepare` returns it.
        published: Rows that others published; ``None`` for those that are known to belong to the data.
        methods: What to measure instead of the choice's models.
        details: What the document says of these, as of `Choice.details`.
    """
    baselines = choice.baselines() if request.baselines else []
    trained = choice.models(request.device) if methods is None else methods
    details = choice.details if details is None else details
    methods = [*baselines, *choice.others(), *trained]
    results = evaluate(methods, clips, choice.protocol, how)
    used = environment(str(request.device))
    return Measurement("", clips, choice.protocol, results, details, "", used, published).document()
