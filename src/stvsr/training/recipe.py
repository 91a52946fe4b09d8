"""What a training run is: frozen dataclasses whose fields document themselves, read from YAML."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from stvsr.errors import StvsrError
from stvsr.settings import build, override, setting
from stvsr.video.encoders import encoder

RECIPES = Path(__file__).parent / "recipes"
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class DataRecipe:
    """Where the clips come from and how samples are cut out of them."""

    train: tuple[Mapping[str, Any], ...] = setting(
        (), "sources, each a mapping with the fields of `stvsr.data.clips.ClipSource` and a `weight` (1)"
    )
    validation: tuple[Mapping[str, Any], ...] = setting((), "sources to validate on, never trained on")
    frames: int = setting(7, "frames of a sample", at_least=1)
    patch: int = setting(128, "height and width of a sample in pixels", at_least=1)
    batch: int = setting(32, "samples per step *and process*", at_least=1)
    seed: int = setting(0, "of everything drawn", at_least=0, at_most=LARGEST_SEED)
    augment: bool = setting(True, "flip, turn and reverse in time")
    strides: tuple[int, ...] = setting(
        (1,), "steps in time to choose from: `[1, 1, 2]` skips frames at times", at_least=1
    )
    shrink: float = setting(0.0, "share of samples averaged down from twice the size", at_least=0)
    workers: int = setting(1, "threads that prepare batches", at_least=1)
    prefetch: int = setting(4, "batches kept ready", at_least=1)


@dataclass(frozen=True)
class DegradationRecipe:
    """What is done to the clips before a model restores them that is told of it, drawn anew for every step.

    A value named twice is drawn twice as often. Without ``times`` the model's own degradation is used throughout.
    """

    times: tuple[int, ...] = setting((), "high frames per low frame to choose from, such as `[1, 2, 2, 5]`", at_least=1)
    spaces: tuple[int, ...] = setting((1,), "high pixels per low pixel to choose from", at_least=1)
    exposure: tuple[float, float] = setting((1.0, 1.0), "least and greatest open share of a frame", at_least=0)
    trapezoid: float = setting(0.0, "share of steps with the shutter of REDS", at_least=0, at_most=1)
    gaussian: float = setting(0.0, "share of steps with a Gaussian blur; bicubic in the others", at_least=0, at_most=1)
    sigma: tuple[float, float] = setting(
        (0.3, 0.6), "least and greatest width of that Gaussian, in low pixels (of at least 2 high ones)", at_least=0
    )
    noise: float = setting(0.0, "greatest standard deviation of noise in 8-bit code values", at_least=0, at_most=128)
    noisy: float = setting(0.5, "share of steps with noise", at_least=0, at_most=1)
    compressed: float = setting(0.0, "share of steps behind H.264", at_least=0, at_most=1)
    compression: tuple[int, int] = setting((16, 34), "least and greatest constant rate factor of it", at_least=1)
    grid: int = setting(
        0,
        "pixels of a sample's side on the grid that the network works on (low pixels, or blocks of 2): larger samples "
        "are cut, so that a step costs the same for every space factor; 0: as they are",
        at_least=0,
    )


@dataclass(frozen=True)
class CodecRecipe:
    """A lossy codec that the low clip of a STAA model goes through, there and back, in every step and validation.

    Gradients pass it as if it changed nothing.
    """

    name: Literal["", "h264", "h265", "av1", "vp9"] = setting("", "`h264`, `h265`, `av1` or `vp9`; empty: no codec")
    crf: tuple[int, int] = setting(
        (20, 40), "least and greatest constant rate factor, drawn for every step", at_least=0
    )
    chroma: Literal[420, 444] = setting(420, "`420` stores colour at a quarter of the pixels, `444` at all")
    rate: float = setting(25.0, "frames per second that the clips are taken to have", above=0, at_most=240)


@dataclass(frozen=True)
class StageRecipe:
    """A part of a run with samples, or a loss, of its own."""

    until: float = setting(1.0, "share of the run's steps at which it ends", above=0, at_most=1)
    frames: int = setting(0, "frames of a sample; 0: as in `data`", at_least=0)
    patch: int = setting(0, "height and width of a sample; 0: as in `data`", at_least=0)
    batch: int = setting(0, "samples per step and process; 0: as in `data`", at_least=0)
    loss: Literal["", "l1", "charbonnier", "log_charbonnier", "log_mse"] = setting("", "empty: the recipe's")


@dataclass(frozen=True)
class OptimizerRecipe:
    """Adam, or Muon for the hidden convolutions and Adam for all else, and the learning rate."""

    kind: Literal["adam", "muon"] = setting("adam", "`muon`: for weights below `body`, `trunk` and `refine`")
    muon_rate: float = setting(0.01, "Muon's learning rate at its highest; it falls as `rate` does", above=0, at_most=1)
    muon_decay: float = setting(0.5, "Muon's weight decay; without any, deep trunks diverge", at_least=0, at_most=10)
    spike: float = setting(
        0.0, "skip steps whose loss is this many times the running mean, after the first 200; 0: none", at_least=0
    )
    rate: float = setting(2e-4, "learning rate at its highest", above=0, at_most=1)
    betas: tuple[float, float] = setting((0.9, 0.999), "Adam's averaging constants", at_least=0)
    warmup: int = setting(0, "steps over which the rate rises from 0", at_least=0)
    schedule: Literal["cosine", "steps", "constant"] = setting("steps", "how the rate falls")
    final_rate: float = setting(1e-7, "`cosine`: the rate at the last step", at_least=0, at_most=1)
    milestones: tuple[float, ...] = setting(
        (0.5, 0.8), "`steps`: parts of the run after which the rate falls", at_least=0
    )
    gamma: float = setting(0.2, "`steps`: factor at each milestone", above=0, at_most=1)
    kernel_rate: float = setting(
        1.0, "factor on the rate of parameters below `downsampler.`; 0: keep them", at_least=0, at_most=1000
    )
    flow_rate: float = setting(
        0.25, "factor on the rate of an optical flow network; 0: keep it", at_least=0, at_most=1000
    )


@dataclass(frozen=True)
class ValidationRecipe:
    """When and on how much of the validation clips the quality is measured."""

    every: int = setting(1000, "steps between validations; 0: only at the end", at_least=0)
    frames: int = setting(0, "first frames of each clip; 0: all", at_least=0)
    clips: int = setting(0, "how many clips, evenly out of all; 0: all", at_least=0)
    crop: int = setting(0, "side of a central crop in pixels; 0: whole frames", at_least=0)
    degradations: tuple[Mapping[str, Any], ...] = setting(
        (), "what a model that is told is validated on, each such as `{time: 5, space: 4}`; empty: the model's own"
    )


@dataclass(frozen=True)
class Recipe:
    """A training run, complete."""

    name: str = setting("model", "name of the model and, by default, of the run's folder below `runs/`")
    model: Mapping[str, Any] = setting({}, "the model's configuration, as in its `config.json`")
    data: DataRecipe = setting(DataRecipe, "clips and samples")  # noqa: RUF009
    degradation: DegradationRecipe = setting(DegradationRecipe, "what a model that is told of it learns to undo")  # noqa: RUF009
    codec: CodecRecipe = setting(CodecRecipe, "what stores the low clip")  # noqa: RUF009
    stages: tuple[StageRecipe, ...] = setting((), "parts of the run in order, each with its samples and its loss")
    steps: int = setting(200_000, "optimiser steps in all", at_least=1)
    minutes: float = setting(0.0, "stop this long after the start, to be resumed; 0: no limit", at_least=0)
    optimizer: OptimizerRecipe = setting(OptimizerRecipe, "Adam and its learning rate")  # noqa: RUF009
    ema: float = setting(0.999, "decay of the averaged weights, which are what ships; 0: off", at_least=0)
    clip: float = setting(0.0, "largest gradient norm; 0: no clipping", at_least=0)
    loss: Literal["l1", "charbonnier", "log_charbonnier", "log_mse"] = setting(
        "l1", "distance between output and clip: `l1`, `charbonnier`, `log_charbonnier` or `log_mse`"
    )
    intermediate: float = setting(
        0.0, "DAVSR: weight of the loss of each iteration relative to the next; 0: of the last alone", at_least=0
    )
    precision: Literal["auto", "float32", "bf16"] = setting(
        "auto", "`auto`: bf16 autocast on CUDA, and on processors that compute a layer faster with it"
    )
    channels_last: bool = setting(True, "keep channels innermost in memory, mostly faster")
    compile: bool = setting(False, "`torch.compile`, on CUDA only")
    start_from: str = setting("", "folder or name of a model whose weights to start from (fine-tuning)")
    flow: str = setting("", "DAVSR: folder or name of a trained optical flow network to begin with")
    seed: int = setting(0, "of the initial weights", at_least=0, at_most=LARGEST_SEED)
    validation: ValidationRecipe = setting(ValidationRecipe, "when and on what to validate")  # noqa: RUF009
    checkpoint_seconds: float = setting(300.0, "time between checkpoints; 0: not by time", at_least=0)
    checkpoint_steps: int = setting(0, "steps between checkpoints; 0: not by steps", at_least=0)
    log_every: int = setting(50, "steps per row of `metrics.csv`", at_least=1)
    licence: str = setting("", "licence of the trained weights, written into `config.json`")
    notes: str = setting("", "anything else for `config.json`: origin of the clips, purpose")


def load_recipe(recipe: str | Path, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        recipe: A YAML file, or the name of a bundled recipe such as ``staa-2t4s-compact``.
        overrides: Assignments such as ``optimizer.rate=1e-3``.

    Raises:
        StvsrError: If it does not exist, is not YAML, or holds an unknown key or a bad value.
    """
    path = Path(recipe)
    if not path.is_file():
        path = RECIPES / f"{recipe}.yaml"
    if not path.is_file():
        raise StvsrError(f"{recipe}: no such recipe; give a YAML file or one of {', '.join(bundled_recipes())}")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = str(error).replace("\n", " ")
        raise StvsrError(f"{path}: not valid YAML: {problem}") from None
    if values is not None and not isinstance(values, dict):
        raise StvsrError(f"{path}: a recipe must hold 'key: value' lines")
    return check(build(Recipe, override({"name": path.stem, **(values or {})}, overrides)))


def bundled_recipes() -> list[str]:
    """Return the names of the recipes that come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def check(recipe: Recipe) -> Recipe:
    """Return the recipe if its parts agree with each other.

    Raises:
        StvsrError: If the model or the training data are missing, or a share is above 1.
    """
    if not recipe.model:
        raise StvsrError("recipe: 'model' is missing; describe the network, such as 'model: {family: staa, ...}'")
    if not recipe.data.train:
        raise StvsrError("recipe: 'data.train' is empty; list at least one source of clips")
    if recipe.ema >= 1 or max(recipe.optimizer.betas) >= 1:
        raise StvsrError("recipe: 'ema' and 'optimizer.betas' must be below 1")
    if max((*recipe.optimizer.milestones, recipe.data.shrink)) > 1:
        raise StvsrError("recipe: 'optimizer.milestones' and 'data.shrink' are shares, at most 1")
    ends = [stage.until for stage in recipe.stages]
    if ends and (ends != sorted(set(ends)) or ends[-1] != 1):
        raise StvsrError("recipe: 'stages' must end later and later, the last of them at 1")
    check_degradation(recipe.degradation)
    check_codec(recipe.codec)
    if not re.fullmatch(r"[\w.+-]+", recipe.name):
        raise StvsrError(f"recipe: 'name' must be letters, digits and . + - _ alone, not {recipe.name!r}")
    return recipe


def stage_at(recipe: Recipe, step: int) -> tuple[StageRecipe, int]:
    """Return the stage that a step (from 0) belongs to, its sizes filled in, and the step before which it ends."""
    data = recipe.data
    for stage in recipe.stages or (StageRecipe(),):
        end = round(stage.until * recipe.steps)
        if step < end:
            break
    sizes = {name: getattr(stage, name) or getattr(data, name) for name in ("frames", "patch", "batch")}
    return replace(stage, **sizes), end


def check_degradation(recipe: DegradationRecipe) -> None:
    """Check that every degradation that may be drawn is possible.

    Raises:
        StvsrError: If an exposure or a width is 0 or a range ends before it begins.
    """
    for name, most in (("exposure", 1.0), ("sigma", 4.0)):
        least, greatest = getattr(recipe, name)
        if not 0 < least <= greatest <= most:
            raise StvsrError(f"recipe: 'degradation.{name}' is a range [least, greatest], above 0 and at most {most:g}")
    least, greatest = recipe.compression
    if not least <= greatest <= 51:
        raise StvsrError("recipe: 'degradation.compression' is a range [least, greatest], from 1 to 51")


def check_codec(codec: CodecRecipe) -> None:
    """Check that the codec can be had.

    Raises:
        StvsrError: If a rate factor is out of its range or the range ends before it begins.
    """
    if not codec.name:
        return
    least, greatest = codec.crf
    if least > greatest:
        raise StvsrError(f"recipe: 'codec.crf' is a range [least, greatest], not [{least}, {greatest}]")
    try:
        encoder(codec.name, greatest)
    except StvsrError as error:
        raise StvsrError(f"recipe: 'codec.crf': {error}") from None


def expand_variables(value: Any) -> Any:
    """Return nested values with ``${NAME}`` in every text replaced by the environment variable.

    Raises:
        StvsrError: If a variable is not set.
    """
    if isinstance(value, Mapping):
        return {key: expand_variables(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [expand_variables(item) for item in value]
    return re.sub(r"\$\{(\w+)\}", _variable, value) if isinstance(value, str) else value


def _variable(found: re.Match[str]) -> str:
    value = os.environ.get(found[1])
    if value is None:
        raise StvsrError(
            f"recipe: it reads clips from ${{{found[1]}}}, which is not set; "
            f"run 'export {found[1]}=FOLDER', or override data.train and data.validation"
        )
    return value
