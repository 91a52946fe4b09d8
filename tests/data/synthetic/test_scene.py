from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from stvsr.data.synthetic.scene import Scene, SceneSettings
from stvsr.errors import StvsrError

SMALL = {"size": (61, 84), "frames": 6, "layers": 3, "speed": 120.0}


def scene(seed=0, **change):
    return Scene(SceneSettings(**{**SMALL, **change}), seed)


def warp(image, flow):
    """Fetch ``image`` at each pixel's place plus its flow, bilinearly."""
    height, width, _ = flow.shape
    y, x = np.mgrid[:height, :width]
    points = np.stack([2 * (x + flow[..., 0]) / (width - 1) - 1, 2 * (y + flow[..., 1]) / (height - 1) - 1], axis=-1)
    source = torch.from_numpy(image.astype(np.float64)).permute(2, 0, 1)[None]
    return F.grid_sample(source, torch.from_numpy(points)[None], align_corners=True)[0].permute(1, 2, 0).numpy()


def inner(mask):
    """Drop the mask's border, where bilinear fetching mixes in what lies beyond it."""
    mask = np.pad(mask, 2)
    return np.logical_and.reduce(
        [mask[y : y + mask.shape[0] - 4, x : x + mask.shape[1] - 4] for y in range(5) for x in range(5)]
    )


def test_a_scene_is_decided_by_settings_and_seed():
    assert np.array_equal(scene(3).frame(2), scene(3).frame(2))
    assert not np.array_equal(scene(3).frame(2), scene(4).frame(2))


def test_a_frame_is_a_picture():
    frame = scene().frame(1)
    assert frame.shape == (61, 84, 3)
    assert frame.dtype == np.float32
    assert 0 <= frame.min() < frame.max() <= 1


def waves(size):
    """A texture whose values say where one is, smooth enough for bilinear fetching."""
    place = torch.arange(size) / 12
    red, green = torch.sin(place).expand(size, size), torch.cos(place)[:, None].expand(size, size)
    return 0.5 + 0.4 * torch.stack([red, green, red * green])[None]


@pytest.mark.parametrize("seed", range(6))
def test_fetching_a_later_frame_along_the_flow_gives_the_earlier_one(seed):
    world = scene(seed, rotation=90.0, zoom=0.5)
    world.layers = [replace(layer, texture=waves(layer.texture.shape[-1])) for layer in world.layers]
    flow, visible = world.flow(1, 5)
    kept = inner(visible)
    assert kept.mean() > 0.2
    assert np.abs(warp(world.frame(5), flow) - world.frame(1))[kept].max() < 0.02
    assert np.abs(world.frame(5) - world.frame(1))[kept].max() > 0.04


@pytest.mark.parametrize("seed", range(3))
def test_fine_textures_follow_the_flow_too(seed):
    world = scene(seed)
    flow, visible = world.flow(1, 3)
    assert np.abs(warp(world.frame(3), flow) - world.frame(1))[inner(visible)].mean() < 0.015


@pytest.mark.parametrize("seed", range(3))
def test_flow_there_and_back_again_is_no_motion(seed):
    world = scene(seed)
    there, visible = world.flow(0, 2)
    back, _ = world.flow(2, 0)
    kept = inner(visible)
    assert np.abs(there + warp(back, there))[kept].max() < 0.05


def test_flow_of_pure_shifts_is_within_the_speed_bound():
    for seed in range(5):
        flow, _ = scene(seed, rotation=0.0, zoom=0.0, rate=10.0).flow(0, 1)
        assert 0 < np.hypot(flow[..., 0], flow[..., 1]).max() <= 120.0 / 10


def test_a_scene_at_rest_repeats_its_frame_and_has_no_flow():
    world = scene(speed=0.0, rotation=0.0, zoom=0.0)
    assert np.array_equal(world.frame(0), world.frame(5))
    flow, visible = world.flow(0, 5)
    assert np.abs(flow).max() < 1e-9
    assert visible.mean() > 0.5


def test_the_picture_at_an_instant_does_not_depend_on_the_rate():
    slow, fast = scene(rate=25.0), scene(rate=100.0)
    assert np.array_equal(slow.frame(2), fast.frame(8))
    assert np.array_equal(slow.frame(2), slow.render(0.08))


def test_an_exposure_of_nothing_is_an_instant_and_a_short_one_nearly():
    instant = scene(exposure=0.0).frame(2)
    assert np.array_equal(instant, scene().render(2 / 25))
    assert np.abs(scene(exposure=1e-4).frame(2) - instant).max() < 0.01


def test_a_long_exposure_is_the_mean_of_the_short_ones_it_spans():
    long = scene(exposure=1.0, subframes=6).frame(1)
    parts = scene(rate=75.0, exposure=1.0, subframes=2)
    mean = np.mean([parts.frame(index) for index in (3, 4, 5)], axis=0)
    assert np.abs(long - mean).max() < 1e-5
    assert np.abs(long - scene().frame(1)).max() > 0.05


def test_stills_become_textures(tmp_path):
    Image.fromarray(np.full((50, 70, 3), (200, 30, 90), np.uint8)).save(tmp_path / "plain.png")
    colours = [scene(seed, stills=str(tmp_path), layers=1).frame(0).reshape(-1, 3) for seed in range(4)]
    plain = [np.allclose(colour, np.array([200, 30, 90]) / 255, atol=1e-3) for colour in colours]
    assert any(plain)


def test_a_missing_folder_of_stills_is_named(tmp_path):
    with pytest.raises(StvsrError, match="no such folder"):
        scene(stills=str(tmp_path / "missing"))


@pytest.mark.parametrize("change", [{"size": (0, 5)}, {"frames": 0}, {"rate": 0}, {"exposure": 1.5}, {"speed": -1}])
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(StvsrError, match="scene:"):
        SceneSettings(**change)
