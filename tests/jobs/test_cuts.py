import json
from fractions import Fraction

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.video.encoders import encoder
from stvsr.video.info import probe
from tests.helpers.clips import read, write
from tests.helpers.fakes import Blur, clip, codes, tensor
from tests.helpers.jobs import expand, restore, shrink

EXACT = encoder("ffv1")
RATE = Fraction(25)
CUTS = [7, 12]


@pytest.fixture(scope="module")
def scenes():
    """Three shots of 7, 5 and 9 frames: noise on three grounds."""
    frames = clip(21, 27, 31) // 4
    frames[7:12] += 90
    frames[12:] += 180
    return frames


def shots(frames):
    return np.split(frames, CUTS)


@pytest.fixture(scope="module")
def source(scenes, tmp_path_factory):
    return write(tmp_path_factory.mktemp("scenes") / "in.mkv", scenes, [i / RATE for i in range(21)], rate=RATE)


@pytest.mark.parametrize("budget", [None, 1])
@pytest.mark.parametrize("time", [1, 2, 3])
def test_every_shot_is_restored_as_a_clip_of_its_own(tmp_path, scenes, source, time, budget):
    model = Blur(time, 2, reach=(2, 1))
    outcome = restore(source, tmp_path / "o.mkv", model, encoder=EXACT, memory=budget)
    high, times = read(outcome.path)
    alone = [codes(model.upsample(tensor(shot))) for shot in shots(scenes)]
    np.testing.assert_array_equal(high, np.concatenate(alone))
    assert times == [i / (time * RATE) for i in range(21 * time)]


def test_without_cuts_it_is_one_clip(tmp_path, scenes, source):
    model = Blur(2, 2, reach=(2, 1))
    outcome = restore(source, tmp_path / "o.mkv", model, encoder=EXACT, cuts=None)
    np.testing.assert_array_equal(read(outcome.path)[0], codes(model.upsample(tensor(scenes))))
    assert not np.array_equal(read(outcome.path)[0][:14], codes(model.upsample(tensor(scenes[:7]))))


@pytest.mark.parametrize("time", [1, 2, 3, 4])
def test_shots_of_any_length_are_shrunk_alone_and_come_back_with_every_frame_and_time(tmp_path, scenes, source, time):
    model = Blur(time, 2, reach=(2, 1), down=2)
    small = shrink(source, tmp_path / "low.mkv", model).path
    low, low_times = read(small)
    alone = [codes(model.downsample(tensor(shot))) for shot in shots(scenes)]
    np.testing.assert_array_equal(low, np.concatenate(alone))
    starts = [i for first, end in ((0, 7), (7, 12), (12, 21)) for i in range(first, end, time)]
    assert low_times == [i / RATE for i in starts]
    large = expand(small, tmp_path / "high.mkv", model, encoder=EXACT).path
    high, times = read(large)
    restored = [
        codes(model.upsample(tensor(small)))[: len(shot), :27, :31]
        for small, shot in zip(alone, shots(scenes), strict=True)
    ]
    np.testing.assert_array_equal(high, np.concatenate(restored))
    assert times == [i / RATE for i in range(21)]


def test_the_record_tells_the_cuts(tmp_path, source):
    small = shrink(source, tmp_path / "low.mkv", Blur()).path
    assert json.loads(probe(small).metadata["stvsr"])["cuts"] == CUTS
    whole = shrink(source, tmp_path / "whole.mkv", Blur(), cuts=None).path
    assert json.loads(probe(whole).metadata["stvsr"])["cuts"] == []


@pytest.mark.parametrize("cuts", [[0], [21], [5, 5], [9, 4], ["7"], [True], 7, [7.5]], ids=str)
def test_damaged_cuts_are_refused_in_one_line(tmp_path, scenes, source, cuts):
    small = shrink(source, tmp_path / "low.mkv", Blur()).path
    fields = json.loads(probe(small).metadata["stvsr"]) | {"cuts": cuts}
    damaged = write(tmp_path / "damaged.mkv", read(small)[0], metadata={"stvsr": json.dumps(fields)})
    with pytest.raises(StvsrError, match="metadata is damaged") as raised:
        expand(damaged, tmp_path / "high.mkv", Blur())
    assert "\n" not in str(raised.value)


def test_an_impossible_threshold_is_refused(tmp_path, source):
    with pytest.raises(StvsrError, match="`cuts` 0"):
        restore(source, tmp_path / "o.mkv", Blur(), cuts=0)
    assert list(tmp_path.iterdir()) == []
