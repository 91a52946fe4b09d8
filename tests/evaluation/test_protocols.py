import pytest

from stvsr.errors import StvsrError
from stvsr.evaluation.metrics.psnr_ssim import Score
from stvsr.evaluation.protocols import (
    DAVSR_5T4S,
    PROTOCOLS,
    RATE_20_TO_24,
    STAA_2T1S,
    STAA_2T4S,
    Protocol,
    degraded_protocol,
    protocol_for,
)
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale


@pytest.mark.parametrize(("total", "frames"), [(1, []), (2, []), (3, [1]), (6, [1, 3]), (7, [1, 3, 5])])
def test_synthesised_frames_lie_between_two_kept_ones(total, frames):
    assert STAA_2T1S.counted(total) == frames


def test_any_factor_keeps_its_own_frames():
    assert protocol_for(Scale.of(3)).counted(8) == [1, 2, 4, 5]
    assert protocol_for(Scale.of(1, 2)).counted(3, "synthesised") == []


def test_skipped_frames_do_not_count():
    assert Protocol("p", "p", Scale.of(5), skip=2).counted(7) == [2, 3, 4]


def test_scales_of_the_paper_find_its_protocols():
    assert protocol_for(Scale.of(2, 1)) is STAA_2T1S
    assert protocol_for(Scale.of(2, 4)) is STAA_2T4S
    assert {"staa-2t1s", "staa-2t4s"} <= set(PROTOCOLS)
    other = protocol_for(Scale.of(1, 2))
    assert (other.name, other.title, other.frames) == ("stvsr-1t2s", "2x in space", "all")
    with pytest.raises(StvsrError, match="6/5"):
        protocol_for(Scale.of("6/5"))


def test_of_a_change_of_the_rate_frames_that_are_given_do_not_count():
    assert RATE_20_TO_24.counted(RATE_20_TO_24.measured(62)) == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11]
    assert RATE_20_TO_24.counted(7, "all") == list(range(7))
    assert "frames that are not given" in RATE_20_TO_24.describe()


def test_given_and_synthesised_frames_make_up_a_clip_but_for_what_lies_after_the_last_given_one():
    assert STAA_2T1S.counted(6, "given") == [0, 2, 4]
    assert RATE_20_TO_24.counted(7, "given") == [0, 6]
    assert protocol_for(Scale.of(1, 2)).counted(3, "given") == []


def test_where_the_shutter_is_open_for_one_frame_alone_low_frames_are_given():
    sharp = degraded_protocol(Degradation(time=4, space=2, exposure=0.25))
    assert (sharp.counted(12, "given"), sharp.counted(12, "synthesised")) == ([4, 8], [2, 3, 5, 6, 7])
    for blurred in (Degradation(time=4, exposure=0.3), Degradation(time=2, exposure=0.5, shutter="trapezoid")):
        assert degraded_protocol(blurred).counted(12, "given") == []


def test_a_clip_mean_counts_only_the_frames_of_the_protocol():
    scores = [Score(float(i), i, i, i) for i in range(6)]
    assert STAA_2T1S.clip_mean(scores).psnr_rgb == 2.0
    assert STAA_2T1S.clip_mean(scores, "all").psnr_rgb == 2.5
    assert STAA_2T1S.clip_mean(scores[:1]) is None


def test_a_protocol_states_what_it_does():
    text = STAA_2T1S.describe()
    assert all(word in text for word in ("RGB", "8 bits", "Gaussian", "interpolation", "no pixels cropped"))


def test_the_degradation_of_the_paper_finds_its_protocol():
    assert degraded_protocol(Degradation(time=5, space=4, exposure=1.0, blur="bicubic")) is DAVSR_5T4S
    assert DAVSR_5T4S.counted(40) == list(range(2, 38))
    assert (DAVSR_5T4S.measured(34), DAVSR_5T4S.least) == (30, 5)
    assert protocol_for(Scale.of(5, 4)).degradation is None


def test_any_degradation_leaves_out_half_a_low_frame_at_each_end():
    protocol = degraded_protocol(Degradation(time=4, space=2, exposure=0.3, noise=2))
    assert (protocol.measured(11), protocol.least) == (8, 8)
    assert protocol.counted(8) == [2, 3, 4, 5]
    assert protocol.counted(8, "synthesised") == []
    assert degraded_protocol(Degradation(space=2)).counted(3) == [0, 1, 2]
    assert "4x time, 2x space, exposure 0.3, bicubic, noise 2" in protocol.describe()
    assert "whole multiples of 4 frames" in protocol.describe()


def test_of_a_kernels_file_only_the_name_is_told(tmp_path):
    protocol = degraded_protocol(Degradation(space=2, blur=str(tmp_path / "lens.npy")))
    assert "lens.npy" in protocol.title
    assert str(tmp_path) not in protocol.describe()
