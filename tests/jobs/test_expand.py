import json
from dataclasses import asdict
from fractions import Fraction

import numpy as np
import pytest

from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.jobs.records import find_record
from stvsr.video.colour import BT601, Colour
from stvsr.video.encoders import LOSSLESS_RGB, encoder
from stvsr.video.info import probe
from stvsr.video.reader import VideoReader
from stvsr.video.writer import VideoWriter
from tests.helpers.clips import RATE, audio_packets, read, write, write_with_audio
from tests.helpers.fakes import Blur, Repeat, clip, codes, tensor
from tests.helpers.jobs import expand, shrink


def shrunk(tmp_path, frames, model, times=None, name="low.mkv", **options):
    source = write(tmp_path / "in.mkv", frames, times, **options)
    return shrink(source, tmp_path / name, model).path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("model", [Repeat(), Blur(3, 2)], ids=lambda m: m.name)
def test_size_frames_times_and_rate_come_back_exactly_at_odd_sizes(tmp_path, model, count, suffix):
    frames = clip(count, 37, 31)
    low = shrunk(tmp_path, frames, model, name=f"low{suffix}")
    outcome = expand(low, tmp_path / f"high{suffix}", model, encoder=LOSSLESS_RGB)
    high, times = read(outcome.path)
    whole = codes(model.upsample(model.downsample(tensor(frames))))
    np.testing.assert_array_equal(high, whole[:count, :37, :31])
    assert times == [i / RATE for i in range(count)]
    assert probe(outcome.path).rate == RATE or count < 3  # a container guesses the rate of so few frames


def test_variable_times_come_back_exactly(tmp_path):
    ticks = np.random.default_rng(3).integers(20, 90, 20).cumsum()
    ticks -= ticks[0]  # MP4 rounds where a video begins to milliseconds
    times = [Fraction(int(t), 12_800) for t in ticks * 13]
    source = write(tmp_path / "in.mp4", clip(20, 16, 16), times, time_base=Fraction(1, 12_800))
    shrink(source, tmp_path / "low.mkv", Repeat())  # which itself counts in milliseconds
    expand(tmp_path / "low.mkv", tmp_path / "high.mp4", Repeat())
    assert read(tmp_path / "high.mp4")[1] == times


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("count", [4, 5])
def test_a_last_frame_that_stays_long_does_so_again(tmp_path, count, suffix):
    source = tmp_path / f"in{suffix}"
    with VideoWriter(source, 31, 37, Fraction(25)) as writer:
        for index, rgb in enumerate(clip(count, 37, 31)):
            writer.write(rgb, Fraction(index, 25), Fraction(2))
    shrink(source, tmp_path / f"low{suffix}", Repeat())
    expand(tmp_path / f"low{suffix}", tmp_path / f"high{suffix}", Repeat())
    ends = {}
    for name in ("in", "low", "high"):
        with VideoReader(tmp_path / f"{name}{suffix}") as reader:
            last = list(reader)[-1]
        ends[name] = last.time + last.duration
    assert ends == dict.fromkeys(("in", "low", "high"), Fraction(count - 1, 25) + 2)


def test_pixel_aspect_and_sound_come_back(tmp_path):
    source = write_with_audio(tmp_path / "in.mkv")
    shrink(source, tmp_path / "low.mkv", Repeat())
    expand(tmp_path / "low.mkv", tmp_path / "high.mkv", Repeat())
    assert audio_packets(tmp_path / "high.mkv") == audio_packets(source)
    low = shrunk(tmp_path, clip(2, 16, 16), Repeat(), sample_aspect=Fraction(16, 15))
    expand(low, tmp_path / "wide.mkv", Repeat())
    assert probe(tmp_path / "wide.mkv").sample_aspect == Fraction(16, 15)


def test_sound_and_picture_stay_together_when_the_original_begins_before_zero(tmp_path):
    source = write_with_audio(tmp_path / "in.mkv", frames=48, start=-12)
    lead = read(source)[1][0] - first_sound(source)
    shrink(source, tmp_path / "low.mkv", Repeat())
    expand(tmp_path / "low.mkv", tmp_path / "high.mkv", Repeat())
    for name in ("low.mkv", "high.mkv"):
        again = read(tmp_path / name)[1][0] - first_sound(tmp_path / name)
        assert abs(again - lead) <= Fraction(2, 1000)


def first_sound(path):
    import av

    with av.open(str(path)) as container:
        packet = next(packet for packet in container.demux(audio=0) if packet.size)
        return packet.pts * packet.time_base


def test_the_chosen_encoder_is_used(tmp_path):
    low = shrunk(tmp_path, clip(3, 32, 32), Repeat())
    expand(low, tmp_path / "high.mkv", Repeat(), encoder=encoder("h265", pixel_format="yuv444p10le"))
    info = probe(tmp_path / "high.mkv")
    assert (info.codec, info.pixel_format) == ("hevc", "yuv444p10le")


@pytest.mark.parametrize(
    "colour",
    [Colour("bt709", "bt2020", "arib-std-b67", "limited"), Colour("bt470bg", "bt470bg", "bt709", "full")],
    ids=str,
)
def test_colours_are_stored_as_the_original_stored_them(tmp_path, colour):
    low = shrunk(tmp_path, clip(3, 32, 32), Repeat(), encoder=encoder("h264"), colour=colour)
    expand(low, tmp_path / "high.mkv", Repeat())
    assert probe(tmp_path / "high.mkv").colour == colour


def test_colours_that_the_small_file_does_not_store_are_on_record(tmp_path):
    low = shrunk(tmp_path, clip(3, 32, 32), Repeat(), encoder=LOSSLESS_RGB)
    fields = json.loads(probe(low).metadata["stvsr"])
    fields["source"]["colour"] = asdict(Colour("bt2020nc", "bt2020", "smpte2084", "full"))
    tagged = write(tmp_path / "tagged.mkv", read(low)[0], metadata={"stvsr": json.dumps(fields)})
    expand(tagged, tmp_path / "high.mkv", Repeat())
    assert probe(tmp_path / "high.mkv").colour == Colour("bt2020nc", "bt2020", "smpte2084", "full")


def test_colours_that_nobody_knows_are_stored_as_usual(tmp_path):
    low = shrunk(tmp_path, clip(3, 32, 32), Repeat(), encoder=LOSSLESS_RGB)
    fields = json.loads(probe(low).metadata["stvsr"])
    for forged in (asdict(Colour("x", "y", "z", "w")), {"space": ["bt709"]}, "bt709", [1]):
        fields["source"]["colour"] = forged
        tagged = write(tmp_path / "tagged.mkv", read(low)[0], metadata={"stvsr": json.dumps(fields)})
        expand(tagged, tmp_path / "high.mkv", Repeat())
        assert probe(tmp_path / "high.mkv").colour == BT601


def test_an_expanded_video_is_no_small_video_any_more(tmp_path):
    low = shrunk(tmp_path, clip(3, 16, 16), Repeat())
    expand(low, tmp_path / "high.mkv", Repeat())
    assert "stvsr" not in probe(tmp_path / "high.mkv").metadata
    with pytest.raises(StvsrError, match="only what 'stvsr shrink' made"):
        expand(tmp_path / "high.mkv", tmp_path / "more.mkv", Repeat())


def test_a_video_shrunk_twice_comes_back_in_two_steps(tmp_path):
    frames = clip(7, 37, 31)
    low = shrunk(tmp_path, frames, Repeat())
    lower = shrink(low, tmp_path / "lower.mkv", Repeat(2, 2)).path
    again = expand(lower, tmp_path / "again.mkv", Repeat(2, 2), encoder=LOSSLESS_RGB).path
    assert read(again)[0].shape == read(low)[0].shape


def test_a_small_video_of_another_size_is_refused(tmp_path):
    low = shrunk(tmp_path, clip(3, 37, 31), Repeat())
    text = probe(low).metadata["stvsr"]
    wrong = write(tmp_path / "wrong.mkv", clip(2, 12, 8), metadata={"stvsr": text})
    with pytest.raises(StvsrError, match="is 8x12, but was 8x10"):
        expand(wrong, tmp_path / "high.mkv", Repeat())
    assert not (tmp_path / "high.mkv").exists()


@pytest.mark.parametrize("count", [3, 6])
def test_a_small_video_with_other_frames_is_refused_before_any_work(tmp_path, count):
    class Idle(Repeat):
        def upsample(self, low):
            raise AssertionError("worked for nothing")

    low = shrunk(tmp_path, clip(9, 37, 31), Repeat())
    text = probe(low).metadata["stvsr"]
    cut = write(tmp_path / "cut.mkv", clip(count, 10, 8), metadata={"stvsr": text})
    names = sorted(tmp_path.iterdir())
    with pytest.raises(StvsrError, match=rf"cut\.mkv holds {count} frames, but held 5 when it was shrunk; use"):
        expand(cut, tmp_path / "high.mkv", Idle())
    assert sorted(tmp_path.iterdir()) == names


def test_a_small_video_that_was_converted_to_420_brings_a_notice(tmp_path):
    class Listener(Progress):
        lines: list[str] = []  # noqa: RUF012

        def notice(self, line):
            self.lines.append(line)

    low = shrunk(tmp_path, clip(3, 64, 64), Repeat())
    text = probe(low).metadata["stvsr"]
    lossy = write(tmp_path / "lossy.mkv", clip(2, 16, 16), metadata={"stvsr": text}, encoder=encoder("h264"))
    expand(lossy, tmp_path / "high.mkv", Repeat(), progress=Listener())
    assert "was converted to yuv420p since" in Listener.lines[0]


@pytest.mark.parametrize(
    "forged",
    [
        {"frames": 10**9},
        {"frames": True, "weights": 5},
        {"times": {"start": "0", "step": "0"}},
        {"times": {"start": "0", "step": "-1"}},
        {"times": {"start": "0", "step": "1/" + "1" + 23 * "0"}},
        {"times": {"start": 5, "step": None}},
        {"times": {"start": "1e30", "step": "1"}},
        {"times": {"start": "1" + 30 * "0", "step": "1"}},
        {"times": {"start": "1e999999999", "step": "1"}},
        {"times": {"start": "0", "unit": "-1", "deltas": 3}},
        {"rate": "1/1000000000000"},
        {"rate": "100000000000000/3"},
        {"rate": 1e300},
        {"sample_aspect": "1/1000000000000"},
        {"model": "x\n"},
        {"times": {"start": "0", "step": "1", "last": "-1"}},
    ],
    ids=str,
)
def test_a_forged_record_is_one_line_with_the_files_name_and_leaves_nothing_behind(tmp_path, forged):
    fields = json.loads(probe(shrunk(tmp_path, clip(3, 16, 16), Repeat())).metadata["stvsr"]) | forged
    path = write(tmp_path / "forged.mkv", clip(2, 4, 4), metadata={"stvsr": json.dumps(fields)})
    names = sorted(tmp_path.iterdir())
    with pytest.raises(StvsrError, match=r"forged\.mkv") as raised:
        expand(path, tmp_path / "high.mkv", Repeat())
    assert "\n" not in str(raised.value)
    assert sorted(tmp_path.iterdir()) == names


def test_a_model_of_another_scale_is_refused(tmp_path):
    low = shrunk(tmp_path, clip(3, 37, 31), Repeat())
    with pytest.raises(StvsrError, match="was shrunk by 2t4s, model repeat-1t4s is for 1t4s"):
        expand(low, tmp_path / "high.mkv", Repeat(1, 4))


def test_a_damaged_record_is_one_line_with_the_files_name(tmp_path):
    broken = write(tmp_path / "broken.mkv", clip(2, 16, 16), metadata={"stvsr": json.dumps({"version": 1})})
    with pytest.raises(StvsrError, match=r"broken\.mkv: its STVSR metadata is damaged"):
        find_record(probe(broken))
