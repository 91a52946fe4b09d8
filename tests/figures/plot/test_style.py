import sys

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.figures.plot.style import check_figure, new_figure, spread, styled, write


@pytest.mark.parametrize("values", [[0, 0, 0], [3, 0, 1, 10], [5.5, 5.4, 5.6, 5.5, 9], [2], []])
def test_spread_names_do_not_touch_and_keep_their_order(values):
    places = spread(values, 2)
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.array(places)[order]) >= 2 - 1e-9).all()
    assert abs(sum(places) - sum(values)) < 1e-9  # nothing drifts away as a whole


def test_names_that_do_not_touch_stay_where_they_are():
    assert spread([0, 30, 10], 2) == [0, 30, 10]


def test_a_figure_is_written_as_what_its_name_asks_for(tmp_path):
    def draw():
        figure = new_figure(2, 1)
        figure.subplots().plot([0, 1])
        return figure

    first = write(tmp_path / "both", draw)
    assert [path.name for path in first] == ["both.svg", "both.png"]
    drawn = first[0].read_bytes()
    assert b"<svg" in drawn
    write(tmp_path / "both.svg", draw)
    assert first[0].read_bytes() == drawn  # the same figure is the same file
    with pytest.raises(StvsrError, match=r"\.svg or \.png"):
        check_figure(tmp_path / "x.pdf")


def test_a_missing_library_is_one_clear_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(StvsrError, match=r"pip install 'stvsr\[plot\]'"), styled():
        pass
