"""Train the optical flow network: ``python -m studies.flow OUT --minutes 10 --size compact [--resume]``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import torch

from studies.flow.loop import SIZES, FlowTrainer, FlowTraining, mean_error
from studies.flow.samples import FlowSamples
from studies.flow.scenes import FlowScenes, scene_settings
from stvsr.data.cache import ClipCache
from stvsr.data.clips import ClipSource, open_clips
from stvsr.errors import StvsrError

HELD_OUT = 1_000_000
"""Seed of the first scene that no training sees."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code: 2 for a mistake of the user, with one line that says what to do."""
    options = _options(arguments)
    try:
        _train(options)
    except StvsrError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    if options.threads:
        torch.set_num_threads(options.threads)
    training = FlowTraining(options.size, options.minutes, options.steps, options.rate)
    trainer = FlowTrainer(training, options.out, resume=options.resume, seed=options.seed, device=options.device)
    cache = ClipCache(options.cache)
    settings = scene_settings(stills=options.stills)
    print(f"scenes: rendering what {cache.folder} lacks of {options.scenes}", flush=True)
    scenes = FlowScenes(settings, options.scenes, options.seed, cache)
    held_out = FlowSamples(FlowScenes(settings, options.held_out, HELD_OUT, cache), None, options.patch, known=64)
    source = ClipSource("videos", options.clips, cache=options.cache, shrink=2)
    clips = open_clips(source) if options.clips else None
    real = options.batch * 2 // 5 if clips is not None else 0
    samples = FlowSamples(scenes, clips, options.patch, options.batch - real, real, options.seed)
    stopped = trainer.run(samples, lambda line: print(line, flush=True))
    if stopped:
        print(f"{stopped} after step {trainer.step}; go on with --resume")
        return
    error = mean_error(trainer.averaged, held_out.batch(0).known)
    material = options.clips or options.stills
    licence = "MIT; trained on research-use material" if material else "MIT"
    folder = trainer.write({"quality": {"held-out end-point error, pixels": round(error, 4)}, "licence": licence})
    print(f"{folder}: {trainer.step} steps, held-out end-point error {error:.3f} pixels")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    data = os.environ.get("STVSR_DATA")
    parser = argparse.ArgumentParser(prog="python -m studies.flow", description=__doc__)
    parser.add_argument("out", type=Path, help="folder of the run; the network is written to OUT/model")
    parser.add_argument("--size", choices=SIZES, default="compact")
    parser.add_argument("--minutes", type=float, default=0.0, help="how long to train")
    parser.add_argument("--steps", type=int, default=0, help="how many steps to train")
    parser.add_argument("--batch", type=int, default=10, help="samples per step, two fifths of them from clips")
    parser.add_argument("--patch", type=int, default=96, help="height and width of a sample in pixels")
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--scenes", type=int, default=400, help="synthetic scenes to render")
    parser.add_argument("--held-out", type=int, default=32, help="scenes to measure on")
    parser.add_argument("--clips", default=f"{data}/train" if data else None, help="folder of videos ($STVSR_DATA)")
    parser.add_argument("--stills", default=f"{data}/stills" if data else None, help="folder of photographs, likewise")
    parser.add_argument("--cache", help="folder for decoded clips and rendered scenes")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on in OUT, longer where the time is raised")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
