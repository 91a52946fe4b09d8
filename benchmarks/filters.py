"""What the choices in the downsampling filter are worth: short trainings that differ in one setting.

    export STVSR_DATA=/folder/with/train,val,stills
    python benchmarks/filters.py staa-2t4s-compact [--steps 150] [--only NAME ...]

Each line starts from the bundled recipe with a smaller network and fewer steps, so that all take minutes; the figures
rank settings, they are not what a full training reaches. Measured on the validation clips of the recipe. Where every
second frame is kept, the even ones are exact and the mean over all frames says nothing.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

import torch
from timing import machine

from stvsr.training.loop import fit
from stvsr.training.recipe import load_recipe

SMALL = (
    "model.upsampler.features=32",
    "model.upsampler.growth=16",
    "model.upsampler.dense=1",
    "data.batch=4",
    "data.frames=8",
    "ema=0.98",
    "optimizer.warmup=20",
    "validation.every=0",
)
FILTER = "model.downsampler."
ALIKE = "[[0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]"
INSTANTS = "[[0, 0.5, 0.5], [0.5, 0.5, 0.5], [1, 0.5, 0.5]]"
PLACES = "[[0.5, 0.17, 0.17], [0.5, 0.83, 0.5], [0.5, 0.17, 0.83]]"
PAPER = (f"{FILTER}window=[3, 3, 3]", f"{FILTER}origin=[-1, -1, -1]", f"{FILTER}sigma=0.2")
NO_DATA_STEP = "model.upsampler.data_step=false"

VARIANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "staa-2t1s-compact": {
        "as shipped: green first, red and blue second": (),
        "green second, red and blue first": (f"{FILTER}phases=[[0, 0.5, 0.5], [1, 0.5, 0.5], [0, 0.5, 0.5]]",),
        "red and green first, blue second": (f"{FILTER}phases=[[0, 0.5, 0.5], [0, 0.5, 0.5], [1, 0.5, 0.5]]",),
        "red first, green between, blue second": (f"{FILTER}phases={INSTANTS}",),
        "all colours alike": (f"{FILTER}phases={ALIKE}",),
        "window 3x3x3": (f"{FILTER}window=[3, 3, 3]",),
        "without data step": (NO_DATA_STEP,),
        "every second frame kept": (f"{FILTER}constraint=bicubic", NO_DATA_STEP),
        "Gaussian": (f"{FILTER}constraint=gaussian", f"{FILTER}sigma=0.3"),
    },
    "staa-2t4s-compact": {
        "as shipped: 4x8x8, instants and places": (),
        "3x7x7, instants": (f"{FILTER}window=[3, 7, 7]", f"{FILTER}phases={INSTANTS}"),
        "4x8x8, instants": (f"{FILTER}phases={INSTANTS}",),
        "4x8x8, places": (f"{FILTER}phases={PLACES}",),
        "4x8x8, all colours alike": (f"{FILTER}phases={ALIKE}",),
        "3x3x3 of the paper, instants": (*PAPER, f"{FILTER}phases=[[-1, 0, 0], [0, 0, 0], [1, 0, 0]]"),
        "without data step": (NO_DATA_STEP,),
        "residual scale 1 in the network, not 0.2": ("model.upsampler.residual=1",),
        "nearest in time, bicubic in space": (f"{FILTER}constraint=bicubic", NO_DATA_STEP),
        "Gaussian": (f"{FILTER}constraint=gaussian", f"{FILTER}sigma=0.3"),
    },
}


def measure(name: str, settings: tuple[str, ...], steps: int) -> tuple[float, float]:
    """Train one variant; return its PSNR over all frames and over the odd ones, in dB."""
    recipe = load_recipe(name, [*SMALL, *settings, f"steps={steps}"])
    with tempfile.TemporaryDirectory() as folder:
        fit(recipe, Path(folder), device="cpu")
        last = list(csv.DictReader((Path(folder) / "metrics.csv").open()))[-1]
    return float(last["psnr"]), float(last["psnr_synthesised"])


def main() -> None:
    """Train every variant and print the rows of a Markdown table as they come."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("name", choices=VARIANTS, help="recipe to vary")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--only", nargs="*", help="names of variants")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.name}, {options.steps} steps, {machine(torch.device('cpu'))}\n")
    print("| filter | PSNR, all frames | odd frames |\n|---|---|---|")
    for variant, settings in VARIANTS[options.name].items():
        if not options.only or variant in options.only:
            every, odd = measure(options.name, settings, options.steps)
            print(f"| {variant} | {every:.2f} | {odd:.2f} |", flush=True)


if __name__ == "__main__":
    main()
