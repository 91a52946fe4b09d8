from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch

from stvsr.engine import job
from stvsr.engine.progress import Progress
from stvsr.engine.retiming import sample_frames
from stvsr.errors import StvsrError
from stvsr.jobs.instants import find_positions, fitting_factor, regular_times
from stvsr.jobs.rate import Rate
from stvsr.jobs.restoration import spread
from stvsr.models.contract import ConditionalModel, Interpolator
from stvsr.physics.scale import Scale
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.timing import scan
from stvsr.video.writer import VideoWriter
from tests.helpers.clips import audio_packets, read, write, write_with_audio
from tests.helpers.fakes import Blur, Repeat, clip, codes, tensor
from tests.helpers.jobs import retime


class General(ConditionalModel):
    """A model for any degradation, that shows seams: a `Blur` of as many times as that asks for."""

    def bind(self, degradation, iterations=None):
        return Blur(degradation.time, degradation.space, reach=(1, 2))


class Between(Interpolator):
    """A model that mixes the two blurred frames around a place: a seam between windows or tiles would show."""

    name, scale, context, down_context, any_rate = "between", Scale.of("6/5"), (1, 2), 0, True

    def __init__(self):
        self.blur = Blur(1, 1, reach=(0, 2))

    def frames_at(self, low, places, start=0):
        assert min(places) >= start
        blurred = self.blur.upsample(low)
        made = []
        for place in places:
            at = int(place) - start
            made.append(torch.lerp(blurred[:, :, at], blurred[:, :, at + bool(place % 1)], float(place % 1)))
        return torch.stack(made, dim=2)


def at_rate(text):
    return Rate.parse(text, None)


def retimed(source, output, fps, model=None, **settings):
    sharp = {} if isinstance(model, Between) else {"exposure": 0.1}
    outcome = retime(source, output, model or General(), fps=fps, encoder=LOSSLESS_RGB, **{**sharp, **settings})
    return outcome, *read(outcome.path)


def expected(high, shown, end, times, factor):
    """The frames at ``times``, by looking up when each high frame of one shot is due."""
    due = spread(shown, end, factor)
    made = []
    for time in times:
        at = bisect_right(due, time) - 1
        after = min(at + 1, len(due) - 1)
        share = (time - due[at]) / (due[after] - due[at]) if after > at else 0
        made.append(np.rint((1 - float(share)) * high[at] + float(share) * high[after]))
    return np.array(made)


@pytest.mark.parametrize("budget", [None, 1])
@pytest.mark.parametrize(
    ("rate", "new", "factor"),
    [(20, "24", 6), (25, "50", 2), (30, "24", 4), (25, "24", 8), (24, "23.976", 8), (25, "25", 1)],
)
def test_every_frame_is_the_one_at_its_exact_time(tmp_path, rate, new, factor, budget):
    shown, end = [Fraction(i, rate) for i in range(9)], Fraction(9, rate)
    frames, fps = clip(9, 19, 23), at_rate(new).value
    source = write(tmp_path / "in.mp4", frames, shown, rate=Fraction(rate), time_base=Fraction(1, 600))
    outcome, made, times = retimed(source, tmp_path / "out.mp4", new, memory=budget)
    assert times == [k / fps for k in range(len(times))]
    assert abs(end - len(times) / fps) <= 1 / fps / 2
    assert fitting_factor(shown, end, times) == factor
    high = frames if factor == 1 else codes(Blur(factor, 1, reach=(1, 2)).upsample(tensor(frames)))
    assert np.abs(made - expected(high, shown, end, times, factor)).max() <= (0 if factor in (1, 2, 4, 6) else 1)
    assert (outcome.frames, outcome.rate, outcome.width, outcome.height) == (len(times), fps, 23, 19)
    last, stay = scan(outcome.path)
    assert abs(last[-1] + stay - end) < 1 / fps / 10  # less is rounding to whoever reads a file


@pytest.mark.parametrize("new", ["24", "60", "7"])
def test_a_variable_rate_becomes_constant_and_every_frame_is_still_at_its_time(tmp_path, new):
    shown = [Fraction(n, 1000) for n in (0, 33, 66, 130, 163, 300, 333, 366, 401, 433)]
    frames, fps, source = clip(10, 16, 16), at_rate(new).value, tmp_path / "in.mp4"
    with VideoWriter(source, 16, 16, Fraction(25), time_base=Fraction(1, 1000), encoder=LOSSLESS_RGB) as writer:
        for time, rgb in zip(shown, frames, strict=True):
            writer.write(rgb, time, Fraction(67, 1000))
    _, made, times = retimed(source, tmp_path / "out.mp4", new)
    assert times == [k / fps for k in range(round(fps / 2))]
    high = codes(Blur(8, 1, reach=(1, 2)).upsample(tensor(frames)))
    assert np.abs(made - expected(high, shown, Fraction(1, 2), times, 8)).max() <= 1
    last, stay = scan(tmp_path / "out.mp4")
    assert last[-1] + stay == Fraction(1, 2)


def between(frames, shown, end, times):
    """What `Between` makes of one shot for ``times``; between the last frame and the end that one stands."""
    high = codes(Blur(1, 1, reach=(0, 2)).upsample(tensor(frames)))
    return expected(high, shown, end, times, 1)


@pytest.mark.parametrize("budget", [None, 1])
@pytest.mark.parametrize(("rate", "new"), [(20, "24"), (25, "50"), (30, "24"), (25, "24"), (24, "23.976"), (10, "75")])
def test_a_model_that_makes_frames_between_frames_makes_each_for_its_exact_time(tmp_path, rate, new, budget):
    shown, end = [Fraction(i, rate) for i in range(9)], Fraction(9, rate)
    frames, fps = clip(9, 19, 53), at_rate(new).value
    source = write(tmp_path / "in.mp4", frames, shown, rate=Fraction(rate), time_base=Fraction(1, 600))
    _, made, times = retimed(source, tmp_path / "out.mp4", new, Between(), memory=budget)
    assert times == [k / fps for k in range(len(times))]
    assert np.abs(made - between(frames, shown, end, times)).max() <= 1


@pytest.mark.parametrize("new", ["24", "60", "11"])
def test_between_frames_a_varying_rate_and_cuts_count_too(tmp_path, new):
    frames, source = clip(12, 16, 16) // 4, tmp_path / "in.mp4"
    frames[5:] += 150
    shown = [Fraction(n, 1000) for n in (0, 33, 66, 130, 163, 300, 333, 366, 401, 433, 480, 500)]
    with VideoWriter(source, 16, 16, Fraction(25), time_base=Fraction(1, 1000), encoder=LOSSLESS_RGB) as writer:
        for time, rgb in zip(shown, frames, strict=True):
            writer.write(rgb, time, Fraction(40, 1000))
    _, made, times = retimed(source, tmp_path / "out.mp4", new, Between(), cuts=7.0)
    end = scan(source)[0][-1] + scan(source)[1]
    for part, stop in ((slice(0, 5), shown[5]), (slice(5, 12), end)):
        inside = [shown[part][0] <= time < stop for time in times]
        due = [time for time, wanted in zip(times, inside, strict=True) if wanted]
        assert np.abs(made[inside] - between(frames[part], shown[part], stop, due)).max() <= 1


def test_a_model_for_one_ratio_refuses_others(tmp_path):
    model = Between()
    model.any_rate = False
    source = write(tmp_path / "in.mp4", clip(9, 16, 16), [Fraction(i, 25) for i in range(9)], rate=Fraction(25))
    with pytest.raises(StvsrError, match="changes a constant rate by 6/5 alone; leave `model` out"):
        retimed(source, tmp_path / "out.mp4", "24", model)
    assert not (tmp_path / "out.mp4").exists()
    retimed(source, tmp_path / "out.mp4", "30", model)


@pytest.mark.parametrize("budget", [None, 1])
@pytest.mark.parametrize("new", ["24", "30", "50", "11"])
def test_nothing_is_mixed_across_a_cut(tmp_path, new, budget):
    frames = clip(21, 16, 16) // 4
    frames[7:12] += 90
    frames[12:] += 180
    shown = [Fraction(i, 25) for i in range(21)]
    source = write(tmp_path / "in.mp4", frames, shown, rate=Fraction(25), time_base=Fraction(1, 600))
    _, made, times = retimed(source, tmp_path / "out.mp4", new, memory=budget, cuts=7.0)
    factor = fitting_factor(shown, Fraction(21, 25), times)
    edges = [0, 7, 12, 21]
    for start, stop in pairwise(edges):
        high = codes(Blur(factor, 1, reach=(1, 2)).upsample(tensor(frames[start:stop])))
        inside = [Fraction(start, 25) <= time < Fraction(stop, 25) for time in times]
        due = [time for time, wanted in zip(times, inside, strict=True) if wanted]
        wanted = expected(high, shown[start:stop], Fraction(stop, 25), due, factor)
        assert np.abs(made[inside] - wanted).max() <= 1


def test_frames_that_are_all_there_are_kept_to_the_bit_without_a_model(tmp_path):
    class Never(General):
        def bind(self, degradation, iterations=None):
            raise AssertionError(degradation)

    frames = clip(8, 16, 16)
    source = write(tmp_path / "in.mp4", frames, [Fraction(i, 50) for i in range(8)], rate=Fraction(50))
    assert np.array_equal(retimed(source, tmp_path / "out.mp4", "25", Never())[1], frames[::2])
    finer = retimed(source, tmp_path / "finer.mp4", "25", time=2)[1]
    assert np.array_equal(finer, codes(Blur(2, 1, reach=(1, 2)).upsample(tensor(frames)))[::4])
    larger = retimed(source, tmp_path / "larger.mp4", "25", space=2, exposure=1.0)[1]
    assert np.array_equal(larger, codes(Blur(1, 2, reach=(1, 2)).upsample(tensor(frames)))[::2])


def test_a_stopped_job_goes_on_to_the_same_file_to_the_bit(tmp_path, monkeypatch):
    class Listener(Progress):
        before = 0

        def resume(self, done):
            self.before = done

    monkeypatch.setattr(job, "SEGMENT", 8)
    shown = [Fraction(i, 25) for i in range(40)]
    source = write(tmp_path / "in.mp4", clip(40, 16, 16), shown, rate=Fraction(25))
    retimed(source, tmp_path / "whole.mp4", "24", memory=100_000)
    calls, ordinary, listener = [0], Blur.upsample, Listener()

    def upsample(self, low):
        calls[0] += 1
        if calls[0] == 25:
            raise KeyboardInterrupt
        return ordinary(self, low)

    with monkeypatch.context() as patch:
        patch.setattr(Blur, "upsample", upsample)
        with pytest.raises(KeyboardInterrupt):
            retimed(source, tmp_path / "out.mp4", "24", memory=100_000)
    retimed(source, tmp_path / "out.mp4", "24", memory=100_000, progress=listener)
    assert 0 < listener.before < 38
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


@pytest.mark.parametrize("start", [0, -12])
def test_sound_comes_along_and_the_picture_begins_with_it(tmp_path, start):
    source = write_with_audio(tmp_path / "in.mkv", frames=24, start=start)
    outcome = retime(source, tmp_path / "out.mkv", General(), fps=30, exposure=0.1)
    assert audio_packets(outcome.path) == audio_packets(source)
    assert abs(read(outcome.path)[1][0] - read(source)[1][0]) <= Fraction(2, 1000)


def edge(instant):
    """A bright half plane, antialiased, that moves by 16 pixels a unit."""
    covered = np.clip(np.arange(64) + 1 - (20 + 16 * float(instant)), 0, 1)
    return np.rint(255 * np.broadcast_to(covered[None, :, None], (4, 64, 3))).astype(np.uint8)


def place(frame):
    return 64 - float(frame[0, :, 0].astype(float).sum()) / 255


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_mixing_keeps_a_moving_edge_on_its_line_and_taking_the_nearest_would_not(factor):
    shown = [Fraction(i) for i in range(3)]
    times = [k * Fraction(25, 24) for k in range(2)] + [Fraction(7, 9), Fraction(25, 17)]
    high = [(n, edge(Fraction(n, factor))) for n in range(3 * factor)]
    errors, nearest, smear = [], [], []
    for time in times:
        (instant,) = find_positions(shown, Fraction(3), [time], factor)
        (frame,) = sample_frames(high[instant.number :], [instant])
        errors.append(abs(place(frame) - place(edge(time))))
        nearest.append(abs(place(high[instant.number + round(instant.share)][1]) - place(edge(time))))
        smear.append(int(((frame[0, :, 0] > 0) & (frame[0, :, 0] < 255)).sum()))
    assert max(errors) < 0.02
    assert max(nearest) > 16 / factor / 10
    assert max(smear) <= 16 / factor + 1


def test_the_factor_is_the_least_that_holds_every_frame_or_the_usual_one():
    for old, new, factor in [(20, 24, 6), (24, 60, 5), (60, 24, 2), (25, 24, 8), (24, 25, 8), (10, 120, 12), (9, 9, 1)]:
        shown, end = [Fraction(i, old) for i in range(50)], Fraction(50, old)
        assert fitting_factor(shown, end, regular_times(shown[0], end, Fraction(new))) == factor, (old, new)
    with pytest.raises(StvsrError, match="17 times the old one: choose one of at most 16 times"):
        fitting_factor(shown, end, regular_times(shown[0], end, Fraction(9 * 17)))


def test_the_end_of_the_last_frame_is_that_of_the_video():
    for length in (Fraction(1, 100), Fraction(1), Fraction(1001, 1000), Fraction(77, 76)):
        times = regular_times(Fraction(3), 3 + length, Fraction(24))
        assert times == [3 + Fraction(k, 24) for k in range(len(times))]
        assert len(times) == 1 or Fraction(1, 2) <= (3 + length - times[-1]) * 24 <= Fraction(3, 2)


@pytest.mark.parametrize(
    ("fps", "ratio", "source", "wanted"),
    [
        ("24", None, 7, Fraction(24)),
        ("23.976", None, 7, Fraction(24000, 1001)),
        ("29.97", None, 7, Fraction(30000, 1001)),
        ("30000/1001", None, 7, Fraction(30000, 1001)),
        ("12.5", None, 7, Fraction(25, 2)),
        (None, "6/5", 20, Fraction(24)),
        (None, "0.8", Fraction(30000, 1001), Fraction(24000, 1001)),
        (None, "1", Fraction(30000, 1001), Fraction(30000, 1001)),
    ],
)
def test_rates_are_read_as_they_are_meant(fps, ratio, source, wanted):
    assert Rate.parse(fps, ratio).of(Fraction(source)) == wanted


@pytest.mark.parametrize("text", ["0", "0/5", "5/0", "-24", "fast", "", "1e3", "nan", "24/1.001", "1" * 99])
@pytest.mark.parametrize("option", ["fps", "rate"])
def test_what_is_no_rate_is_one_line(text, option):
    given = (text, None) if option == "fps" else (None, text)
    with pytest.raises(StvsrError, match=f"`{option}` .*: give a number or a fraction above 0") as raised:
        Rate.parse(*given)
    assert "\n" not in str(raised.value)


def test_impossible_rates_are_refused():
    for given in ((None, None), ("24", "6/5")):
        with pytest.raises(StvsrError, match="by one of `fps`, such as `fps` 24, and `rate`"):
            Rate.parse(*given)
    for text in ("481", "0.05"):
        with pytest.raises(StvsrError, match=r"impossible: choose a rate from 0\.1 to 480"):
            Rate.parse(text, None)
    with pytest.raises(StvsrError, match="impossible: choose a rate"):
        Rate.parse(None, "100").of(Fraction(25))


def test_a_video_of_one_frame_stays_one(tmp_path):
    source = write(tmp_path / "in.mp4", clip(1, 16, 16), [Fraction(0)], rate=Fraction(25))
    assert retimed(source, tmp_path / "out.mp4", "24")[2] == [0]
    assert len(retimed(source, tmp_path / "out.mp4", "50", model=type("R", (), {"bind": lambda *_: Repeat(2, 1)})())[2])
