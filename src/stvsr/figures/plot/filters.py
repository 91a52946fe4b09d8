"""The figure of a downsampling filter in space-time and in frequency (STAA, Fig. 5).

A pattern of bars moves evenly along x. Each filter is applied to its x-t diagram, one sample of every ``r`` frames and
``s`` pixels is kept, and what is left is shown with its spectrum. Everything is periodic, so that the spectra are
exact: the spectrum of even motion is a line, sampling repeats it, and what of a repetition falls into the frequencies
that the small clip can hold cannot be told from the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stvsr.figures.plot.style import ACCENT, FAINT, GREYS, INK, new_figure
from stvsr.physics.kernels import Kernel, gaussian_space_time
from stvsr.physics.scale import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
FRAMES, PIXELS, SPEED = 128, 128, 3
"""Of the x-t diagram; the pattern moves by SPEED pixels a frame and so returns to where it began."""
SOFTNESS = 1.4
"""Of the bars' edges, the sigma of a Gaussian in pixels: the source itself holds no more than its own grid can."""
BARS = ((4, 26), (34, 41), (48, 52), (57, 60), (65, 68), (73, 76), (81, 84), (92, 96), (104, 110))
SHOWN = 48
"""Frames of a diagram that are drawn."""
SIGMA = 0.3
"""Of the Gaussian, in blocks, as that of `DownsamplerConfig`."""
RANGE_DB = 40.0


@dataclass(frozen=True)
class Filter:
    """A filter seen along x: its taps in time and width, summed over the height.

    Attributes:
        name: What the figure calls it.
        taps: ``(colours, frames, pixels)``.
        origin: Offsets of the first tap in time and width.
    """

    name: str
    taps: Floats
    origin: tuple[int, int]

    @classmethod
    def of(cls, name: str, kernel: Kernel) -> Filter:
        """Return a kernel as it acts on what does not change along y."""
        taps = kernel.taps.detach().double().sum(dim=2).numpy()
        return cls(name, taps, (kernel.origin[0], kernel.origin[2]))

    def response(self) -> NDArray[np.complex128]:
        """Return what the filter does to each frequency: ``(colours, FRAMES, PIXELS)``, in numpy's order."""
        time, width = np.fft.fftfreq(FRAMES), np.fft.fftfreq(PIXELS)
        _, frames, pixels = self.taps.shape
        down = np.exp(2j * np.pi * np.outer(time, self.origin[0] + np.arange(frames)))
        across = np.exp(2j * np.pi * np.outer(self.origin[1] + np.arange(pixels), width))
        return np.asarray(down @ self.taps @ across)

    def apply(self, diagram: Floats) -> Floats:
        """Return the filtered diagram, ``(colours, FRAMES, PIXELS)``."""
        spectrum = np.fft.fft2(diagram) * self.response()
        return np.asarray(np.fft.ifft2(spectrum).real)


def moving_pattern() -> Floats:
    """Return the x-t diagram ``(FRAMES, PIXELS)`` of bars that move evenly, in [0, 1]."""
    line = np.full(PIXELS, 0.12)
    for first, end in BARS:
        line[first:end] = 0.9
    soft = np.exp(-2 * (np.pi * SOFTNESS * np.fft.fftfreq(PIXELS)) ** 2)
    line = np.fft.ifft(np.fft.fft(line) * soft).real
    return np.stack([np.roll(line, SPEED * t) for t in range(FRAMES)])


def baselines(scale: Scale) -> list[Filter]:
    """Return the filters that the paper compares with: none (nearest), a Gaussian, a box."""
    time, _, width = scale.steps
    sigmas = (SIGMA * time if time > 1 else 0.0, 0.0, SIGMA * width if width > 1 else 0.0)
    box = np.full((1, time, width), 1 / (time * width))
    return [
        Filter("nearest", np.ones((1, 1, 1)), (0, 0)),
        Filter.of("Gaussian", gaussian_space_time(sigmas, scale.steps)),
        Filter("box", box, (0, 0)),
    ]


def sampled(filtered: Floats, scale: Scale) -> Floats:
    """Return the kept samples at their places on the fine grid, nothing between them; same shape."""
    time, _, width = scale.steps
    kept = np.zeros_like(filtered)
    kept[..., ::time, ::width] = filtered[..., ::time, ::width]
    return kept


def held(filtered: Floats, scale: Scale) -> Floats:
    """Return the kept samples, each for its block."""
    time, _, width = scale.steps
    low = filtered[..., ::time, ::width]
    return np.asarray(low.repeat(time, axis=-2).repeat(width, axis=-1)[..., :FRAMES, :PIXELS])


def shares(filter_: Filter, diagram: Floats, scale: Scale) -> tuple[float, float]:
    """Return how much of what the small clip can hold passes, and how much of what passes it cannot hold.

    Both are shares of the energy of the diagram without its mean, averaged over the colours. The first is best at 1,
    the second, which is what will be folded back, at 0.
    """
    time, _, width = scale.steps
    energy = np.abs(np.fft.fft2(diagram - diagram.mean())) ** 2
    passed = energy * np.abs(filter_.response()) ** 2
    holds = (np.abs(np.fft.fftfreq(FRAMES)) < 0.5 / time)[:, None] & (np.abs(np.fft.fftfreq(PIXELS)) < 0.5 / width)
    inside, total = passed[:, holds].sum(axis=1), passed.sum(axis=(1, 2))
    return float((inside / energy[holds].sum()).mean()), float((1 - inside / total).mean())


def filters(name: str, kernel: Kernel, scale: Scale) -> Figure:
    """Draw the filter of a model beside nearest, Gaussian and box.

    Args:
        name: The model's.
        kernel: Its filter, one for each colour or one for all.
        scale: Its scale.
    """
    diagram = moving_pattern()
    columns = [*baselines(scale), Filter.of(name, kernel)]
    figure = new_figure(2.35 * (len(columns) + 1), 8.2)
    panels = figure.subplots(4, len(columns) + 1, height_ratios=[0.8, 1, 1, 1])
    _legend(panels[:, 0], diagram, scale)
    for place, filter_ in enumerate(columns):
        filter_panel, response, seen, spectrum = panels[:, place + 1]
        last = filter_ is columns[-1]
        filter_panel.set_title(filter_.name, color=ACCENT if last else INK)
        _draw_taps(filter_panel, filter_, columns, scale)
        passes = np.abs(filter_.response()).mean(axis=0)
        _frequencies(response, passes, scale, line=True)
        passed, folded = shares(filter_, diagram, scale)
        response.set_title(
            f"passes {passed:.0%}, folds {folded:.0%}", fontsize=8.5, fontweight="normal", color=GREYS[0]
        )
        filtered = filter_.apply(diagram)
        _diagram(seen, held(filtered, scale))
        _frequencies(spectrum, _decibels(sampled(filtered, scale)), scale)
    return figure


def _legend(panels: Sequence[Axes], diagram: Floats, scale: Scale) -> None:
    """Fill the first column: what the rows show, the source and its spectrum."""
    time, _, width = scale.steps
    panels[0].set_axis_off()
    panels[1].set_axis_off()
    words = {
        "The filter": (
            "taps in time (down) and x, one",
            "filter for each colour or for all.",
            f"Then one of {time * width} samples is kept:",
            f"a box of {time} frames, {width} pixels.",
        ),
        "What it lets through": (
            "black: all, white: nothing.",
            "Box: what the small clip",
            "can hold. Line: the motion.",
            "Passes: energy in the box.",
            "Folds: share from outside.",
        ),
    }
    for panel, (head, lines) in zip(panels, words.items(), strict=False):
        text = "\n".join(lines)
        panel.text(0, 1, head, fontweight="bold", transform=panel.transAxes, va="top", fontsize=10)
        panel.text(0, 0.86, text, transform=panel.transAxes, va="top", color=GREYS[0], fontsize=8, linespacing=1.35)
    _diagram(panels[2], diagram[None])
    panels[2].set_title("x-t of moving bars")
    _frequencies(panels[3], _decibels(diagram[None]), scale)
    panels[3].set_title("its spectrum")
    panels[2].set_ylabel("time →", fontsize=8)
    panels[2].yaxis.set_inverted(True)
    panels[2].set_xlabel("x →", fontsize=8)
    panels[3].set_ylabel("frequency in time", fontsize=8)
    panels[3].set_xlabel("frequency in x", fontsize=8)


def _bare(panel: Axes) -> None:
    panel.set_xticks([])
    panel.set_yticks([])
    panel.grid(visible=False)
    for spine in panel.spines.values():
        spine.set(visible=True, color=FAINT)


def _draw_taps(panel: Axes, filter_: Filter, all_: Sequence[Filter], scale: Scale) -> None:
    """Draw the taps on one grid for all filters; those of three colours in their colours."""
    first = [min(one.origin[axis] for one in all_) - 1 for axis in (0, 1)]
    end = [max(one.origin[axis] + one.taps.shape[axis + 1] for one in all_) + 1 for axis in (0, 1)]
    canvas = np.zeros((3, end[0] - first[0], end[1] - first[1]))
    top, left = filter_.origin[0] - first[0], filter_.origin[1] - first[1]
    _, frames, pixels = filter_.taps.shape
    taps = np.abs(filter_.taps) / np.abs(filter_.taps).max(axis=(1, 2), keepdims=True)
    canvas[:, top : top + frames, left : left + pixels] = taps
    extent = (first[1] - 0.5, end[1] - 0.5, end[0] - 0.5, first[0] - 0.5)
    panel.imshow(canvas.transpose(1, 2, 0), extent=extent, aspect="auto", interpolation="nearest")
    time, _, width = scale.steps
    _box(panel, -0.5, -0.5, width, time)
    _bare(panel)


def _diagram(panel: Axes, diagram: Floats) -> None:
    image = np.clip(np.broadcast_to(diagram[:, :SHOWN], (3, SHOWN, PIXELS)).transpose(1, 2, 0), 0, 1)
    panel.imshow(image, aspect="auto", interpolation="nearest")
    _bare(panel)


def _decibels(diagram: Floats) -> Floats:
    """Return the strength of the frequencies, the mean over the colours, from 0 (RANGE_DB below the top) to 1."""
    strength = np.abs(np.fft.fft2(diagram - diagram.mean(axis=(1, 2), keepdims=True))).mean(axis=0)
    strength = np.maximum(strength, np.maximum(np.roll(strength, 1, axis=0), np.roll(strength, -1, axis=0)))  # thicker
    return np.asarray(np.clip(1 + 20 * np.log10(np.maximum(strength / strength.max(), 1e-12)) / RANGE_DB, 0, 1))


def _frequencies(panel: Axes, values: Floats, scale: Scale, *, line: bool = False) -> None:
    """Draw values of 0 to 1 over the frequencies, in cycles a frame and a pixel, with the box that is kept."""
    options: dict[str, Any] = {"cmap": "gray_r", "vmin": 0, "vmax": 1, "aspect": "auto", "origin": "lower"}
    panel.imshow(np.fft.fftshift(values), extent=(-0.5, 0.5, -0.5, 0.5), interpolation="bilinear", **options)
    time, _, width = scale.steps
    if line:
        panel.plot([0.5 / SPEED, -0.5 / SPEED], [-0.5, 0.5], color=GREYS[1], lw=0.9, ls=(0, (4, 3)))
    _box(panel, -0.497 / width, -0.497 / time, 0.994 / width, 0.994 / time)
    _bare(panel)
    panel.set_xlim(-0.5, 0.5)
    panel.set_ylim(-0.5, 0.5)


def _box(panel: Axes, left: float, bottom: float, width: float, height: float) -> None:
    from matplotlib.patches import Rectangle

    panel.add_patch(Rectangle((left, bottom), width, height, fill=False, edgecolor=ACCENT, lw=1.3, clip_on=False))
