import pytest

from stvsr.errors import StvsrError
from stvsr.figures.plot.iterations import iterations, read_iterations
from stvsr.figures.plot.style import styled


def test_counts_and_stages_are_told_apart(study):
    counts, shown, stages = read_iterations(study())
    assert counts == {1: 22.0, 2: 23.0}
    assert (shown, stages) == (2, {"X0": 20.0, "Z1": 21.0, "X1": 22.5})


def test_stages_are_drawn_in_the_order_of_the_work(study):
    rows = {"K = 1": 22.5, "K = 1: X1": 22.5, "K = 1: Z1": 21.0, "K = 1: X0": 20.0}
    with styled():
        _, right = iterations(study(rows)).axes
    assert list(right.lines[0].get_ydata()) == [20.0, 21.0, 22.5]


@pytest.mark.parametrize("rows", [{"K = 1": 22.0}, {"K = 1: X0": 20.0}, {"whole": 20.0}])
def test_what_is_no_study_of_iterations_is_refused(study, document, rows):
    with pytest.raises(StvsrError, match="incomplete"):
        read_iterations(study(rows))
    with pytest.raises(StvsrError, match="not a study of iterations"):
        read_iterations(document())
