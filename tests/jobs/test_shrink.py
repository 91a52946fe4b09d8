from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.jobs.records import ShrinkRecord
from stvsr.video.encoders import LOSSLESS_RGB
from stvsr.video.info import probe
from tests.helpers.clips import RATE, audio_packets, read, write, write_with_audio
from tests.helpers.fakes import Blur, Repeat, clip, codes, tensor
from tests.helpers.jobs import expand, shrink


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("count", [1, 4, 5])
def test_the_small_video_holds_exactly_what_the_model_made(tmp_path, suffix, count):
    frames, model = clip(count, 37, 31), Blur()
    source = write(tmp_path / f"in{suffix}", frames)
    outcome = shrink(source, tmp_path / f"out{suffix}", model)
    low, times = read(outcome.path)
    np.testing.assert_array_equal(low, codes(model.downsample(tensor(frames))))
    assert times == [2 * i / RATE for i in range(len(low))]
    assert (outcome.frames, outcome.width, outcome.height) == (len(low), 8, 10)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"in{suffix}", f"out{suffix}"]


def test_the_record_tells_all_about_the_original(tmp_path):
    times = [Fraction(t, 600) for t in (0, 40, 95, 130, 500)]
    options = {"time_base": Fraction(1, 600), "sample_aspect": Fraction(16, 15)}
    source = write(tmp_path / "in.mp4", clip(5, 37, 31), times, **options)
    low = shrink(source, tmp_path / "out.mp4", Repeat(), weights="ab" * 32).path
    record = ShrinkRecord.find(probe(low).metadata)
    assert (record.frames, record.width, record.height) == (5, 31, 37)
    assert record.frame_times() == times
    assert (record.model, record.weights, record.scale) == ("repeat-2t4s", "ab" * 32, "2t4s")
    assert record.sample_aspect == Fraction(16, 15)
    assert record.rate == probe(source).rate
    assert record.source["codec"] == "h264"
    assert read(low)[1] == times[::2]


def test_sound_its_language_and_the_title_come_along(tmp_path):
    source = write_with_audio(tmp_path / "in.mkv")
    shrink(source, tmp_path / "out.mkv", Repeat())
    assert audio_packets(tmp_path / "out.mkv") == audio_packets(source)
    sound = next(s for s in probe(tmp_path / "out.mkv").streams if s.kind == "audio")
    assert (sound.codec, sound.language) == ("aac", "fra")


def with_alpha(path, lowest):
    """Write frames whose channel of transparency is opaque but for one pixel of the last one."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25, pix_fmt="bgra")
        stream.width, stream.height = 31, 37
        for index, rgb in enumerate(clip(3, 37, 31)):
            rgba = np.dstack([rgb, np.full((37, 31), 255, np.uint8)])
            rgba[36, 0, 3] = lowest if index == 2 else 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format="bgra")))
        container.mux(stream.encode(None))
    return path


def test_a_video_with_transparency_is_refused(tmp_path):
    source = with_alpha(tmp_path / "in.mkv", 254)
    with pytest.raises(StvsrError, match=r"in\.mkv is partly transparent in frame 3.*flatten it"):
        shrink(source, tmp_path / "out.mkv", Repeat())
    assert list(tmp_path.iterdir()) == [source]


def test_transparency_beside_the_pictures_is_refused(tmp_path):
    path = Path(__file__).resolve().parents[2].parent / "shared/data/torture/moviepy__transparent.webm"
    if not path.is_file():
        pytest.skip("needs the folder of awkward files")
    with pytest.raises(StvsrError, match="is partly transparent"):
        shrink(path, tmp_path / "out.mkv", Repeat())
    assert list(tmp_path.iterdir()) == []


def test_an_unused_channel_of_transparency_does_no_harm(tmp_path):
    outcome = shrink(with_alpha(tmp_path / "in.mkv", 255), tmp_path / "out.mkv", Repeat())
    np.testing.assert_array_equal(read(outcome.path)[0], clip(3, 37, 31)[::2, ::4, ::4])


def test_an_opaque_gif_comes_back(tmp_path):
    import av

    with av.open(str(tmp_path / "in.gif"), "w") as container:
        stream = container.add_stream("gif", rate=25, pix_fmt="rgb8")
        stream.width, stream.height = 31, 37
        for rgb in clip(3, 37, 31):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="rgb8")))
        container.mux(stream.encode(None))
    low = shrink(tmp_path / "in.gif", tmp_path / "low.mkv", Repeat()).path
    high = expand(low, tmp_path / "high.mkv", Repeat(), encoder=LOSSLESS_RGB).path
    assert read(high)[0].shape == (3, 37, 31, 3)
    assert read(high)[1] == read(tmp_path / "in.gif")[1]


def test_a_ten_bit_video_is_shrunk_with_a_notice(tmp_path):
    from stvsr.video.encoders import encoder

    class Listener(Progress):
        lines: list[str] = []  # noqa: RUF012
        done: list[int] = []  # noqa: RUF012

        def notice(self, line):
            self.lines.append(line)

        def step(self, done):
            self.done.append(done)

    deep = encoder("h264", pixel_format="yuv444p10le")
    source = write(tmp_path / "in.mkv", clip(5, 16, 16), encoder=deep)
    shrink(source, tmp_path / "out.mkv", Repeat(), progress=Listener())
    assert [line.partition(" is ")[2] for line in Listener.lines] == ["10-bit video: 8 bits of every colour are kept"]
    assert Listener.done == [2, 4, 5]


@pytest.mark.parametrize("name", ["in.mkv", "link.mkv", "out.avi", "missing/out.mkv", "folder.mkv", "out.webm"])
def test_an_output_that_cannot_be_is_refused_in_one_line_and_nothing_is_touched(tmp_path, name):
    source = write(tmp_path / "in.mkv", clip(2, 16, 16))
    (tmp_path / "link.mkv").symlink_to(source)
    (tmp_path / "folder.mkv").mkdir()
    before, names = source.read_bytes(), sorted(tmp_path.iterdir())
    with pytest.raises(StvsrError) as raised:
        shrink(source, tmp_path / name, Repeat())
    assert "\n" not in str(raised.value)
    assert source.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == names


@pytest.mark.parametrize("error", [StvsrError("no space left"), KeyboardInterrupt()], ids=["disk full", "ctrl-c"])
def test_a_failure_half_way_leaves_nothing_behind(tmp_path, error):
    class Failing(Repeat):
        calls = 0

        def downsample(self, clip):
            self.calls += 1
            if self.calls == 3:
                raise error
            return super().downsample(clip)

    source = write(tmp_path / "in.mkv", clip(9, 16, 16))
    with pytest.raises(type(error)):
        shrink(source, tmp_path / "out.mkv", Failing(), memory=1)
    assert list(tmp_path.iterdir()) == [source]


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(tmp_path):
    import resource
    import signal

    source = write(tmp_path / "in.mkv", clip(60, 64, 64))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StvsrError, match=r"out\.mkv cannot be written \(File too large\)"):
            shrink(source, tmp_path / "out.mkv", Repeat(1, 1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert list(tmp_path.iterdir()) == [source]


def test_a_truncated_video_is_one_line_and_leaves_nothing_behind(tmp_path):
    source = write(tmp_path / "in.mkv", clip(9, 64, 64))
    source.write_bytes(source.read_bytes()[:60_000])
    with pytest.raises(StvsrError, match=r"in\.mkv is (damaged|cut short)") as raised:
        shrink(source, tmp_path / "out.mkv", Repeat())
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == [source]
