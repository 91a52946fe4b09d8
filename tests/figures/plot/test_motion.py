import pytest

from stvsr.errors import StvsrError
from stvsr.evaluation.documents import EdgeStudy
from stvsr.figures.plot.motion import motion
from stvsr.figures.plot.style import write

ENVIRONMENT = {"date": "2026-01-01", "cpu": "a CPU", "threads": 1, "stvsr": "0", "torch": "2", "python": "3"}


@pytest.fixture
def document():
    rows = [
        {
            "label": name,
            "kind": kind,
            "rms": off,
            "largest": off,
            "smear": 1.4,
            "places": [4 + 10 * i + off for i in range(7)],
        }
        for name, kind, off in (("repeat", "baseline", 3.0), ("blend", "baseline", 2.0), ("ours", "model", 0.1))
    ]
    edge = {"speed": 12.0, "start": 4.0}
    values = {
        "version": 1,
        "study": {"name": "motion", "title": "t", "text": "t", "edge": edge, "ratio": "6/5"},
        "measurements": rows,
        "command": "python -m studies.motion_edge edge.json",
        "environment": ENVIRONMENT,
    }
    return EdgeStudy.from_dict(values)


def test_every_method_has_a_panel_and_the_most_even_one_the_accent(document, tmp_path):
    drawn = []

    def draw():
        drawn.append(motion(document))
        return drawn[0]

    (file,) = write(tmp_path / "motion.svg", draw)
    text = file.read_text()
    assert len(drawn[0].axes) == 4
    assert all(row.label in text and f"{row.rms:.2f} px rms" in text for row in document.rows)


def test_other_documents_are_refused(study):
    with pytest.raises(StvsrError, match=r"make one with 'python -m studies\.motion_edge'"):
        motion(study())
