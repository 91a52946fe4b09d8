from fractions import Fraction

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.jobs.degrade import Degrader
from stvsr.jobs.degraded import DegradeRecord, describe
from stvsr.physics.degradation import Degradation
from stvsr.video.colour import BT709
from stvsr.video.encoders import encoder
from stvsr.video.info import probe
from stvsr.video.reader import VideoReader
from stvsr.video.timing import scan
from stvsr.video.writer import VideoWriter
from tests.helpers.clips import RATE, audio_packets, read, write, write_with_audio
from tests.helpers.fakes import Repeat, clip, codes, tensor
from tests.helpers.jobs import degrade, shrink

EXACT = encoder("ffv1")

DEGRADATIONS = [
    Degradation(2, 2, 0.5),
    Degradation(5, 4, 0.8, "trapezoid"),
    Degradation(6, 1),
    Degradation(1, 3, blur="area"),
    Degradation(3, 2, 0.7, blur="gaussian:1.3"),
    Degradation(1, 1, blur="gaussian:0.9"),
]


def kernel_file(path, *shape, seed=4):
    np.save(path, np.random.default_rng(seed).random(shape))
    return str(path)


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=str)
@pytest.mark.parametrize(("count", "budget"), [(1, None), (7, None), (13, 1)])
def test_the_file_holds_exactly_the_degraded_clip_however_it_is_cut_up(tmp_path, degradation, count, budget):
    frames = clip(count, 37, 31)
    source = write(tmp_path / "in.mkv", frames)
    outcome = degrade(source, tmp_path / "low.mkv", degradation, encoder=EXACT, memory=budget)
    low, times = read(outcome.path)
    np.testing.assert_array_equal(low, codes(degradation.apply(tensor(frames))))
    assert times == [degradation.time * i / RATE for i in range(len(low))]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "low.mkv"]


@pytest.mark.parametrize("shape", [(4, 5), (9, 3, 4)], ids=str)
def test_a_kernel_of_ones_own_reaches_over_the_windows(tmp_path, shape):
    degradation = Degradation(2, 2, blur=kernel_file(tmp_path / "k.npy", *shape))
    frames = clip(12, 18, 16)
    source = write(tmp_path / "in.mkv", frames)
    low = degrade(source, tmp_path / "low.mkv", degradation, encoder=EXACT, memory=1).path
    np.testing.assert_array_equal(read(low)[0], codes(degradation.apply(tensor(frames))))


def test_the_context_is_how_far_the_kernel_reaches_beyond_its_own_frames(tmp_path):
    degradation = Degradation(2, 2, blur=kernel_file(tmp_path / "k.npy", 9, 3, 4))
    assert Degrader(degradation).down_context == 4
    assert Degrader(Degradation(5, 4, 0.8)).down_context == 0
    assert Degrader(Degradation(2, 2, blur=kernel_file(tmp_path / "k.npy", 1, 3, 4))).down_context == 0


def test_noise_depends_on_the_seed_and_the_frame_not_on_the_windows(tmp_path):
    source = write(tmp_path / "in.mkv", np.full((9, 40, 48, 3), 128, np.uint8))

    def low(noise, seed, memory=None):
        degradation = Degradation(2, 1, noise=noise)
        path = degrade(source, tmp_path / "o.mkv", degradation, seed=seed, encoder=EXACT, memory=memory).path
        return read(path)[0]

    noisy = low(10, 3)
    np.testing.assert_array_equal(low(10, 3, memory=1), noisy)
    assert (low(10, 4) != noisy).mean() > 0.9
    assert (noisy[0] != noisy[1]).mean() > 0.9
    assert noisy.mean() == pytest.approx(128, abs=0.3)
    assert noisy.std() == pytest.approx(10, rel=0.03)
    assert (low(0, 3) == 128).all()


def test_the_record_tells_the_degradation_and_all_about_the_original(tmp_path):
    times = [Fraction(t, 600) for t in (0, 40, 95, 130, 500)]
    options = {"time_base": Fraction(1, 600), "sample_aspect": Fraction(16, 15)}
    source = write(tmp_path / "in.mp4", clip(5, 37, 31), times, **options)
    degradation = Degradation(2, 2, 0.5, "trapezoid", "gaussian:2", 1.5)
    low = degrade(source, tmp_path / "low.mp4", degradation).path
    record = DegradeRecord.find(probe(low).metadata)
    assert record.settings == degradation
    assert (record.frames, record.width, record.height, record.sample_aspect) == (5, 31, 37, Fraction(16, 15))
    assert record.frame_times() == times
    assert record.colour() == probe(low).colour
    assert read(low)[1] == times[::2]
    assert probe(low).sample_aspect == Fraction(16, 15)


def test_of_a_kernels_file_the_record_holds_the_name_alone():
    assert describe(Degradation(blur="/home/ann/k.npy"))["blur"] == "k.npy"
    assert describe(Degradation(blur="gaussian:0.5"))["blur"] == "gaussian:0.5"


def test_a_record_of_shrinking_is_not_handed_on(tmp_path):
    small = shrink(write(tmp_path / "in.mkv", clip(4, 16, 16)), tmp_path / "small.mkv", Repeat(2, 1)).path
    low = degrade(small, tmp_path / "low.mkv", Degradation(2, 2)).path
    assert set(probe(low).metadata) & {"stvsr", "stvsr_degrade"} == {"stvsr_degrade"}


def test_sound_and_the_end_stay_where_they_were(tmp_path):
    source = write_with_audio(tmp_path / "in.mkv")
    low = degrade(source, tmp_path / "low.mkv", Degradation(2, 2)).path
    assert audio_packets(low) == audio_packets(source)
    with VideoWriter(tmp_path / "long.mp4", 31, 37, Fraction(25)) as writer:
        for index, rgb in enumerate(clip(5, 37, 31)):
            writer.write(rgb, Fraction(index, 25), Fraction(2))
    low = degrade(tmp_path / "long.mp4", tmp_path / "low.mp4", Degradation(3, 2)).path
    with VideoReader(low) as reader:
        last = list(reader)[-1]
    assert last.time + last.duration == Fraction(4, 25) + 2


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_at_variable_rates_the_low_video_ends_when_the_high_one_does(tmp_path, suffix):
    times = [Fraction(n, 1000) for n in (0, 40, 80, 120, 160, 4000)]
    with VideoWriter(tmp_path / "in.mkv", 16, 16, Fraction(25), time_base=Fraction(1, 1000)) as writer:
        for time, rgb in zip(times, clip(6, 16, 16), strict=True):
            writer.write(rgb, time, Fraction(40, 1000))
    low = degrade(tmp_path / "in.mkv", tmp_path / f"low{suffix}", Degradation(2)).path
    shown, stay = scan(low)
    assert shown == times[::2]
    assert shown[-1] + stay == sum(scan(tmp_path / "in.mkv")[1:], times[-1])


def test_colours_are_stored_as_the_source_stored_them(tmp_path):
    source = write(tmp_path / "in.mkv", clip(2, 32, 32), encoder=encoder("h264"), colour=BT709)
    low = degrade(source, tmp_path / "low.mkv", Degradation(2, 2)).path
    assert probe(low).colour == BT709


@pytest.mark.parametrize(
    ("degradation", "seed", "told"),
    [
        (Degradation(), 0, "leave nothing to do without a blur or noise"),
        (Degradation(1, 1, 0.5, blur="area"), 0, "leave nothing to do"),
        (Degradation(1, 1, blur="gaussian:0.01"), 0, "leave nothing to do"),
        (Degradation(2, 2, blur="missing.npy"), 0, r"missing\.npy: .*no such file"),
        (Degradation(2, 2), -1, "seed -1 is impossible"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing_behind(tmp_path, degradation, seed, told):
    source = write(tmp_path / "in.mkv", clip(2, 16, 16))
    with pytest.raises(StvsrError, match=told) as raised:
        degrade(source, tmp_path / "low.mkv", degradation, seed=seed)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == [source]
