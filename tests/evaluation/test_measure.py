import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import TestClip, find_clips
from stvsr.evaluation.evaluation import Evaluation
from stvsr.evaluation.measure import low_frames, measured_frames
from stvsr.evaluation.methods.contract import Method, Stopwatch
from stvsr.evaluation.methods.interpolation import Interpolation, baseline, baselines_for, interpolations
from stvsr.evaluation.methods.motion import Cascade
from stvsr.evaluation.metrics.psnr_ssim import PSNR_CAP
from stvsr.evaluation.protocols import Protocol, degraded_protocol, protocol_for
from stvsr.physics.degradation import Degradation
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
    (result,) = Evaluation([baseline(Scale.of(2))], [clip], protocol_for(Scale.of(2))).scores()
    psnr = [score.psnr_rgb for score in result.clips[0].scores]
    assert psnr[::2] == [PSNR_CAP] * 3
    assert max(psnr[1::2]) < 50
    assert result.mean().psnr_rgb == pytest.approx(sum(psnr[1::2]) / 2)
    assert result.mean("all").identical == pytest.approx(3 / 5)


def test_the_mean_is_over_clips_not_over_all_frames(tmp_path):
    clips = [write_clip(tmp_path / "a", frames=3), write_clip(tmp_path / "b", frames=9)]
    (result,) = Evaluation([baseline(Scale.of(2))], clips, protocol_for(Scale.of(2))).scores()
    a, b = (result.protocol.clip_mean(c.scores).psnr_rgb for c in result.clips)
    assert result.mean().psnr_rgb == pytest.approx((a + b) / 2)


def test_every_method_sees_every_frame_at_odd_sizes(clip):
    scale, told = Scale.of(2, 4), []
    results = Evaluation(baselines_for(scale), [clip], protocol_for(scale)).scores(lambda *report: told.append(report))
    assert [r.method for r in results] == [b.name for b in baselines_for(scale)]
    assert all(r.clips[0].size == (5, 21, 27) for r in results)
    assert all(r.seconds_per_megapixel > 0 for r in results)
    assert told[:5] == [(results[0].method, clip.name, i) for i in range(1, 6)]
    assert results[0].mean().psnr_rgb > results[2].mean().psnr_rgb  # blending beats repeating on this clip


def test_a_method_of_another_scale_is_refused(clip):
    with pytest.raises(StvsrError, match="one scale at a time"):
        Evaluation([baseline(Scale.of(2))], [clip], protocol_for(Scale.of(2, 4))).scores()


def test_a_clip_without_frames_is_refused(clip):
    with pytest.raises(StvsrError, match="too few"):
        Evaluation([baseline(Scale.of(2))], [TestClip("none", clip.files, 0)], protocol_for(Scale.of(2))).scores()


def test_an_unusable_clip_is_found_before_the_others_are_measured(clip, tmp_path):
    small, told = write_clip(tmp_path / "small", height=9), []
    with pytest.raises(StvsrError, match="small: frames of 27x9 are too small"):
        Evaluation([baseline(Scale.of(2))], [clip, small], protocol_for(Scale.of(2))).scores(
            lambda *report: told.append(report)
        )
    assert not told


def test_missing_torchmetrics_is_not_blamed_on_a_clip(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    with pytest.raises(StvsrError, match=r"^measuring quality needs .*'stvsr\[evaluate\]'$"):
        Evaluation([baseline(Scale.of(2))], [clip], protocol_for(Scale.of(2))).scores()


def test_a_stopwatch_passes_items_on_and_counts():
    watch = Stopwatch(iter([1, 2]))
    assert list(watch) == [1, 2]
    assert watch.seconds > 0


DEGRADATIONS = [
    Degradation(time=5, space=4),
    Degradation(time=5, space=4, shutter="trapezoid"),
    Degradation(time=2, exposure=0.5),
    Degradation(time=2, space=3, exposure=0.8, blur="area"),
    Degradation(space=2, blur="gaussian:1.3", noise=4),
    Degradation(time=4, space=2, blur="gaussian:0.7"),
]


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=str)
def test_the_low_clip_is_that_of_the_operator(tmp_path, degradation):
    """A(truth) == Y: what every method gets is the operator of the degradation applied to what it is compared with."""
    clip = write_clip(tmp_path / "clip", frames=13)
    protocol = degraded_protocol(degradation)
    low = np.stack(list(low_frames(None, clip, protocol)))
    truth = np.stack(list(measured_frames(clip, protocol)))
    assert len(truth) == 13 // degradation.time * degradation.time == protocol.measured(13)
    exact = degradation.operator().forward(torch.from_numpy(truth).permute(3, 0, 1, 2)[None].float() / 255)
    error = low - (exact[0] * 255).permute(1, 2, 3, 0).numpy()
    if degradation.noise:
        assert error.std() == pytest.approx(degradation.noise, rel=0.1)
        assert np.array_equal(low, np.stack(list(low_frames(None, clip, protocol))))
        assert not np.array_equal(low, np.stack(list(low_frames(None, clip, protocol, seed=1))))
    else:
        assert np.abs(error).max() < 0.501


def test_every_method_gets_the_same_low_clip(clip):
    protocol, seen = degraded_protocol(Degradation(time=2, space=2, noise=10)), {}

    class Spy(Method):
        scale = protocol.scale

        def __init__(self, name):
            self.name = name

        def restore(self, low):
            seen[self.name] = list(low)
            yield from (np.repeat(np.repeat(frame, 2, 0), 2, 1) for frame in seen[self.name] for _ in range(2))

    first, second = Evaluation([Spy("a"), Spy("b")], [clip], protocol, ssim=False).scores()
    assert np.array_equal(seen["a"], seen["b"])
    assert first.mean().psnr_rgb == second.mean().psnr_rgb
    assert np.isnan(first.mean().ssim_rgb)
    assert first.mean("synthesised") is None


def test_a_given_degradation_cuts_clips_to_whole_low_frames_and_counts_within(tmp_path):
    clip, protocol = write_clip(tmp_path / "long", frames=13), degraded_protocol(Degradation(time=5, space=4))
    methods = [*interpolations(protocol.degradation), Cascade(protocol.degradation)]
    results = Evaluation(methods, [clip], protocol, ssim=False).scores()
    assert [result.method for result in results][-1] == "minterpolate + bicubic (a = -0.75)"
    assert all(result.clips[0].size == (10, 21, 27) for result in results)
    scores = results[0].clips[0].scores
    assert results[0].mean().psnr_rgb == pytest.approx(np.mean([score.psnr_rgb for score in scores[2:8]]))


def test_clips_shorter_than_what_counts_are_refused(tmp_path):
    clip = write_clip(tmp_path / "short", frames=4)
    with pytest.raises(StvsrError, match="give a clip of at least 5"):
        Evaluation([Interpolation(Degradation(time=5))], [clip], degraded_protocol(Degradation(time=5))).scores()


def test_a_method_that_cannot_shrink_needs_a_degradation(clip):
    class Enlarger(Method):
        name, scale = "enlarger", Scale.of(2)

        def restore(self, low):
            yield from low

    with pytest.raises(StvsrError, match="give a degradation"):
        Evaluation([Enlarger()], [clip], protocol_for(Scale.of(2))).scores()


def test_a_wrong_phase_shows(tmp_path):
    """A method that takes low frame i for the instant 5 i, not 5 i + 2, is far worse: the figures would tell."""
    clip, protocol = write_clip(tmp_path / "clip", frames=30), degraded_protocol(Degradation(time=5))
    late = Interpolation(Degradation(time=5, exposure=0.2))
    right, wrong = Evaluation([Interpolation(protocol.degradation), late], [clip], protocol, ssim=False).scores()
    assert right.mean().psnr_rgb > wrong.mean().psnr_rgb + 0.5


def test_a_low_clip_of_the_data_set_is_taken_as_it_is(tmp_path):
    """Stored lossless, the low clip that the degradation makes gives what the degradation itself gives."""
    clip, degradation = write_clip(tmp_path / "truth", frames=11), Degradation(time=5, space=2, shutter="trapezoid")
    made = degraded_protocol(degradation)
    (tmp_path / "low").mkdir()
    for i, frame in enumerate(low_frames(None, clip, made)):
        Image.fromarray(frame).save(tmp_path / "low" / f"{i}.png")
    stored = replace(made, low="stored")
    with pytest.raises(StvsrError, match="needs the low clip of the data set"):
        Evaluation([Interpolation(degradation)], [clip], stored).scores()
    whole = replace(clip, low=find_clips(tmp_path / "low")[0])
    results = [
        Evaluation([Interpolation(degradation)], [one], protocol, ssim=False).scores()[0].mean().psnr_rgb
        for one, protocol in ((clip, made), (whole, stored))
    ]
    assert results[0] == results[1]
    assert "that of the data set; methods are told 5x time" in stored.describe()
    assert len(list(low_frames(None, replace(whole, limit=7), stored))) == 1


def test_a_change_of_rate_compares_instants(tmp_path):
    """From every 6th frame to every 5th: sources of 120 frames a second give 20 and 24."""
    clip = write_clip(tmp_path / "source", frames=33)
    protocol = Protocol("rates", "rates", Scale.of("6/5"), rates=(6, 5))
    source = np.stack(list(clip.frames()))
    truth, low = (
        np.stack(list(measured_frames(clip, protocol))),
        np.stack(list(low_frames(None, clip, protocol))),
    )
    assert np.array_equal(truth, source[0:31:5])
    assert np.array_equal(low, source[::6])
    assert len(truth) == protocol.measured(33) == 7
    assert protocol.measured(30) == len(range(0, 25, 5))
    assert "every 6th frame" in protocol.describe()

    class Oracle(Method):
        name, scale = "oracle", Scale.of("6/5")

        def restore(self, low):
            assert len(list(low)) == 6
            yield from source[::5]

    (result,) = Evaluation([Oracle()], [clip], protocol, ssim=False).scores()
    assert result.mean().identical == 1
    assert result.mean("synthesised").identical == 1
