from dataclasses import replace

import pytest

from stvsr.errors import StvsrError
from stvsr.evaluation.documents import PaperResults
from stvsr.evaluation.results import Data
from stvsr.figures.plot.measured import cost, frames, kept, share_kept
from stvsr.figures.plot.style import ACCENT, styled


@pytest.fixture(autouse=True)
def _style():
    with styled():
        yield


def _words(panel):
    return [text.get_text().strip() for text in panel.texts]


def test_frames_that_were_kept_exactly_are_left_out(document):
    (panel,) = frames(document()).axes
    curves = [line.get_xydata().tolist() for line in panel.lines]
    assert curves == [[[1, 20], [3, 22]], [[0, 24], [1, 26], [2, 25], [3, 25]]]
    assert _words(panel) == ["bicubic", "ours"]
    assert panel.lines[1].get_color() == ACCENT != panel.lines[0].get_color()
    with pytest.raises(StvsrError, match="no clip 'two' in these results: there are one"):
        frames(document(), "two")


def test_cost_shows_time_and_parameters_and_marks_what_was_published(document):
    panel, _ = cost([document(), document("2t1s")]).axes
    points = [tuple(dots.get_offsets()[0]) for dots in panel.collections]
    assert points == [(0.01, 21), (1.0, 25)]
    assert _words(panel) == ["bicubic", "ours, 0.50 M", "STAA, published", "other, published"]
    untimed = replace(document(), rows=document().rows[:2])
    with pytest.raises(StvsrError, match="nothing was timed"):
        cost([untimed])


def test_kept_joins_the_best_of_each_kind_over_the_share_of_pixels(document):
    (panel,) = kept([document("2t1s"), document("2t4s")]).axes
    lines = dict(zip(_words(panel), (line.get_xydata().tolist() for line in panel.lines), strict=True))
    assert lines == {
        "best interpolation": [[3.125, 21], [50, 21]],
        "STAA, published": [[3.125, 27], [50, 27]],
        "best trained model": [[3.125, 25], [50, 25]],
    }
    with pytest.raises(StvsrError, match="different data"):
        kept([document(), document(data="other")])


@pytest.mark.parametrize(
    ("scale", "share"), [("2t4s", 1 / 32), ("1t2s", 1 / 4), ("6over5t1s", 5 / 6), ("3t2x4s", 1 / 24)]
)
def test_the_share_of_pixels_follows_from_the_scale(document, scale, share):
    assert share_kept(document(scale)) == pytest.approx(share)


def test_a_study_is_no_measurement(study, document):
    for draw in (frames, lambda one: cost([one]), lambda one: kept([one])):
        with pytest.raises(StvsrError, match="is a study"):
            draw(study())
    with pytest.raises(StvsrError, match="no scale 'much'"):
        share_kept(document("much"))


def test_a_table_of_several_measurements_is_drawn_where_it_has_data(document):
    absent = replace(document("1t2s"), data=Data("absent"), missing="fetch it")
    table = PaperResults("t", "there", "t", "t", (document("2t1s"), document("2t4s"), absent), document().provenance)
    assert len(kept([table]).axes[0].lines[0].get_xdata()) == 2
    assert len(cost([table]).axes) == 2
    with pytest.raises(StvsrError, match="several measurements"):
        frames(table)
    with pytest.raises(StvsrError, match="nothing was measured"):
        kept([replace(table, measurements=(absent,))])


def test_what_others_did_not_publish_is_not_drawn(document):
    first, other, *rows = document().rows
    partial = replace(document(), rows=(first, replace(other, mean={"all": {"ssim_rgb": 0.9}}), *rows))
    panel, *_ = cost([partial]).axes
    assert "other, published" not in _words(panel)
