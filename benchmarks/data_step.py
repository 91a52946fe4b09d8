"""Time, peak memory and float32 error of the data step in three forms, and what its refinements do at borders.

    python benchmarks/data_step.py
    python benchmarks/data_step.py --tables precision borders
    python benchmarks/data_step.py --tables cost --sizes 10x96x128 20x192x256 --limit 4

The forms solve the same problem, ``min |Y - A Z|^2 + alpha |Z - X|^2`` over Z: ours on the low grid
(`SpaceTimeOperator.data_step`), the classic one with spectra of the high grid, and conjugate gradients on the normal
equations. Prints Markdown. Each cost is measured in a process of its own; times are of one processor core, so that
other work on the machine disturbs them little. Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from timing import machine
from torch import Tensor

from stvsr.data.synthetic.scene import Scene, SceneSettings
from stvsr.physics.degradation import Degradation
from stvsr.physics.interpolation import trilinear
from stvsr.physics.kernels import Kernel
from stvsr.physics.operator import SpaceTimeOperator

Size = tuple[int, int, int]

SIZES = ["10x96x128", "20x192x256", "25x384x640", "50x768x1280"]
PAPER = Degradation(time=5, space=4)
NARROW = Degradation(time=5, space=4, blur="gaussian:1.6")
ALPHA = 1e-3
ALPHAS = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]
BORDER_ALPHAS = [1e-2, 1e-3, 1e-4]
TOLERANCE = 1e-6
MOST_ITERATIONS = 1000
DENSE_SIZE = (10, 16, 24)
BORDER_SIZES = ["20x96x128", "18x93x125"]
CONVERGED = 100
SEED = 1_000_012
BUDGET_SECONDS = 2.0


# The three forms


def residual_form(operator: SpaceTimeOperator, low: Tensor, high: Tensor, alpha: float) -> Tensor:
    """Return Z by the form that this package uses: only the low grid is transformed."""
    return operator.data_step(low, high, alpha)


def classic_form(operator: SpaceTimeOperator, low: Tensor, high: Tensor, alpha: float) -> Tensor:
    """Return Z by DAVSR's Theorem 1, put right, on spectra of the high grid; exact for periodic borders.

    ``Z = F^-1{ [R - conj(H) tile(mean(H R) / (mean |H|^2 + alpha))] / alpha }`` with
    ``R = conj(H) F(Y with zeros between) + alpha F(X)``; means are over the frequencies that decimation folds together.
    """
    dims, (frames, height, width) = (-3, -2, -1), operator.scale.steps
    h = _transfer(operator.kernel, high)
    spread = torch.zeros_like(high)
    spread[..., ::frames, ::height, ::width] = low
    right = torch.fft.fftn(spread, dim=dims).mul_(h.conj())
    del spread
    right.add_(torch.fft.fftn(high, dim=dims), alpha=alpha)
    power = _folded_mean(h.abs().square_(), operator.scale.steps)
    ratio = _folded_mean(h * right, operator.scale.steps) / (power + alpha)
    right.sub_(ratio.repeat(1, 1, frames, height, width).mul_(h.conj()))
    return torch.fft.ifftn(right, dim=dims).real / alpha


def _transfer(kernel: Kernel, high: Tensor) -> Tensor:
    """The spectrum H by which a correlation with the kernel multiplies that of a clip: ``(channels, T, H, W)``."""
    taps = kernel.taps.to(high)
    for dim, (origin, size) in enumerate(zip(kernel.origin, high.shape[2:], strict=True), start=1):
        places = torch.arange(origin, origin + taps.shape[dim]).remainder(size)
        shape = list(taps.shape)
        shape[dim] = size
        taps = taps.new_zeros(shape).index_add(dim, places, taps)
    return torch.fft.fftn(taps, dim=(-3, -2, -1)).conj().resolve_conj()


def _folded_mean(spectrum: Tensor, steps: Size) -> Tensor:
    for dim, step in zip((-3, -2, -1), steps, strict=True):
        spectrum = spectrum.unflatten(dim, (step, -1)).mean(dim - 1)
    return spectrum


def conjugate_gradients(
    operator: SpaceTimeOperator, low: Tensor, high: Tensor, alpha: float, count: list[int] | None = None
) -> Tensor:
    """Return Z by conjugate gradients on ``(A^T A + alpha) Z = A^T Y + alpha X``, from X, not preconditioned.

    Stops where the residual is `TOLERANCE` of the first one; the iterations are appended to ``count``.
    """
    size = (high.shape[2], high.shape[3], high.shape[4])
    z = high.clone()
    rest = operator.adjoint(low - operator.forward(z), size)
    step = rest.clone()
    energy = first = rest.square().sum()
    iterations = 0
    while energy > TOLERANCE**2 * first and iterations < MOST_ITERATIONS:
        image = operator.adjoint(operator.forward(step), size).add_(step, alpha=alpha)
        length = energy / (step * image).sum()
        z.add_(length * step)
        rest.sub_(length * image)
        previous, energy = energy, rest.square().sum()
        step.mul_(energy / previous).add_(rest)
        iterations += 1
    if count is not None:
        count.append(iterations)
    return z


FORMS: dict[str, Callable[[SpaceTimeOperator, Tensor, Tensor, float], Tensor]] = {
    "residual": residual_form,
    "classic": classic_form,
    "conjugate gradients": conjugate_gradients,
}


# Time and memory


@dataclass(frozen=True)
class Cost:
    """What one form took: seconds of one core, and bytes beyond its inputs."""

    seconds: float
    bytes: int


def cost_table(sizes: list[str], limit: int) -> None:
    """Print time and memory of each form at each size, up to ``limit`` bytes."""
    last: dict[str, tuple[int, Cost]] = {}
    print("| frames x height x width | X alone |", " | ".join(f"{name}: seconds, memory" for name in FORMS), "|")
    print("|---|---|" + "---|" * len(FORMS))
    for text in sizes:
        samples = 3 * _samples(_size(text))
        cells = [text, _readable(4 * samples)]
        for name in FORMS:
            if name in last and last[name][1].bytes * samples / last[name][0] > limit:
                cells.append(f"over {_readable(limit)}: not run")
                continue
            cost = _measured(name, text)
            last[name] = (samples, cost)
            cells.append(f"{cost.seconds:.3g} s, {_readable(cost.bytes)}")
        print("|", " | ".join(cells), "|", flush=True)


def _measured(form: str, size: str) -> Cost:
    """Run this script again, for one form and size, in a process of its own."""
    command = [sys.executable, __file__, "--child", form, "--sizes", size]
    made = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return Cost(**json.loads(made.stdout))


def child(form: str, size: str) -> None:
    """Print the `Cost` of a form as JSON."""
    torch.set_num_threads(1)
    frames, height, width = _size(size)
    operator = PAPER.operator("periodic")
    high = torch.rand(1, 3, frames, height, width)
    low = torch.rand(1, 3, *operator.scale.low_size((frames, height, width)))
    FORMS[form](operator, *(torch.rand(1, 3, *n) for n in ((2, 4, 4), (10, 16, 16))), ALPHA)  # loads the libraries
    before = _peak()
    times = [_seconds(lambda: FORMS[form](operator, low, high, ALPHA))]
    taken = _peak() - before
    while sum(times) < BUDGET_SECONDS:
        times.append(_seconds(lambda: FORMS[form](operator, low, high, ALPHA)))
    print(json.dumps({"seconds": min(times), "bytes": taken}))


def _peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


# Precision


def precision_table(degradation: Degradation) -> None:
    """Print how far each form in float32 is from a dense solve in float64."""
    exact = degradation.operator("periodic")
    exact = SpaceTimeOperator(exact.kernel.to(torch.float64), exact.scale, "periodic")
    spectrum = exact.low_spectrum(exact.scale.low_size(DENSE_SIZE))
    print(f"{degradation}: Lambda from {spectrum.min():.2g} to {spectrum.max():.2g}\n")
    generator = torch.Generator().manual_seed(0)
    low = exact.forward(torch.rand(1, 1, *DENSE_SIZE, dtype=torch.float64, generator=generator))
    high = trilinear(low, exact.scale, exact.kernel.centroid)
    count = _samples(DENSE_SIZE)
    matrix = exact.forward(torch.eye(count, dtype=torch.float64).reshape(count, 1, *DENSE_SIZE)).flatten(1).T
    single = SpaceTimeOperator(exact.kernel.to(torch.float32), exact.scale, "periodic")
    print("| alpha |", " | ".join(FORMS), "| iterations | residual form in float64 |")
    print("|---|" + "---|" * (len(FORMS) + 2))
    for alpha in ALPHAS:
        system = matrix.T @ matrix + alpha * torch.eye(count, dtype=torch.float64)
        dense = torch.linalg.solve(system, matrix.T @ low.flatten() + alpha * high.flatten())
        iterations: list[int] = []
        made = [form(single, low.float(), high.float(), alpha) for form in list(FORMS.values())[:2]]
        made.append(conjugate_gradients(single, low.float(), high.float(), alpha, iterations))
        made.append(residual_form(exact, low, high, alpha))
        errors = [f"{(z.double().flatten() - dense).abs().max():.1e}" for z in made]
        print("|", " | ".join([f"{alpha:.0e}", *errors[:3], str(iterations[0]), errors[3]]), "|", flush=True)


# Borders


def border_table(size: Size) -> None:
    """Print what 0 to 3 refinements leave of the error that real borders cause, on a moving synthetic scene."""
    settings = SceneSettings(size=size[1:], frames=size[0], rate=120, speed=300)
    scene = Scene(settings, SEED)
    frames = torch.stack([torch.from_numpy(scene.frame(i)) for i in range(settings.frames)])
    truth = frames.permute(3, 0, 1, 2)[None].double()
    operator = PAPER.operator()
    low = PAPER.apply(truth)
    high = trilinear(low, operator.scale, operator.kernel.centroid)[:, :, : size[0], : size[1], : size[2]]
    print("| alpha | what the step changes |", " | ".join(f"{n} refinements" for n in range(4)), "|")
    print("|---|---|" + "---|" * 4)
    for alpha in BORDER_ALPHAS:
        exact = operator.data_step(low, high, alpha, CONVERGED)
        cells = [f"{alpha:.0e}", _codes(exact - high)]
        cells += [_codes(operator.data_step(low.float(), high.float(), alpha, n) - exact) for n in range(4)]
        print("|", " | ".join(cells), "|", flush=True)


def _codes(difference: Tensor) -> str:
    scaled = 255 * difference.double()
    return f"{scaled.abs().max():.2g}, {scaled.square().mean().sqrt():.2g}"


def _size(text: str) -> Size:
    frames, height, width = (int(part) for part in text.split("x"))
    return (frames, height, width)


def _samples(size: Size) -> int:
    return size[0] * size[1] * size[2]


def _readable(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tables = ["cost", "precision", "borders"]
    parser.add_argument("--tables", nargs="+", choices=tables, default=tables)
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="frames x height x width, divisible by 5, 4, 4")
    parser.add_argument("--limit", type=float, default=8, help="gigabytes that a form may take")
    parser.add_argument("--child", choices=list(FORMS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.sizes[0])
        return
    print(f"{machine(torch.device('cpu'))}, load {os.getloadavg()[0]:.1f}\n")
    if "cost" in arguments.tables:
        print(f"Time and memory: {PAPER}, alpha {ALPHA:g}, one thread\n")
        cost_table(arguments.sizes, int(arguments.limit * 1e9))
    if "precision" in arguments.tables:
        for degradation in (PAPER, NARROW):
            print("\nLargest error in float32, values in [0, 1]. ", end="")
            precision_table(degradation)
    if "borders" in arguments.tables:
        for size in BORDER_SIZES:
            print(f"\nReal borders, {size}: largest and root mean square error, in 8-bit values\n")
            border_table(_size(size))


if __name__ == "__main__":
    main()
