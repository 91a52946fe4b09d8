from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from stvsr.errors import StvsrError
from stvsr.evaluation.clips import find_clips
from stvsr.evaluation.datasets import VID4
from stvsr.evaluation.evaluation import Evaluation, published_rows
from stvsr.evaluation.excerpt import excerpt
from stvsr.evaluation.methods.external import stored_results
from stvsr.evaluation.methods.interpolation import baseline
from stvsr.evaluation.protocols import STAA_2T4S
from stvsr.evaluation.rows import clip_info, protocol_info, results_of
from stvsr.physics.scale import Scale


@pytest.fixture
def clip(tmp_path):
    (tmp_path / "walk").mkdir()
    y, x = np.mgrid[:24, :31]
    for i in range(9):
        Image.fromarray(np.stack([0 * x + i, y, x], axis=-1).astype(np.uint8)).save(tmp_path / "walk" / f"{i}.png")
    return find_clips(tmp_path / "walk")[0]


def numbers(clip):
    return [int(frame[0, 0, 0]) for frame in clip.frames()]


@pytest.mark.parametrize(
    ("start", "limit", "frames"),
    [
        (None, 3, [0, 1, 2]), ("7", 3, [7, 8]),
        ("middle", 3, [3, 4, 5]), ("middle", 4, [2, 3, 4, 5]), ("middle", 99, [*range(9)]),
    ],
)  # fmt: skip
def test_frames_are_counted_from_the_start_that_was_asked_for(clip, start, limit, frames):
    assert numbers(excerpt(start, None).of(replace(clip, limit=limit))) == frames


def test_a_crop_is_the_middle_of_every_frame(clip):
    for frame in excerpt(None, "16x12").of(clip).frames():
        assert frame.shape == (12, 16, 3)
        assert (frame[0, 0, 1], frame[0, 0, 2]) == (6, 7)


def test_a_table_is_headed_by_what_was_used():
    assert excerpt("middle", "16x12").title("val") == "val (from the middle of each clip, 16x12 in the middle)"
    assert excerpt("3", None).title("val") == "val (from frame 3)"
    assert excerpt("0", None).title("val") == "val"


@pytest.mark.parametrize(
    ("start", "crop", "told"),
    [
        ("-1", None, "number of the first frame"), ("end", None, "or middle"), (None, "16", "such as 384x240"),
        (None, "16x", "WIDTHxHEIGHT"), (None, "0x5", "WIDTHxHEIGHT"), ("9", None, "walk has only 9 frames"),
        (None, "32x8", "walk: its frames are 31x24, less than --crop 32x8"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_is_one_line(clip, start, crop, told):
    with pytest.raises(StvsrError, match=told):
        list(excerpt(start, crop).of(clip).frames())


def test_a_document_says_what_was_cut_and_takes_no_other_part_of_the_same_clip_beside_it(clip):
    part = excerpt("middle", "16x12").of(replace(clip, limit=3))
    results = Evaluation([baseline(Scale.of(2, 4))], [part], STAA_2T4S, ssim=False).scores()
    document = results_of(results, STAA_2T4S, [part])
    (known,) = document.data.clips
    assert (known.start, known.crop, known.size) == (3, (16, 12), (3, 12, 16))
    assert {"start", "crop"} & set(clip_info(clip).to_dict()) == set()
    document.check_same(protocol_info(STAA_2T4S), [clip_info(part)])
    for other in (clip, replace(part, start=2), replace(part, size=(12, 12))):
        with pytest.raises(StvsrError, match="other data"):
            document.check_same(protocol_info(STAA_2T4S), [clip_info(other)])


def test_stored_results_of_the_whole_clip_are_cut_alike(clip, tmp_path):
    stored = stored_results(str(tmp_path / "walk"), Scale.of(2, 4))
    part = excerpt("2", "16x12").of(clip)
    (result,) = Evaluation([stored], [part], STAA_2T4S, ssim=False).scores()
    assert result.mean().identical == 1


def test_no_published_figures_stand_beside_a_part_of_the_data(clip):
    files = [replace(clip, name=name) for name in VID4]
    for clips, published in ((files, True), ([excerpt(None, "16x12").of(one) for one in files], False)):
        results = Evaluation([baseline(Scale.of(2, 4))], clips, STAA_2T4S, ssim=False).scores()
        for one, count in zip(results[0].clips, VID4.values(), strict=True):
            object.__setattr__(one, "size", (count, *one.size[1:]))
        assert bool(published_rows(results, clips, STAA_2T4S)) == published
