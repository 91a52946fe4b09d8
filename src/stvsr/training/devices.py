"""Lightning Fabric set up for a recipe, and the one exchange between processes that each step needs."""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any

import torch
from torch import Tensor

from stvsr.errors import StvsrError
from stvsr.precision import bf16_gain, prefers_bf16

try:
    from lightning.fabric import Fabric as Fabric
    from lightning.fabric.plugins import MixedPrecision, Precision
except ImportError as error:  # pragma: no cover - the tests need it
    raise StvsrError("training needs more packages: pip install 'stvsr[train]'") from error


class Autocast(MixedPrecision):
    """Mixed precision that leaves a step's input as it is: in bfloat16 its 8-bit codes would be rounded away."""

    def convert_input(self, data: Any) -> Any:
        """Return the input unchanged; autocast decides layer by layer."""
        return data


def make_fabric(device: str = "auto", precision: str = "auto", varied: bool = False) -> Fabric:
    """Return a launched Fabric for this process: alone, or one of those that ``torchrun`` started.

    Args:
        device: ``auto`` (CUDA where there is one), ``cpu`` or ``cuda``.
        precision: ``auto`` (bf16 autocast on CUDA, and on processors that are faster with it), ``float32`` or ``bf16``.
        varied: Whether a step may leave some of the model's parameters aside, other ones in each process.

    Raises:
        StvsrError: If the device does not exist here.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise StvsrError(f"--device must be auto, cpu or cuda, not {device!r}")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise StvsrError("--device cuda: PyTorch sees no CUDA device here; use --device cpu")
    low_precision = precision == "bf16" or (precision == "auto" and (device == "cuda" or prefers_bf16()))
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if device == "cuda":
        torch.set_float32_matmul_precision("high")
        if local > torch.cuda.device_count():
            raise StvsrError(f"torchrun started {local} processes for {torch.cuda.device_count()} CUDA devices")
    for name in ("lightning.fabric", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")
    fabric = Fabric(
        accelerator=device,
        devices=local,
        num_nodes=world // local,
        strategy=("ddp_find_unused_parameters_true" if varied else "ddp") if world > 1 else "auto",
        plugins=[Autocast("bf16-mixed", device) if low_precision else Precision()],
    )
    fabric.launch()
    return fabric


def precision_words(fabric: Fabric, asked: str) -> str:
    """Return in words what a run computes in, and why if it was for the program to choose."""
    if fabric._precision.precision == "32-true":
        gain = bf16_gain() if asked == "auto" and fabric.device.type == "cpu" else 0.0
        return f"float32 (bf16 is {gain:.1f} times as fast here)" if gain else "float32"
    if asked == "auto" and fabric.device.type == "cpu":
        return f"bf16 ({bf16_gain():.1f} times as fast here)"
    return "bf16"


def mean_over_processes(fabric: Fabric, values: Tensor) -> list[float]:
    """Return the mean over all processes of each number in a 1-D tensor. One that is not finite stays so."""
    if fabric.world_size > 1:
        values = fabric.all_reduce(values, reduce_op="mean")  # type: ignore[assignment]
    result: list[float] = values.tolist()
    return result


def gather_objects(fabric: Fabric, value: Any) -> list[Any]:
    """Return what every process gave, in the order of their ranks."""
    if fabric.world_size == 1:
        return [value]
    values: list[Any] = [None] * fabric.world_size
    torch.distributed.all_gather_object(values, value)
    return values
