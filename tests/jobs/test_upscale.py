import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.jobs.degraded import assumed
from stvsr.jobs.restoration import spread
from stvsr.physics.degradation import DEFAULT, Degradation
from stvsr.video.colour import BT601, Colour
from stvsr.video.encoders import LOSSLESS_RGB, encoder
from stvsr.video.info import probe
from stvsr.video.reader import VideoReader
from stvsr.video.timing import scan
from stvsr.video.writer import VideoWriter
from tests.helpers.clips import RATE, audio_packets, read, write, write_with_audio
from tests.helpers.fakes import Blur, Repeat, clip, codes, tensor
from tests.helpers.jobs import degrade, restore, shrink

EXACT = encoder("ffv1")
FACTORS = [(1, 1), (1, 3), (2, 1), (2, 2), (5, 4)]


class Listener(Progress):
    def __init__(self):
        self.lines, self.steps, self.total = [], [], 0

    def begin(self, frames):
        self.total = frames

    def step(self, done):
        self.steps.append(done)

    def notice(self, line):
        self.lines.append(line)


def settled(path, listener=None, **given):
    return assumed(probe(path), given, listener or Listener())


@pytest.mark.parametrize("budget", [None, 1])
@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("factors", FACTORS, ids=str)
def test_the_file_holds_exactly_what_the_model_makes_of_the_whole_clip(tmp_path, factors, count, budget):
    frames, model, rate = clip(count, 27, 31), Blur(*factors, reach=(1, 2)), Fraction(25)
    source = write(tmp_path / "in.mkv", frames, [i / rate for i in range(count)], rate=rate)
    progress = Listener()
    outcome = restore(source, tmp_path / "o.mkv", model, encoder=EXACT, memory=budget, progress=progress)
    high, times = read(outcome.path)
    np.testing.assert_array_equal(high, codes(model.upsample(tensor(frames))))
    assert times == [i / (factors[0] * rate) for i in range(factors[0] * count)]
    assert (outcome.width, outcome.height, outcome.rate) == (31 * factors[1], 27 * factors[1], rate * factors[0])
    assert progress.total == outcome.frames == progress.steps[-1]


@pytest.mark.parametrize("factor", [1, 2, 3, 5, 7])
def test_every_low_frames_time_is_shared_out_evenly(factor):
    times, end = [Fraction(n, 600) for n in (0, 40, 95, 130, 500)], Fraction(507, 600)
    high = spread(times, end, factor)
    assert high[::factor] == times
    spans = [later - earlier for earlier, later in pairwise([*high, end])]
    for index, (start, stop) in enumerate(pairwise([*times, end])):
        assert set(spans[index * factor : (index + 1) * factor]) == {(stop - start) / factor}


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("factor", [2, 3, 7])
def test_at_variable_rates_no_frame_is_dropped_or_repeated_and_the_end_stays(tmp_path, factor, suffix):
    ticks = [0, *np.random.default_rng(3).integers(20, 90, 9).cumsum().tolist()]
    times = [Fraction(tick, 1000) for tick in ticks]
    source = tmp_path / f"in{suffix}"
    with VideoWriter(source, 16, 16, Fraction(25), time_base=Fraction(1, 1000)) as writer:
        for time, rgb in zip(times, clip(10, 16, 16), strict=True):
            writer.write(rgb, time, Fraction(1, 2))
    restore(source, tmp_path / f"out{suffix}", Repeat(factor, 1))
    end = times[-1] + Fraction(1, 2)
    assert read(tmp_path / f"out{suffix}")[1] == spread(times, end, factor)
    last, stay = scan(tmp_path / f"out{suffix}")
    assert last[-1] + stay == end


@pytest.mark.parametrize(("stay", "taken"), [(Fraction(1, 1000), 1), (Fraction(1, 50), Fraction(1, 2)), (1, 25)])
def test_a_last_frame_that_hardly_stays_is_given_one_period(tmp_path, stay, taken):
    with VideoWriter(tmp_path / "in.mp4", 16, 16, Fraction(25), time_base=Fraction(1, 1000)) as writer:
        for index, rgb in enumerate(clip(4, 16, 16)):
            writer.write(rgb, Fraction(index, 25), Fraction(stay))
    times = read(restore(tmp_path / "in.mp4", tmp_path / "out.mkv", Repeat(2, 1)).path)[1]
    assert times[-1] - times[-2] == taken * Fraction(1, 50)


def test_at_variable_rates_a_short_last_frame_is_believed(tmp_path):
    times = [Fraction(n, 1000) for n in (0, 20, 320, 1320)]
    with VideoWriter(tmp_path / "in.mp4", 16, 16, Fraction(25), time_base=Fraction(1, 1000)) as writer:
        for time, rgb in zip(times, clip(4, 16, 16), strict=True):
            writer.write(rgb, time, Fraction(70, 1000))
    high = read(restore(tmp_path / "in.mp4", tmp_path / "out.mkv", Repeat(2, 1)).path)[1]
    assert high == spread(times, Fraction(1390, 1000), 2)


def test_a_millisecond_container_is_refused_where_it_would_merge_frames(tmp_path):
    times = [Fraction(n, 250) for n in (0, 1, 10, 20)]
    source = write(tmp_path / "in.mp4", clip(4, 16, 16), times, time_base=Fraction(1, 250))
    restore(source, tmp_path / "out.mkv", Repeat(4, 1))
    with pytest.raises(StvsrError, match=r"other\.mkv: \.mkv counts in milliseconds.*write \.mp4") as raised:
        restore(source, tmp_path / "other.mkv", Repeat(5, 1))
    assert "\n" not in str(raised.value)
    restore(source, tmp_path / "other.mp4", Repeat(5, 1))
    assert not (tmp_path / "other.mkv").exists()
    assert read(tmp_path / "other.mp4")[1] == spread(times, scan(source)[0][-1] + scan(source)[1], 5)


@pytest.mark.parametrize("start", [0, -12])
def test_sound_comes_along_and_stays_with_the_picture(tmp_path, start):
    source = write_with_audio(tmp_path / "in.mkv", frames=24, start=start)
    output = restore(source, tmp_path / "out.mkv", Repeat(2, 2)).path
    assert audio_packets(output) == audio_packets(source)
    lead = read(source)[1][0] - first_sound(source)
    assert abs(read(output)[1][0] - first_sound(output) - lead) <= Fraction(2, 1000)


def first_sound(path):
    import av

    with av.open(str(path)) as container:
        packet = next(packet for packet in container.demux(audio=0) if packet.size)
        return packet.pts * packet.time_base


@pytest.mark.parametrize("colour", [BT601, Colour("bt470bg", "bt470bg", "bt709", "full")], ids=str)
def test_colours_and_pixel_shape_are_as_in_the_source_however_large_it_gets(tmp_path, colour):
    options = {"encoder": encoder("h264"), "colour": colour, "sample_aspect": Fraction(16, 15)}
    source = write(tmp_path / "in.mkv", clip(2, 180, 16), **options)
    output = restore(source, tmp_path / "out.mkv", Repeat(1, 4)).path
    assert (probe(output).colour, probe(output).sample_aspect) == (colour, Fraction(16, 15))


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("factors", FACTORS[1:], ids=str)
def test_a_degraded_video_comes_back_with_its_size_frames_times_and_rate(tmp_path, factors, suffix):
    frames, degradation = clip(7, 37, 31), Degradation(*factors, blur="gaussian:1.5")
    source = write(tmp_path / f"in{suffix}", frames)
    low = degrade(source, tmp_path / f"low{suffix}", degradation, encoder=LOSSLESS_RGB).path
    listener = Listener()
    found, original = settled(low, listener)
    assert found == degradation
    assert len(listener.lines) == 1
    assert f"was made by 'stvsr degrade'; undoing: {degradation}" in listener.lines[0]
    model = Blur(*factors)
    high, times = read(restore(low, tmp_path / f"o{suffix}", model, original=original, encoder=LOSSLESS_RGB).path)
    np.testing.assert_array_equal(high, codes(model.upsample(tensor(read(low)[0])))[:7, :37, :31])
    assert times == [i / RATE for i in range(7)]
    assert probe(tmp_path / f"o{suffix}").rate == RATE


def test_variable_times_and_a_long_last_frame_come_back_after_degrading(tmp_path):
    times = [Fraction(n, 600) for n in (0, 40, 95, 130, 500)]
    with VideoWriter(tmp_path / "in.mp4", 16, 16, Fraction(25), time_base=Fraction(1, 600)) as writer:
        for time, rgb in zip(times, clip(5, 16, 16), strict=True):
            writer.write(rgb, time, Fraction(2))
    low = degrade(tmp_path / "in.mp4", tmp_path / "low.mp4", Degradation(3, 2)).path
    high = restore(low, tmp_path / "high.mp4", Repeat(3, 2), original=settled(low)[1]).path
    assert scan(high) == (times, Fraction(2))


def test_what_is_chosen_wins_over_what_is_on_record(tmp_path):
    source = write(tmp_path / "in.mkv", clip(7, 37, 31))
    low = degrade(source, tmp_path / "low.mkv", Degradation(2, 2, 0.5, noise=3)).path
    found, original = settled(low, noise=0.0, blur="area")
    assert found == Degradation(2, 2, 0.5, blur="area")
    assert original is not None
    found, original = settled(low, time=4)
    assert (found, original) == (Degradation(4, 2, 0.5, noise=3), None)


def test_a_video_that_says_nothing_is_taken_for_a_cameras(tmp_path):
    source, listener = write(tmp_path / "in.mkv", clip(2, 16, 16)), Listener()
    assert settled(source, listener) == (DEFAULT, None)
    assert settled(source, listener, exposure=0.8, time=3)[0] == Degradation(3, 2, 0.8)
    assert listener.lines == []


@pytest.mark.parametrize(
    "forged",
    [
        {"version": 99},
        {"version": "x"},
        {"frames": 10**9},
        {"frames": True, "width": -1},
        {"times": {"start": "0", "step": "0"}},
        {"times": {"start": "0", "step": "1/" + "1" + 23 * "0"}},
        {"times": {"start": "1e999999999", "step": "1"}},
        {"times": {"start": "0", "step": "1", "last": "-1"}},
        {"rate": "1/1000000000000"},
        {"degradation": 5},
        {"degradation": {"time": 10**9}},
        {"degradation": {"time": 2.5}},
        {"degradation": {"blur": 5}},
        {"degradation": {"blur": "gaussian:1\n"}},
        {"degradation": {"exposure": "much"}},
        {"degradation": {"exposure": float("nan")}},
        {"degradation": {"sharpness": 1}},
    ],
    ids=str,
)
def test_a_damaged_record_is_told_and_not_used(tmp_path, forged):
    source = write(tmp_path / "in.mkv", clip(3, 16, 16))
    low = degrade(source, tmp_path / "low.mkv", Degradation(2, 2)).path
    fields = json.loads(probe(low).metadata["stvsr_degrade"]) | forged
    tagged = write(tmp_path / "tagged.mkv", clip(2, 8, 8), metadata={"stvsr_degrade": json.dumps(fields)})
    listener = Listener()
    assert settled(tagged, listener) == (DEFAULT, None)
    assert len(listener.lines) == 1
    assert "tagged.mkv" in listener.lines[0]
    assert listener.lines[0].isprintable()


def test_text_that_is_no_record_is_told_and_not_used(tmp_path):
    listener = Listener()
    for text in ("nonsense", "[1]", "{}", "[" * 100_000):
        tagged = write(tmp_path / "tagged.mkv", clip(2, 8, 8), metadata={"stvsr_degrade": text})
        assert settled(tagged, listener) == (DEFAULT, None)
    assert len(listener.lines) == 4


@pytest.mark.parametrize("size", [(2, 16, 16), (3, 8, 8)], ids=["resized", "cut"])
def test_a_degraded_video_that_was_changed_since_goes_by_the_options(tmp_path, size):
    source = write(tmp_path / "in.mkv", clip(3, 16, 16))
    low = degrade(source, tmp_path / "low.mkv", Degradation(2, 2)).path
    tags = {"stvsr_degrade": probe(low).metadata["stvsr_degrade"]}
    changed, listener = write(tmp_path / "changed.mkv", clip(*size), metadata=tags), Listener()
    assert settled(changed, listener) == (DEFAULT, None)
    assert "was cut or resized since 'stvsr degrade' made it" in listener.lines[0]


def test_a_video_never_names_the_kernel_file_to_open(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("k.npy", np.ones((3, 3)))
    source = write(tmp_path / "in.mkv", clip(3, 16, 16))
    low = degrade(source, tmp_path / "low.mkv", Degradation(2, 2, blur=str(tmp_path / "k.npy"))).path
    with pytest.raises(StvsrError, match=r"was blurred by the kernel k\.npy, .*give it with `blur`"):
        settled(low)
    assert settled(low, blur="k.npy")[0].blur == "k.npy"


def test_what_shrink_made_brings_a_notice(tmp_path):
    source, listener = write(tmp_path / "in.mkv", clip(4, 16, 16)), Listener()
    settled(shrink(source, tmp_path / "small.mkv", Repeat(2, 2)).path, listener)
    assert "was made by 'stvsr shrink'" in listener.lines[0]


def test_an_upscaled_video_is_no_degraded_and_no_shrunk_one_any_more(tmp_path):
    source = write(tmp_path / "in.mkv", clip(4, 16, 16))
    low = degrade(source, tmp_path / "low.mkv", Degradation(2, 2)).path
    small = shrink(low, tmp_path / "small.mkv", Repeat(1, 2)).path
    assert {"stvsr", "stvsr_degrade"} <= set(probe(small).metadata)
    high = restore(small, tmp_path / "high.mkv", Repeat(2, 2)).path
    assert not {"stvsr", "stvsr_degrade"} & set(probe(high).metadata)


@pytest.mark.parametrize("name", ["in.mkv", "link.mkv", "out.avi", "missing/out.mkv", "folder.mkv"])
def test_an_output_that_cannot_be_is_refused_in_one_line_and_nothing_is_touched(tmp_path, name):
    source = write(tmp_path / "in.mkv", clip(2, 16, 16))
    (tmp_path / "link.mkv").symlink_to(source)
    (tmp_path / "folder.mkv").mkdir()
    before, names = source.read_bytes(), sorted(tmp_path.iterdir())
    for job in (lambda: restore(source, tmp_path / name, Repeat()), lambda: degraded(source, tmp_path / name)):
        with pytest.raises(StvsrError) as raised:
            job()
        assert "\n" not in str(raised.value)
    assert source.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == names


def degraded(source, output):
    return degrade(source, output, Degradation(2, 2))


def test_a_failure_half_way_leaves_nothing_behind(tmp_path):
    class Failing(Repeat):
        calls = 0

        def upsample(self, low):
            self.calls += 1
            if self.calls == 3:
                raise KeyboardInterrupt
            return super().upsample(low)

    source = write(tmp_path / "in.mkv", clip(9, 16, 16))
    with pytest.raises(KeyboardInterrupt):
        restore(source, tmp_path / "out.mkv", Failing(), memory=1)
    assert list(tmp_path.iterdir()) == [source]


def test_the_end_of_the_sound_is_not_cut(tmp_path):
    source = write_with_audio(tmp_path / "in.mkv")
    low = degraded(source, tmp_path / "low.mkv").path
    high = restore(low, tmp_path / "high.mkv", Repeat(2, 2), original=settled(low)[1]).path
    assert audio_packets(high) == audio_packets(source)
    with VideoReader(source) as first, VideoReader(high) as second:
        assert [frame.time for frame in first] == [frame.time for frame in second]
