import sys

import numpy as np
import pytest
from PIL import Image

from stvsr.errors import StvsrError
from stvsr.evaluation.baselines import Baseline, baselines_for
from stvsr.evaluation.clips import TestClip, find_clips
from stvsr.evaluation.metrics import PSNR_CAP
from stvsr.evaluation.protocol import protocol_for
from stvsr.evaluation.run import Stopwatch, evaluate
from stvsr.physics.scale import Scale


@pytest.fixture
def clip(tmp_path):
    return write_clip(tmp_path / "moving")


def write_clip(folder, frames=5, height=21, width=27):
    folder.mkdir(parents=True)
    y, x = np.mgrid[:height, :width]
    for t in range(frames):
        grey = 127 + 90 * np.sin(x / 3 + t / 2) * np.cos(y / 4)
        pixels = np.stack([grey, grey[::-1], grey[:, ::-1]], axis=-1).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{t:04d}.png")
    return find_clips(folder)[0]


def test_kept_frames_are_perfect_and_synthesised_ones_are_not(clip):
    (result,) = evaluate([Baseline(Scale.of(2))], [clip], protocol_for(Scale.of(2)))
    psnr = [score.psnr_rgb for score in result.clips[0].scores]
    assert psnr[::2] == [PSNR_CAP] * 3
    assert max(psnr[1::2]) < 50
    assert result.mean().psnr_rgb == pytest.approx(sum(psnr[1::2]) / 2)
    assert result.mean("all").identical == pytest.approx(3 / 5)


def test_the_mean_is_over_clips_not_over_all_frames(tmp_path):
    clips = [write_clip(tmp_path / "a", frames=3), write_clip(tmp_path / "b", frames=9)]
    (result,) = evaluate([Baseline(Scale.of(2))], clips, protocol_for(Scale.of(2)))
    a, b = (result.protocol.clip_mean(c.scores).psnr_rgb for c in result.clips)
    assert result.mean().psnr_rgb == pytest.approx((a + b) / 2)


def test_every_method_sees_every_frame_at_odd_sizes(clip):
    scale, told = Scale.of(2, 4), []
    results = evaluate(baselines_for(scale), [clip], protocol_for(scale), lambda *report: told.append(report))
    assert [r.method for r in results] == [b.name for b in baselines_for(scale)]
    assert all(r.clips[0].size == (5, 21, 27) for r in results)
    assert all(r.seconds_per_megapixel > 0 for r in results)
    assert told[:5] == [(results[0].method, clip.name, i) for i in range(1, 6)]
    assert results[0].mean().psnr_rgb > results[2].mean().psnr_rgb  # blending beats repeating on this clip


def test_a_method_of_another_scale_is_refused(clip):
    with pytest.raises(StvsrError, match="one scale at a time"):
        evaluate([Baseline(Scale.of(2))], [clip], protocol_for(Scale.of(2, 4)))


def test_a_clip_without_frames_is_refused(clip):
    with pytest.raises(StvsrError, match="too few"):
        evaluate([Baseline(Scale.of(2))], [TestClip("none", clip.files, 0)], protocol_for(Scale.of(2)))


def test_an_unusable_clip_is_found_before_the_others_are_measured(clip, tmp_path):
    small, told = write_clip(tmp_path / "small", height=9), []
    with pytest.raises(StvsrError, match="small: frames of 27x9 are too small"):
        evaluate([Baseline(Scale.of(2))], [clip, small], protocol_for(Scale.of(2)), lambda *report: told.append(report))
    assert not told


def test_missing_torchmetrics_is_not_blamed_on_a_clip(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    with pytest.raises(StvsrError, match=r"^measuring quality needs .*'stvsr\[evaluate\]'$"):
        evaluate([Baseline(Scale.of(2))], [clip], protocol_for(Scale.of(2)))


def test_a_stopwatch_passes_items_on_and_counts():
    watch = Stopwatch(iter([1, 2]))
    assert list(watch) == [1, 2]
    assert watch.seconds > 0
