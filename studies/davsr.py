"""Studies of a DAVSR model: one command each, that writes the figures of a table of `docs/results`.

    python -m studies.davsr ablation   DATA results/studies/davsr-ablation.json   --model davsr-compact
    python -m studies.davsr iterations DATA results/studies/davsr-iterations.json --picture iterations.png
    python -m studies.davsr mismatch   DATA results/studies/davsr-mismatch.json
    python -m studies.davsr tasks      DATA results/studies/davsr-tasks.json

DATA is what `stvsr evaluate` takes: a video, a folder of frames, or a folder of such clips.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

import stvsr
from studies.writing import write_document
from stvsr.device import choose_device
from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip, find_clips
from stvsr.evaluation.documents import StudyInfo, StudyResults
from stvsr.evaluation.evaluation import Evaluation
from stvsr.evaluation.measure import ClipScores, MethodScores, Report, low_frames, measured_frames
from stvsr.evaluation.methods.ablation import Named, ablations, stages
from stvsr.evaluation.methods.contract import Method
from stvsr.evaluation.methods.interpolation import Interpolation
from stvsr.evaluation.methods.motion import Cascade
from stvsr.evaluation.metrics.psnr_ssim import Frames, score_frames
from stvsr.evaluation.protocols import degraded_protocol
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.results import Provenance, Results
from stvsr.evaluation.rows import results_of
from stvsr.figures.picture import busiest_region, strip
from stvsr.files import atomic_write
from stvsr.models.contract import Restorer
from stvsr.models.davsr.model import DAVSR
from stvsr.models.zoo import Entry, find
from stvsr.physics.degradation import Degradation

PAPER = Degradation(time=5, space=4)
MOST_ITERATIONS = 6
CROP = 96
BICUBIC, TRILINEAR, CASCADE = "bicubic (a = -0.75) + linear blend", "trilinear", "minterpolate + bicubic (a = -0.75)"

TASKS = {
    "size ×4": Degradation(space=4),
    "size ×2": Degradation(space=2),
    "sharpening, Gaussian of 1.5 pixels": Degradation(blur="gaussian:1.5"),
    "frames ×2, sharp": Degradation(time=2, exposure=0.5),
    "frames ×2, blurred": Degradation(time=2),
    "frames ×5, blurred": Degradation(time=5),
    "frames ×2, size ×2, sharp": Degradation(time=2, space=2, exposure=0.5),
    "frames ×2, size ×4, blurred": Degradation(time=2, space=4),
    "frames ×5, size ×4, blurred": PAPER,
    "frames ×2, size ×2, blurred, noise 5": Degradation(time=2, space=2, noise=5),
}
"""One set of weights, told what happened: super-resolution alone, interpolation alone, deblurring alone, and all."""

EXPOSURES = {-50: 0.4, -25: 0.6, 0: 0.8, 25: 1.0}
WIDTH, WIDTHS = 1.6, {share: 1.6 * (1 + share / 100) for share in (-50, -25, 0, 25, 50)}


@dataclass(frozen=True)
class Job:
    """What a study works on.

    Attributes:
        model: The network.
        entry: Where it comes from.
        clips: The truth.
        report: Told about every frame.
        device: Where low clips are made.
        ssim: Whether to compute SSIM.
        picture: Where a study may draw.
        iterations: K, where it is not the model's own.
    """

    model: DAVSR
    entry: Entry
    clips: Sequence[TestClip]
    report: Report
    device: str = "cpu"
    ssim: bool = True
    picture: Path | None = None
    iterations: int | None = None

    def scores(self, degradation: Degradation, methods: Sequence[Method | Restorer]) -> list[MethodScores]:
        """Measure methods under one degradation."""
        protocol = degraded_protocol(degradation)
        return Evaluation(methods, self.clips, protocol, device=self.device, ssim=self.ssim).scores(self.report)

    def table(self, label: str, degradation: Degradation, methods: Sequence[Method | Restorer]) -> Results:
        """Measure methods under one degradation, and return the results."""
        return self.results(label, self.scores(degradation, methods))

    def results(self, label: str, results: Sequence[MethodScores]) -> Results:
        """Return what was measured under one degradation; trained methods are those of no baseline."""
        details = {"parameters": self.entry.parameters, "weights_sha256": self.entry.checksum}
        trained = [one.method for one in results if one.method not in (BICUBIC, TRILINEAR, CASCADE)]
        known = dict.fromkeys(trained, details)
        return replace(results_of(results, results[0].protocol, self.clips, details=known), label=label)


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes:
        title: Heading of its table.
        text: What was done, for the reader of the table.
        run: Does it.
    """

    title: str
    text: str
    run: Callable[[Job], list[Results]]


def ablation(job: Job) -> list[Results]:
    """Take away the data step, the enhancement, or both (DAVSR, Table 3)."""
    return [job.table("PSNR / SSIM", PAPER, ablations(job.model.bind(PAPER, job.iterations)))]


def iterations(job: Job) -> list[Results]:
    """Measure K = 1 to 6, and every stage of the last of these (DAVSR, Fig. 6)."""
    counts = range(1, MOST_ITERATIONS + 1)
    methods = [Named(job.model.bind(PAPER, count), f"K = {count}") for count in counts]
    protocol = degraded_protocol(PAPER)
    results = job.scores(PAPER, methods)
    staged: dict[str, MethodScores] = {}
    shown = job.iterations or job.model.config.iterations
    for clip in job.clips:
        made, truth = _stages(job, clip, shown)
        for name, frames in made.items():
            method = f"K = {shown}: {name}"
            scores = score_frames(frames, truth, protocol.border, job.device, ssim=job.ssim)
            size = (len(truth), truth.shape[1], truth.shape[2])
            staged.setdefault(method, MethodScores(method, protocol)).clips.append(
                ClipScores(clip.name, size, scores, float("nan"))
            )
            job.report(method, clip.name, len(truth))
    if job.picture:
        draw_stages(job, job.clips[0], shown, job.picture)
    return [job.results("PSNR / SSIM", [*results, *staged.values()])]


def mismatch(job: Job) -> list[Results]:
    """Tell the model a wrong exposure or a wrong blur."""
    true = PAPER.but(exposure=EXPOSURES[0])
    exposed = job.table(
        f"exposure {EXPOSURES[0]:g}",
        true,
        [
            *(_assuming(job, true.but(exposure=value), share) for share, value in EXPOSURES.items()),
            Named(Interpolation(true), BICUBIC),
        ],
    )
    true = PAPER.but(blur=f"gaussian:{WIDTH:g}")
    blurred = job.table(
        f"Gaussian of {WIDTH:g} pixels",
        true,
        [
            *(_assuming(job, true.but(blur=f"gaussian:{value:g}"), share) for share, value in WIDTHS.items()),
            Named(Interpolation(true), BICUBIC),
        ],
    )
    return [exposed, blurred]


def tasks(job: Job) -> list[Results]:
    """Measure one set of weights at everything it is for."""
    made = []
    for label, degradation in TASKS.items():
        methods: list[Method | Restorer] = [
            Named(Interpolation(degradation, "linear"), TRILINEAR),
            Named(Interpolation(degradation), BICUBIC),
        ]
        if degradation.time > 1:
            methods.append(_Renamed(degradation))
        methods.append(Named(job.model.bind(degradation, job.iterations), job.entry.name))
        made.append(job.table(label, degradation, methods))
    return made


STUDIES = {
    "ablation": Study(
        "Parts of DAVSR",
        "The same weights with a part taken away, not trained anew (the paper, Table 3, trained each: 27.25 dB without "
        "data step, 23.05 without enhancement, 29.12 whole, on REDS4). Without data step Z_k is X_{k-1}; without "
        "enhancement X_k is Z_k.",
        ablation,
    ),
    "iterations": Study(
        "Iterations of DAVSR",
        "The number of iterations K chosen at run time, and every stage of the K that the model was trained with: the "
        "start X0, the results Z_k of the data step and X_k of the enhancement.",
        iterations,
    ),
    "mismatch": Study(
        "A wrong guess of exposure or blur",
        "5x in time, 4x in space. The low clip is made with the exposure or the blur of the column's heading; the "
        "model is told one that is smaller or larger by the share of the row. A wrong exposure also puts the frames to "
        "wrong instants, because the shutter opens at the start of a frame. Bicubic + linear blend is told the "
        "right one. An exposure above 1 does not exist.",
        mismatch,
    ),
    "tasks": Study(
        "One set of weights, many tasks",
        "The model is told what happened to the clip; nothing else differs. Blurred: the shutter is open throughout. "
        "Sharp: each low frame is one high frame. Where an axis is not enlarged, a baseline's part for it does "
        "nothing.",
        tasks,
    ),
}


class _Renamed(Cascade):
    """The cascade under one name whatever the scale."""

    @property
    def name(self) -> str:
        """As in every row of the table."""
        return CASCADE


def _assuming(job: Job, degradation: Degradation, share: int) -> Named:
    """Return the model told ``degradation``, named by how far off that is."""
    return Named(job.model.bind(degradation, job.iterations), f"{share:+d} %" if share else "right")


def _stages(job: Job, clip: TestClip, count: int) -> tuple[dict[str, Frames], Frames]:
    """Return every stage of a clip restored as a whole, and the truth."""
    protocol = degraded_protocol(PAPER)
    low = np.stack(list(low_frames(None, clip, protocol, job.device)))
    truth = np.stack(list(measured_frames(clip, protocol)))
    frames, height, width, _ = truth.shape
    device = next(job.model.parameters()).device
    tensor = torch.from_numpy(low).permute(3, 0, 1, 2)[None].float().to(device) / 255
    made = stages(job.model.bind(PAPER, count), tensor)
    return {name: _to_frames(one[0, :, :frames, :height, :width]) for name, one in made.items()}, truth


def draw_stages(job: Job, clip: TestClip, count: int, path: Path) -> None:
    """Draw the busiest part of a frame in the middle of a clip at every stage: Z above, X below, the truth last."""
    made, truth = _stages(job, clip, count)
    first = len(truth) // 2
    region = busiest_region(truth, first, CROP)
    captioned = {"truth": ("truth", region.cut(truth[first]))}
    for name, frames in made.items():
        psnr = score_frames(frames[first : first + 1], truth[first : first + 1], ssim=False)[0].psnr_rgb
        captioned[name] = (f"{name}: {psnr:.2f} dB", region.cut(frames[first]))
    upper, lower = ([f"{part}{k}" for k in range(1, count + 1)] for part in "ZX")
    rows = [[captioned[name] for name in names] for names in (["truth", *upper], ["X0", *lower])]
    with atomic_write(path) as drawn:
        strip(rows).save(drawn, format="PNG")


def _to_frames(clip: torch.Tensor) -> Frames:
    """Return ``(3, T, H, W)`` in [0, 1] as ``(T, H, W, 3)`` uint8."""
    codes = (clip * 255).round().to(torch.uint8)
    frames: Frames = codes.permute(1, 2, 3, 0).contiguous().numpy()
    return frames


def run(name: str, job: Job, data: str, command: str) -> StudyResults:
    """Do a study and return its results."""
    study = STUDIES[name]
    measurements = tuple(replace(one, data=replace(one.data, name=data)) for one in study.run(job))
    about = StudyInfo(name, study.title, study.text, job.entry.name)
    return StudyResults(about, measurements, Provenance(command, environment(job.device)))


def main(arguments: Sequence[str]) -> int:
    """Do a study; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m studies.davsr", description="Study a DAVSR model.")
    parser.add_argument("study", choices=sorted(STUDIES))
    parser.add_argument("data", type=Path, help="a video, a folder of frames, or a folder of such clips")
    parser.add_argument("output", type=Path, help="the JSON file")
    parser.add_argument("--model", default="davsr-compact", help="a bundled name, a model folder or a hub id")
    parser.add_argument("--frames", type=int, help="use only so many frames from the start of each clip")
    parser.add_argument("--iterations", type=int, help="K, if not the model's own")
    parser.add_argument("--no-ssim", dest="ssim", action="store_false", help="leave SSIM out, which is slow")
    parser.add_argument("--picture", type=Path, help="for iterations: draw the stages of the first clip to this PNG")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")
    options = parser.parse_args(arguments)
    return write_document(options.output, lambda: _asked(options))


def _asked(options: argparse.Namespace) -> StudyResults:
    """Return the results that the command line asks for."""
    device = choose_device(options.device)
    entry = find(options.model)
    model = stvsr.load(entry.folder, device)
    if not isinstance(model, DAVSR):
        raise StvsrError(f"{entry.name} is no model of the family davsr: choose one with --model")
    clips = find_clips(options.data, options.frames)
    job = Job(model, entry, clips, _say, str(device), options.ssim, options.picture, options.iterations)
    return run(options.study, job, options.data.resolve().name, _command(options, entry))


def _command(options: argparse.Namespace, entry: Entry) -> str:
    """Return the command that does the study again, free of this machine's folders."""
    words = ["python", "-m", "studies.davsr", options.study, options.data.resolve().name]
    words += [options.output.name, "--model", entry.name]
    for name in ("frames", "iterations"):
        value = getattr(options, name)
        words += [] if value is None else [f"--{name}", str(value)]
    return shlex.join(words + ([] if options.ssim else ["--no-ssim"]))


def _say(method: str, clip: str, frames: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{clip}: {method}, frame {frames}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
