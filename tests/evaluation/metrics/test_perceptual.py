import os
import shutil
import sys
import types
from fractions import Fraction

import av
import av.filter
import numpy as np
import pytest
import torch

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.perceptual import VMAFMeter, ffmpeg_with_vmaf
from stvsr.evaluation.metrics.psnr_ssim import score_frames
from stvsr.evaluation.metrics.registry import METRICS, metrics_named
from stvsr.evaluation.metrics.temporal import box_ssim

HEIGHT, WIDTH = 64, 80


def pair(noise, seed=0):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH] / 6
    truth = 127 + 90 * np.stack([np.sin(x + y), np.cos(x - 2 * y), np.sin(3 * x)], axis=-1)
    restored = truth + noise * random.standard_normal(truth.shape)
    return [np.clip(np.rint(one), 0, 255).astype(np.uint8) for one in (restored, truth)]


def filtered(name, frames):
    """Metadata that an FFmpeg filter of two inputs leaves on its frame, planes in the order G, B, R."""
    if name not in av.filter.filters_available:
        pytest.skip(f"the FFmpeg inside this PyAV has no filter {name}")
    graph = av.filter.Graph()
    sources = [
        graph.add_buffer(
            width=WIDTH, height=HEIGHT, format=av.VideoFormat("gbrp"), time_base=Fraction(1, 25), name=str(number)
        )
        for number in range(2)
    ]
    judge, sink = graph.add(name), graph.add("buffersink")
    for number, source in enumerate(sources):
        source.link_to(judge, 0, number)
    judge.link_to(sink)
    graph.configure()
    for source, frame in zip(sources, frames, strict=True):
        planes = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="gbrp")
        planes.pts, planes.time_base = 0, Fraction(1, 25)
        source.push(planes)
        source.push(None)
    return {key: float(value) for key, value in graph.pull().metadata.items() if key.startswith("lavfi")}


@pytest.mark.parametrize("noise", [1.0, 12.0, 60.0])
def test_psnr_agrees_with_the_filter_of_ffmpeg(noise):
    frames = pair(noise)
    assert score_frames(*(frame[None] for frame in frames))[0].psnr_rgb == pytest.approx(
        filtered("psnr", frames)["lavfi.psnr.psnr_avg"], abs=0.01
    )


@pytest.mark.parametrize("noise", [1.0, 12.0, 60.0])
def test_ssim_is_that_of_the_filter_of_ffmpeg_with_its_window(noise):
    """Its window is a square of 8 pixels moved by 4; with it, our formula gives its figure."""
    frames = pair(noise)
    theirs = filtered("ssim", frames)
    planes = [torch.from_numpy(frame).permute(2, 0, 1).double() for frame in frames]
    colours = box_ssim(*planes, window=8)[:, ::4, ::4].mean(dim=(1, 2)).tolist()
    assert colours == pytest.approx([theirs[f"lavfi.ssim.{plane}"] for plane in "RGB"], abs=0.005)
    assert score_frames(*(frame[None] for frame in frames))[0].ssim_rgb == pytest.approx(np.mean(colours), abs=0.2)


def measured(meter, clips):
    for restored, truth in zip(*clips, strict=True):
        meter.add(restored, truth)
    return meter.curves()


@pytest.fixture
def ffmpeg(monkeypatch):
    """A program with VMAF: of the system, or one that STVSR_FFMPEG names."""
    if "STVSR_FFMPEG" in os.environ:
        monkeypatch.setattr(shutil, "which", lambda name: os.environ["STVSR_FFMPEG"])
    try:
        return ffmpeg_with_vmaf()
    except StvsrError as error:
        pytest.skip(str(error))


def test_vmaf_falls_with_the_noise_and_knows_which_clip_is_the_truth(ffmpeg):
    clips = [[pair(noise, seed)[k][:, :-1] for seed in range(3)] for noise, k in ((20, 0), (2, 0), (0, 1))]
    strong, weak = (measured(VMAFMeter(ffmpeg), (clip, clips[2]))["vmaf"] for clip in clips[:2])
    assert len(strong) == len(weak) == 3
    assert np.mean(weak) > np.mean(strong) + 10
    assert np.mean(measured(VMAFMeter(ffmpeg), (clips[2], clips[2]))["vmaf"]) > np.mean(weak)
    assert measured(VMAFMeter(ffmpeg), ([], []))["vmaf"] == []


def test_what_is_missing_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(StvsrError, match="pip install lpips"):
        metrics_named(["lpips"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StvsrError, match="there is no ffmpeg"):
        metrics_named(["vmaf"])
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho ' .. psnr  VV->V'\n")
    program.chmod(0o755)
    with pytest.raises(StvsrError, match="has none"):
        metrics_named(["vmaf"])
    with pytest.raises(StvsrError, match="choose one"):
        metrics_named(["temporal", "temporal-dis"])
    with pytest.raises(StvsrError, match="unknown: use temporal"):
        metrics_named(["psnr"])


def test_an_ffmpeg_that_fails_is_told_with_its_reason(tmp_path):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho 'out of luck' >&2\nexit 1\n")
    program.chmod(0o755)
    frames = pair(1)
    with pytest.raises(StvsrError, match="out of luck"):
        measured(VMAFMeter(str(program)), ([frames[0]], [frames[1]]))


def test_lpips_gets_frames_from_minus_one_to_one(monkeypatch):
    seen = []

    class Network(torch.nn.Module):
        def __init__(self, net, verbose):
            super().__init__()
            assert net == "alex"

        def forward(self, restored, truth):
            seen.extend((restored.shape, restored.min().item(), truth.max().item()))
            return (restored - truth).abs().mean().reshape(1, 1, 1, 1)

    monkeypatch.setitem(sys.modules, "lpips", types.SimpleNamespace(LPIPS=Network))
    (make,) = metrics_named(["lpips"])
    black, white = np.zeros((8, 9, 3), np.uint8), np.full((8, 9, 3), 255, np.uint8)
    assert measured(make(), ([black, white], [white, white])) == {"lpips": [2.0, 0.0]}
    assert seen[:3] == [(1, 3, 8, 9), -1.0, 1.0]


def test_lpips_itself_is_zero_for_equal_frames_and_grows_with_noise():
    pytest.importorskip("lpips", reason="the package lpips is not installed")
    try:
        (make,) = metrics_named(["lpips"])
    except StvsrError as error:
        pytest.skip(str(error))
    weak, truth = pair(5)
    strong, _ = pair(40)
    values = measured(make(), ([truth, weak, strong], [truth] * 3))["lpips"]
    assert values[0] == pytest.approx(0, abs=1e-6)
    assert values[1] < values[2]


def test_every_metric_has_a_name():
    assert list(METRICS) == ["temporal", "temporal-dis", "lpips", "vmaf"]
