import json
import math
from dataclasses import replace

import numpy as np
import pytest

from studies import motion_edge as motion
from studies.motion_edge import Edge, find_edge
from studies.page import markdown
from stvsr.evaluation.choice import Choice, choose_for
from stvsr.evaluation.methods.motion import RateChange
from stvsr.evaluation.protocols import RATE_20_TO_24

EDGE = Edge(frames=6)


class Baselines(Choice):
    """Two methods of which the truth is known."""

    def baselines(self):
        return [RateChange((6, 5), how) for how in ("nearest frame", "linear blend")]


@pytest.mark.parametrize("instant", [0, 0.31, 0.5, 5, 7.77])
def test_an_edge_is_found_where_it_is_drawn(instant):
    place, smear = find_edge(EDGE.frame(instant))
    assert abs(place - EDGE.place(instant)) < 0.05
    assert 1.2 < smear < 1.7


def test_of_a_double_exposure_the_stronger_edge_counts():
    first, second = (EDGE.frame(i).astype(float) for i in (0, 1))
    for share, near in ((0.3, 0), (0.7, 1)):
        place, smear = find_edge((1 - share) * first + share * second)
        assert abs(place - EDGE.place(near)) < 0.6 * EDGE.speed / 4
        assert smear > EDGE.speed - 1
    assert math.isnan(find_edge(np.zeros((8, 8, 3)))[0])


def test_repeated_frames_are_off_by_their_distance_and_the_text_says_what_was_done():
    document = motion.study(Baselines([], RATE_20_TO_24), EDGE, "command")
    nearest, blend = document.rows
    off = np.array([min(j * 5 % 6, 6 - j * 5 % 6) / 6 * EDGE.speed for j in range(7)])
    assert len(nearest.places) == 7
    assert nearest.rms == pytest.approx(np.sqrt((off**2).mean()), abs=0.05)
    assert nearest.largest == pytest.approx(EDGE.speed / 2, abs=0.05)
    assert blend.smear > 2 * nearest.smear
    assert "12 pixels from one given frame to the next" in document.study.text
    page = markdown([document])
    assert f"| nearest frame | {nearest.rms:.2f} |" in page
    assert f"| linear blend | **{blend.rms:.2f}** |" in page


def test_the_command_writes_what_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(
        motion, "choose_for", lambda protocol, models: replace(choose_for(protocol, models), entries=[])
    )
    monkeypatch.setattr(motion, "Edge", lambda: Edge(frames=3, height=96, width=128))
    monkeypatch.setattr(Choice, "baselines", Baselines.baselines)
    assert motion.main([str(tmp_path / "edge.json")]) == 0
    document = json.loads((tmp_path / "edge.json").read_text())
    assert document["command"] == "python -m studies.motion_edge edge.json"
    assert [row["label"] for row in document["measurements"]] == ["nearest frame", "linear blend"]
    assert motion.main([str(tmp_path / "edge.json"), "--model", "none"]) == 2
