import math

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from stvsr.evaluation.flow import network_flow, search_flow
from stvsr.evaluation.metrics.temporal import TemporalMeter, box_ssim

HEIGHT, WIDTH = 40, 56


def scene(shift):
    """Waves moved to the right by ``shift`` pixels."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    x = x - shift
    waves = [np.sin(x / 3 + y / 7 + k) + np.cos(x / 5 - y / 4 + 2 * k) for k in range(3)]
    return np.rint(127 + 55 * np.stack(waves, axis=-1)).astype(np.uint8)


def texture(shift):
    """Blurred noise, moved to the right by ``shift`` pixels, at most 8."""
    field = np.random.default_rng(0).random((HEIGHT, WIDTH + 16, 3))
    for axis in (0, 1, 0, 1):
        field = sum(np.roll(field, step, axis) for step in range(-2, 3)) / 5
    field = (field - field.min()) / (field.max() - field.min())
    return np.rint(255 * field[:, 8 - shift : 8 - shift + WIDTH]).astype(np.uint8)


class Known:
    """The flow of clips that all move by ``speed`` pixels a frame to the right."""

    name = "known"

    def __init__(self, speed, other=None):
        self.speeds = [speed if other is None else other, speed]

    def __call__(self, first, second):
        self.speeds.append(self.speeds.pop(0))
        flow = torch.zeros(2, *first.shape[:2])
        flow[0] = -self.speeds[-1]
        return flow


def measured(restored, truth, flow):
    meter = TemporalMeter(flow)
    for pair in zip(restored, truth, strict=True):
        meter.add(*pair)
    return meter.curves()


def middle(curve):
    return np.nanmean(curve)


def test_a_perfect_clip_has_no_error_but_that_of_its_truth():
    truth = [scene(2 * t) for t in range(8)]
    curves = measured(truth, truth, Known(2))
    assert curves["warping_error"][1:] == curves["warping_error_of_truth"][1:]
    assert curves["flow_error"][1:] == curves["flicker"][1:] == [0] * 7
    assert middle(curves["profile_error"]) == pytest.approx(0, abs=1e-9)
    assert [math.isnan(curves[name][0]) for name in curves] == [True] * 5
    assert [math.isfinite(value) for value in curves["profile_error"]] == [False] * 3 + [True, True] + [False] * 3


def test_the_warping_error_follows_the_motion_and_leaves_out_what_comes_into_view():
    """Whole pixels: only the strip that enters is not predicted, and the mask hides what differs much there."""
    truth = [scene(2 * t) for t in range(3)]
    moving = measured(truth, truth, Known(2))["warping_error"]
    still = measured(truth, truth, Known(0))["warping_error"]
    assert moving[1] < 3
    assert still[1] > 3 * moving[1]


def test_the_warping_error_is_that_of_its_formula():
    random = np.random.default_rng(0)
    truth = [np.full((20, 30, 3), 100, np.uint8)] * 2
    restored = list(random.integers(0, 256, (2, 20, 30, 3), np.uint8))
    curves = measured(restored, truth, Known(0))
    difference = restored[1].astype(float) - restored[0]
    assert curves["warping_error"][1] == pytest.approx(np.sqrt(np.square(difference).mean()), rel=1e-5)
    assert curves["warping_error_of_truth"][1] == pytest.approx(0, abs=1e-3)


def test_flicker_sees_what_changes_and_not_a_steady_error():
    truth = [scene(t) for t in range(4)]
    darker = [frame // 2 + 60 for frame in (truth[0],) * 4]
    steady = measured(darker, (truth[0],) * 4, Known(0))["flicker"]
    assert steady[1:] == [0, 0, 0]
    pulsing = [np.clip(frame.astype(int) + 10 * (t % 2), 0, 255).astype(np.uint8) for t, frame in enumerate(truth)]
    flicker = measured(pulsing, truth, Known(1))["flicker"]
    assert flicker[1] == pytest.approx(10 * 219 / 255, rel=0.05)


def test_the_flow_error_is_the_distance_of_the_flows_in_pixels():
    truth = [scene(2 * t) for t in range(3)]
    assert measured(truth, truth, Known(2, 3.5))["flow_error"][1:] == pytest.approx([1.5, 1.5])


def test_a_clip_that_stutters_has_another_profile_though_each_frame_is_sharp():
    truth = [scene(3 * t) for t in range(9)]
    blended = [frame if t % 2 == 0 else scene(3 * t + 0.4) for t, frame in enumerate(truth)]
    repeated = [truth[t // 2 * 2] for t in range(9)]
    nearly, stuttering = (middle(measured(clip, truth, Known(3))["profile_error"]) for clip in (blended, repeated))
    assert 0 < nearly < 0.1 < stuttering


def test_short_clips_have_no_profile():
    truth = [scene(t) for t in range(6)]
    assert all(map(math.isnan, measured(truth, truth, Known(1))["profile_error"]))


def test_ssim_of_a_square_window_agrees_with_scikit_image():
    random = np.random.default_rng(1)
    a = random.integers(0, 256, (19, 23)).astype(float)
    b = np.clip(a + 20 * random.standard_normal(a.shape), 0, 255)
    _, wanted = structural_similarity(a, b, win_size=7, data_range=255, use_sample_covariance=False, full=True)
    ours = box_ssim(torch.from_numpy(a)[None], torch.from_numpy(b)[None])[0].numpy()
    assert np.allclose(ours, wanted[3:-3, 3:-3], atol=1e-9)


@pytest.mark.parametrize("estimator", [network_flow, search_flow])
def test_estimators_find_the_motion(estimator):
    flow = estimator()(texture(2), texture(0))
    assert flow.shape == (2, HEIGHT, WIDTH)
    assert flow[0, 8:-8, 8:-8].median() == pytest.approx(-2, abs=0.2)
    assert flow[1, 8:-8, 8:-8].median() == pytest.approx(0, abs=0.2)
