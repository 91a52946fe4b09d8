from fractions import Fraction

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video.encoders import LOSSLESS_RGB, encoder
from stvsr.video.roundtrip import RoundTrip
from stvsr.video.writer import VideoWriter

RATE = Fraction(25)


@pytest.mark.parametrize("chosen", [LOSSLESS_RGB, encoder("ffv1")], ids=lambda chosen: chosen.codec)
def test_a_lossless_codec_gives_every_bit_back_in_order(pictures, chosen):
    frames = pictures(7, 37, 31)
    trip = RoundTrip(chosen, RATE)
    np.testing.assert_array_equal(list(trip(frames)), frames)
    assert trip.frames == 7
    assert trip.bits > 0


@pytest.mark.parametrize("name", ["h264", "h265", "av1", "vp9"])
def test_all_frames_come_back_near_what_they_were_and_worse_quality_is_fewer_bits(pictures, name):
    frames = list(pictures(9, 64, 64))
    bits = []
    for quality in (5, 45):
        trip = RoundTrip(encoder(name, quality), RATE)
        back = list(trip(frames))
        assert len(back) == trip.frames == 9
        bits.append(trip.bits)
        if quality == 5:
            errors = [[np.abs(a.astype(int) - b).mean() for b in back] for a in frames]
            assert [int(np.argmin(row)) for row in errors] == list(range(9))
    assert bits[1] < 0.8 * bits[0]


@pytest.mark.parametrize("name", ["h264", "h265", "av1"])
def test_a_file_is_a_little_larger_than_the_bits_that_count(tmp_path, pictures, name):
    frames, chosen = list(pictures(9, 64, 64)), encoder(name, 30)
    trip = RoundTrip(chosen, RATE)
    assert len(list(trip(frames))) == 9
    with VideoWriter(tmp_path / "out.mkv", 64, 64, RATE, encoder=chosen) as writer:
        for index, rgb in enumerate(frames):
            writer.write(rgb, index / RATE)
    extra = 8 * (tmp_path / "out.mkv").stat().st_size - trip.bits
    assert 0 < extra < 8 * 4000


def test_narrow_frames_do_not_break_x265(pictures):
    """With its usual look-ahead, this corrupts memory within a few repetitions."""
    frames = list(pictures(5, 48, 48))
    for _ in range(20):
        assert len(list(RoundTrip(encoder("h265", 32), RATE)(frames))) == 5


def test_nothing_in_is_nothing_out_and_a_bad_size_is_one_line(pictures):
    assert list(RoundTrip(encoder("h264", 20), RATE)([])) == []
    with pytest.raises(StvsrError, match="cannot hold 16x16"):
        list(RoundTrip(encoder("h265", 20), RATE)(pictures(2, 16, 16)))
