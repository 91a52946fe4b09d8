"""The models that ship: cut into windows and tiles they give what they give in one piece, to one code value."""

import numpy as np
import pytest
import torch

import stvsr
from stvsr.engine.upsampling import upsample_stream
from stvsr.engine.windows import Plan
from stvsr.models.zoo import entries

TOLERANCE, SHARE = 1, 0.005


def gliding(frames, height, width):
    """Waves of several lengths that move, as low frames."""
    t, y, x = np.mgrid[:frames, :height, :width][..., None]
    colour = np.arange(3)
    waves = np.sin((x + 1.5 * t) / 2.3 + colour) + np.sin((y - t + 0.4 * x) / 3.1) + np.sin((x - y) / 1.7 - t / 2)
    return np.rint(127.5 + 40 * waves).astype(np.uint8)


@pytest.mark.parametrize("name", [entry.name for entry in entries()])
def test_windows_and_tiles_leave_no_seam(name):
    model = stvsr.load(name)
    frames, side = model.context[0] + 3, model.context[1]
    low = gliding(2 * frames, 24, 2 * (side + 24))
    with torch.inference_mode():
        whole, in_windows, in_tiles = (
            np.stack(list(upsample_stream(model, low, layout=layout))).astype(int)
            for layout in (Plan(len(low)), Plan(frames), Plan(frames, 1, 2))
        )
    difference = np.abs(in_windows - whole)
    assert difference.max() <= TOLERANCE
    assert (difference > 0).mean() < SHARE
    difference = np.abs(in_tiles - whole)
    if getattr(model, "exact_context", True):
        assert difference.max() <= TOLERANCE
        assert (difference > 0).mean() < SHARE
    else:  # optical flow looks at the whole picture: not the same, and smoothly so, as tiles pass into each other
        assert (difference > 2).mean() < 0.02
        assert difference.max() <= 20
