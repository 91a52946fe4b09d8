"""Studies of what to train: one recipe with one thing changed, every variant trained alike and then measured.

    python -m studies.staa filters  DATA results/studies/staa-filters.json
    python -m studies.staa modules  DATA results/studies/staa-modules.json
    python -m studies.staa networks DATA results/studies/staa-networks.json
    python -m studies.staa joint    DATA results/studies/staa-joint.json
    python -m studies.staa kept     DATA results/studies/staa-kept.json

DATA is what `stvsr evaluate` takes and is measured on; what the recipes train on lies below ``$STVSR_DATA``. The runs
stay in ``runs/studies``: the same command goes on where it stopped, and studies share the variants they have in common.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import stvsr
from studies.writing import write_document
from stvsr.device import choose_device
from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip, find_clips
from stvsr.evaluation.documents import StudyInfo, StudyResults
from stvsr.evaluation.evaluation import Evaluation
from stvsr.evaluation.methods.ablation import Named
from stvsr.evaluation.methods.contract import Method
from stvsr.evaluation.methods.interpolation import baseline
from stvsr.evaluation.protocols import protocol_for
from stvsr.evaluation.provenance import environment
from stvsr.evaluation.results import Provenance, Results
from stvsr.models.contract import Restorer
from stvsr.models.zoo import find
from stvsr.physics.scale import Scale
from stvsr.training.loop import fit
from stvsr.training.recipe import Recipe, load_recipe

RECIPE = Path(__file__).with_name("staa.yaml")
COMMON = (
    "model.upsampler.data_step=false",
    "model.upsampler.residual=1",
    "data.frames=12",
    "validation.every=500",
    "validation.clips=3",
)
"""Every number of frames is a multiple of all factors in time; the step is shorter than the recipe's own."""
STEPS, BATCH = 1000, 2


@dataclass(frozen=True)
class Variant:
    """One way to do it.

    Attributes:
        label: What the table calls it.
        slug: Of the folder of its run; the same for the same variant in other studies.
        changes: To the recipe, as for `stvsr train`.
    """

    label: str
    slug: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes:
        title: Heading of its table.
        text: What was done, for the reader of the table.
        scales: Factors in time and space, a column each.
        variants: A row each.
        baseline: Whether interpolation is measured as well.
    """

    title: str
    text: str
    scales: tuple[tuple[int, int], ...]
    variants: tuple[Variant, ...]
    baseline: bool = False


def _filter(constraint: str, *, rounded: bool = True) -> tuple[str, ...]:
    return (f"model.downsampler.constraint={constraint}", f"model.downsampler.quantised={str(rounded).lower()}")


def _upsampler(**settings: object) -> tuple[str, ...]:
    return tuple(f"model.upsampler.{name}={str(value).lower()}" for name, value in settings.items())


LEARNED = Variant("learned filter", "softmax")
NEAREST = _filter("bicubic")
RECURRENT = _upsampler(network="recurrent", features=64, blocks=4)
NARROW = _upsampler(features=24, growth=16)
ONE_LAYER = (*NARROW, *_upsampler(dense=1, layers=1))
DEFORMABLE = _upsampler(temporal="deformable")
ALTERNATING = (*_upsampler(network="alternating", blocks=2, growth=24), "flow=spynet-compact")

STUDIES = {
    "filters": Study(
        "How clips are shrunk (STAA, Table 2)",
        "The same network behind each filter. Soft: taps under a softmax.",
        ((1, 2), (2, 1), (2, 2)),
        (
            Variant("every r-th frame, bicubic", "bicubic", NEAREST),
            Variant("Gaussian", "gaussian", _filter("gaussian")),
            Variant("learned, free", "free", _filter("none", rounded=False)),
            Variant("learned, soft", "soft", _filter("softmax", rounded=False)),
            Variant("learned, soft, trained with rounding to 8 bits", LEARNED.slug),
            Variant("learned, soft, by content", "adaptive", _filter("adaptive")),
        ),
    ),
    "modules": Study(
        "Parts of the network that expands (STAA, Table 3)",
        "Its kinds of layers; the paper, with far larger ones, finds 28.67, 31.35, 31.55 and 32.00 dB on Vimeo-90k.",
        ((2, 4),),
        (
            Variant("three 3-D convolutions", "one-layer", ONE_LAYER),
            Variant("residual dense blocks", "narrow", NARROW),
            Variant("deformable ConvLSTM", "deformable", (*ONE_LAYER, *DEFORMABLE)),
            Variant("both", "narrow-deformable", (*NARROW, *DEFORMABLE)),
        ),
    ),
    "networks": Study(
        "Other networks with a filter of their own (STAA, Tables 5 and 6)",
        "Two kinds of networks, each behind a fixed and behind a learned filter.",
        ((2, 4),),
        (
            Variant("3-D residual dense blocks, every r-th frame, bicubic", "bicubic", NEAREST),
            Variant("3-D residual dense blocks, learned filter", LEARNED.slug),
            Variant("frame-recurrent 2-D, every r-th frame, bicubic", "recurrent-bicubic", (*NEAREST, *RECURRENT)),
            Variant("frame-recurrent 2-D, learned filter", "recurrent", RECURRENT),
        ),
    ),
    "joint": Study(
        "STAA and DAVSR in one",
        "The learned filter is known when the clip is expanded: DAVSR's data step can follow STAA's network, and "
        "DAVSR's whole network can work behind the filter, both trained together. Colours alike: the filter of all "
        "colours starts at the same instant and place, so that they show the same.",
        ((2, 4),),
        (
            Variant("STAA's network", "wide", _upsampler(growth=48)),
            Variant("STAA's network, data step", "wide-data-step", _upsampler(growth=48, data_step=True)),
            Variant("DAVSR's network, fixed filter", "alternating-bicubic", (*ALTERNATING, *NEAREST)),
            Variant("DAVSR's network, learned filter", "alternating", ALTERNATING),
            Variant(
                "DAVSR's network, learned filter, colours alike",
                "alternating-alike",
                (*ALTERNATING, "model.downsampler.phases=[[0.5,0.5,0.5],[0.5,0.5,0.5],[0.5,0.5,0.5]]"),
            ),
        ),
    ),
    "kept": Study(
        "Quality against samples kept (STAA, Fig. 17)",
        "The same network at every scale, at a quarter of the clip's height and width (a third for 3x).",
        ((1, 2), (2, 1), (3, 1), (1, 3), (1, 4), (4, 1), (2, 2), (3, 3), (2, 4), (4, 2), (4, 4)),
        (LEARNED,),
        baseline=True,
    ),
}


@dataclass(frozen=True)
class Job:
    """How much of everything.

    Attributes:
        clips: The truth that is measured on.
        data: Their name.
        runs: Folder of the runs.
        steps: Optimiser steps of each variant.
        batch: Clips in each step.
        device: Where to compute.
        ssim: Whether to measure SSIM.
        overrides: Further changes to every recipe.
    """

    clips: Sequence[TestClip]
    data: str
    runs: Path
    steps: int = STEPS
    batch: int = BATCH
    device: str = "auto"
    ssim: bool = True
    overrides: tuple[str, ...] = ()


def recipe_of(variant: Variant, time: int, space: int, job: Job) -> Recipe:
    """Return the recipe of a variant at a scale."""
    fold = max(4 // space, 1)
    window = [2 * time if time > 1 else 1, *(2 * space if space > 1 else 1,) * 2]
    scaled = (f"model.scale=[{time},{space}]", f"model.downsampler.window={window}", f"model.upsampler.fold={fold}")
    amount = (f"name={time}t{space}s-{variant.slug}", f"steps={job.steps}", f"data.batch={job.batch}")
    return load_recipe(RECIPE, [*COMMON, *scaled, *amount, *variant.changes, *job.overrides])


def train(recipe: Recipe, job: Job) -> Path:
    """Train a variant unless that was done before; return the folder of the model that was best on validation clips.

    Raises:
        StvsrError: If the training was interrupted, or cannot go on.
    """
    folder = job.runs / recipe.name
    done = folder / "last"
    if not (done / "config.json").is_file() or find(done).training["steps"] != recipe.steps:
        outcome = fit(recipe, folder, device=job.device)
        if not outcome.finished:
            raise StvsrError(f"{recipe.name} stopped after {outcome.steps} steps: the same command goes on from there")
    return folder / "best"


def run(study: Study, job: Job) -> list[Results]:
    """Train and measure all variants of a study at all its scales."""
    return [_measured(study, time, space, job) for time, space in study.scales]


def _measured(study: Study, time: int, space: int, job: Job) -> Results:
    device = str(choose_device(job.device))
    scale = Scale.of(time, space)
    methods: list[Method | Restorer] = [baseline(scale)] if study.baseline else []
    details: dict[str, Mapping[str, object]] = {}
    for variant in study.variants:
        entry = find(train(recipe_of(variant, time, space, job), job))
        methods.append(Named(stvsr.load(entry.folder, device), variant.label))
        details[variant.label] = {"parameters": entry.parameters, "validation": entry.quality["validation"]}
    protocol = protocol_for(scale)
    measured = Evaluation(
        methods, job.clips, protocol, device=device, ssim=job.ssim, details=details, data=job.data, published=()
    ).run()
    counted = "" if protocol.frames == "all" else f", {protocol.frames} frames"
    return replace(measured, label=f"{protocol.title}{counted}", environment={})


def document(name: str, job: Job, command: str) -> StudyResults:
    """Do a study and return its results."""
    study = STUDIES[name]
    length = f"Every variant was trained for {job.steps} steps of {job.batch} clips, far from its best."
    return StudyResults(
        StudyInfo(name, study.title, f"{study.text} {length}", "Models trained alike", job.steps),
        tuple(run(study, job)),
        Provenance(command, environment(str(choose_device(job.device)))),
    )


def main(arguments: Sequence[str]) -> int:
    """Do a study; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m studies.staa", description="Train variants and measure.")
    parser.add_argument("study", choices=sorted(STUDIES))
    parser.add_argument("data", type=Path, help="a video, a folder of frames, or a folder of such clips to measure on")
    parser.add_argument("output", type=Path, help="the JSON file")
    parser.add_argument("overrides", nargs="*", help="changes to every recipe, such as optimizer.rate=5e-4")
    parser.add_argument("--steps", type=int, default=STEPS, help="optimiser steps of each variant")
    parser.add_argument("--batch", type=int, default=BATCH, help="clips in each step")
    parser.add_argument("--frames", type=int, help="measure only so many frames from the start of each clip")
    parser.add_argument("--no-ssim", dest="ssim", action="store_false", help="leave SSIM out, which is slow")
    parser.add_argument("--runs", type=Path, default=Path("runs/studies"), help="folder of the runs")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    options = parser.parse_intermixed_args(arguments)
    return write_document(options.output, lambda: _asked(options))


def _asked(options: argparse.Namespace) -> StudyResults:
    """Return the results that the command line asks for."""
    job = Job(
        find_clips(options.data, options.frames),
        options.data.resolve().name,
        options.runs,
        options.steps,
        options.batch,
        options.device,
        options.ssim,
        tuple(options.overrides),
    )
    return document(options.study, job, shlex.join(_command(options)))


def _command(options: argparse.Namespace) -> Iterator[str]:
    """Yield the words of the command that does the study again, free of this machine's folders."""
    yield from ("python", "-m", "studies.staa", options.study, options.data.resolve().name)
    yield from (options.output.name, *options.overrides)
    for name, usual in (("steps", STEPS), ("batch", BATCH), ("frames", None)):
        value = getattr(options, name)
        if value != usual:
            yield from (f"--{name}", str(value))
    if not options.ssim:
        yield "--no-ssim"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
