from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video.coding import Coding
from stvsr.video.encoders import ENCODERS, encoder, suffixes_for
from stvsr.video.pieces import CodedReader, CodedWriter, PieceEncoder, is_whole
from stvsr.video.reader import VideoReader
from stvsr.video.writer import VideoWriter

RATE = Fraction(30000, 1001)
TICK = 1 / (RATE * 20)
STEADY = [20] * 23
UNEVEN = [20, 1, 20, 3, 1, 1, 200, 1, 2, 40, 20, 20, 1, 1, 300, 20, 5, 20, 20, 7, 90, 1, 50]
CUTS = [(0, 9), (9, 12), (12, 23)]


def pictures(count):
    y, x = np.mgrid[:40, :56][..., None]
    waves = [np.sin((x + 3 * i) / 7 + np.arange(3)) + np.sin((y - 2 * i) / 5) for i in range(count)]
    return [np.rint(127 + 60 * wave).astype(np.uint8) for wave in waves]


def stamps(gaps, start=0):
    return [TICK * (start + sum(gaps[:i])) for i in range(len(gaps))]


def piece(coding, images, times, end, first, last):
    made = PieceEncoder(coding, times[:first])
    stops = [*times[1:], end]
    frames = [made.write(images[i], times[i], stops[i] - times[i]) for i in range(first, last)]
    return made.header, [coded for several in [*frames, made.finish()] for coded in several]


def join(path, chosen, images, times, end, cuts, **options):
    with VideoWriter(path, 56, 40, RATE, encoder=chosen, time_base=TICK, **options) as writer:
        for first, last in cuts:
            writer.append(*piece(writer.coding, images, times, end, first, last))
    with VideoReader(path) as reader:
        return list(reader)


@pytest.mark.parametrize("gaps", [STEADY, UNEVEN], ids=["steady", "uneven"])
@pytest.mark.parametrize("name", ENCODERS)
def test_pieces_make_one_video_with_the_times_of_all_frames(tmp_path, name, gaps):
    chosen = encoder(name)
    images, times = pictures(len(gaps)), stamps(gaps)
    end = times[-1] + TICK * gaps[-1]
    path = tmp_path / ("o.mp4" if ".mp4" in suffixes_for(chosen) else "o.mkv")
    frames = join(path, chosen, images, times, end, CUTS)
    assert [frame.time for frame in frames] == times
    assert frames[-1].time + frames[-1].duration == end
    worst = max(np.abs(frame.rgb.astype(int) - image).mean() for frame, image in zip(frames, images, strict=True))
    assert worst == 0 if name in ("ffv1", "lossless-rgb") else worst < 8


def test_one_piece_is_what_the_writer_makes_of_the_frames_itself(tmp_path):
    images, times = pictures(len(STEADY)), stamps(STEADY)
    end = times[-1] + TICK * 20
    join(tmp_path / "a.mp4", None, images, times, end, [(0, 23)])
    with VideoWriter(tmp_path / "b.mp4", 56, 40, RATE, time_base=TICK) as writer:
        for image, time in zip(images, times, strict=True):
            writer.write(image, time)
    assert packets(tmp_path / "a.mp4") == packets(tmp_path / "b.mp4")


def packets(path):
    with av.open(str(path)) as file:
        return [(p.pts, p.dts, p.duration, p.is_keyframe, bytes(p)) for p in file.demux(video=0) if p.size]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_same_pieces_make_the_same_file_to_the_bit(tmp_path, suffix):
    images, times = pictures(len(STEADY)), stamps(STEADY)
    for name in "ab":
        join(tmp_path / f"{name}{suffix}", None, images, times, times[-1] + TICK, CUTS)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_a_piece_does_not_depend_on_where_it_lies():
    images, gaps = pictures(len(STEADY)), STEADY
    coding = Coding.of(None, 56, 40, RATE, TICK)
    here = piece(coding, images, stamps(gaps), 23 * 20 * TICK, 9, 23)[1]
    there = piece(coding, images, stamps(gaps, 7777), (7777 + 23 * 20) * TICK, 9, 23)[1]
    assert [frame.data for frame in here] == [frame.data for frame in there]
    assert all(earlier.decoded < later.decoded <= later.shown for earlier, later in pairwise(here))


def test_a_video_that_begins_before_zero_is_moved_there(tmp_path):
    images, times = pictures(len(STEADY)), stamps(STEADY, -50)
    frames = join(tmp_path / "o.mp4", encoder("ffv1"), images, times, times[-1] + 20 * TICK, CUTS)
    assert [frame.time for frame in frames] == [time - times[0] for time in times]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", ["h264", "h265", "av1"])
def test_very_short_videos_are_complete(tmp_path, name, count):
    images, times = pictures(count), stamps(STEADY)[:count]
    frames = join(tmp_path / "o.mp4", encoder(name), images, times, times[-1] + 20 * TICK, [(0, count)])
    assert [frame.time for frame in frames] == times


def test_a_piece_of_another_encoder_is_refused(tmp_path):
    images, times = pictures(3), stamps(STEADY)[:3]
    other = piece(Coding.of(encoder("ffv1"), 56, 40, RATE, TICK), images, times, times[-1] + TICK, 0, 3)
    with (
        pytest.raises(StvsrError, match="another version"),
        VideoWriter(tmp_path / "o.mkv", 56, 40, RATE, time_base=TICK) as writer,
    ):
        writer.append(*other)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def stored(tmp_path):
    header, frames = piece(Coding.of(None, 56, 40, RATE, TICK), pictures(9), stamps(STEADY), TICK * 180, 0, 9)
    path = tmp_path / "piece"
    with CodedWriter(path, header) as writer:
        for frame in frames:
            writer.add(frame)
        writer.finish()
    return path, header, frames


def test_a_stored_piece_comes_back(stored):
    path, header, frames = stored
    assert is_whole(path)
    with CodedReader(path) as reader:
        assert reader.header == header
        assert list(reader) == frames


def test_a_stored_piece_that_is_not_whole_is_known_at_every_length(stored, tmp_path):
    data = stored[0].read_bytes()
    short = tmp_path / "short"
    for length in [*range(0, len(data), 97), len(data) - 1]:
        short.write_bytes(data[:length])
        assert not is_whole(short)


def test_a_stored_piece_with_one_bit_wrong_is_known(stored, tmp_path):
    data, wrong = stored[0].read_bytes(), tmp_path / "wrong"
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(data), 50):
        wrong.write_bytes(data[:place] + bytes([data[place] ^ 1 << rng.integers(8)]) + data[place + 1 :])
        assert not is_whole(wrong)
