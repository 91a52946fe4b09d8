import numpy as np
import pytest
import torch

from stvsr.figures.plot.filters import (
    FRAMES,
    PIXELS,
    SPEED,
    Filter,
    baselines,
    filters,
    held,
    moving_pattern,
    sampled,
    shares,
)
from stvsr.figures.plot.style import styled
from stvsr.physics.kernels import Kernel, delta
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

SCALE = Scale.of(2, 4)


def test_the_pattern_moves_evenly_and_returns():
    diagram = moving_pattern()
    for t in range(FRAMES):
        assert np.allclose(diagram[(t + 1) % FRAMES], np.roll(diagram[t], SPEED))


def test_a_filter_acts_as_the_operator_does_away_from_the_ends():
    taps = torch.rand(3, 4, 2, 5, generator=torch.Generator().manual_seed(0))
    kernel = Kernel(taps / taps.sum(dim=(1, 2, 3), keepdim=True), (-1, 0, -2))
    diagram = moving_pattern()
    clip = torch.from_numpy(diagram).float()[None, None, :, None].expand(1, 3, -1, 8, -1)
    low = SpaceTimeOperator(kernel, SCALE).forward(clip)[0, :, :, 0].numpy()
    ours = held(Filter.of("x", kernel).apply(diagram), SCALE)[:, ::2, ::4]
    assert np.allclose(ours[:, 4:-4, 4:-4], low[:, 4:-4, 4:-4], atol=1e-5)


def test_no_filter_passes_everything_and_folds_most():
    diagram = moving_pattern()
    results = {one.name: shares(one, diagram, SCALE) for one in baselines(SCALE)}
    assert results["nearest"][0] == pytest.approx(1)
    assert results["nearest"][1] > 3 * max(results["box"][1], results["Gaussian"][1])
    assert all(0 < passed < 0.95 for name, (passed, _) in results.items() if name != "nearest")


def test_sampling_repeats_the_spectrum():
    kept = sampled(moving_pattern()[None], SCALE)
    spectrum = np.abs(np.fft.fft2(kept[0]))
    assert np.allclose(spectrum, np.roll(spectrum, (FRAMES // 2, PIXELS // 4), axis=(0, 1)))


@pytest.mark.parametrize("scale", [SCALE, Scale.of(2, 1), Scale.of(1, 2)])
def test_every_filter_has_its_four_panels(scale):
    with styled():
        figure = filters("mine", delta(), scale)
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert {"nearest", "Gaussian", "box", "mine"} <= set(titles)
    assert len(figure.axes) == 20
