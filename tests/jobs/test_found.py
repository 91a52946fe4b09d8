"""Settings that are found by looking at the video."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from stvsr.engine.progress import Progress
from stvsr.errors import StvsrError
from stvsr.jobs import estimate as module
from stvsr.jobs.degrade import plan_degrade
from stvsr.jobs.degraded import assumed, without_estimates
from stvsr.jobs.estimate import Estimate
from stvsr.physics.estimation import Measured
from stvsr.video import VideoWriter
from stvsr.video.info import probe
from tests.helpers.killed import Heard


def found(confidence: float = 0.9) -> Estimate:
    return Estimate(Measured(0.7, confidence), Measured(4.2, 0.9), Measured(27.0, 1.0), "rate factor")


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "in.mkv"
    with VideoWriter(path, 64, 48, Fraction(25)) as writer:
        for number in range(4):
            picture = np.random.default_rng(number).integers(0, 256, (48, 64, 3), dtype=np.uint8)
            writer.write(picture, Fraction(number, 25))
    return path


def test_what_is_auto_is_taken_from_the_video_and_told_and_the_rest_from_the_user(video, monkeypatch) -> None:
    monkeypatch.setattr(module, "estimate", lambda path: found())
    heard = Heard()
    given = {"space": 4, "blur": "auto", "noise": 2.0, "compression": "auto"}
    degradation, record = assumed(probe(video), given, heard)
    assert (degradation.space, degradation.blur, degradation.noise, degradation.compression) == (
        4,
        "gaussian:2.8",
        2,
        27,
    )
    assert record is None
    assert any("compression 27" in line for line in heard.lines)


def test_a_blur_that_is_not_sure_is_left_alone(video, monkeypatch) -> None:
    monkeypatch.setattr(module, "estimate", lambda path: found(0.1))
    assert assumed(probe(video), {"blur": "auto"}, Progress())[0].blur == "bicubic"


def test_nothing_is_estimated_where_nothing_is_auto(video, monkeypatch) -> None:
    monkeypatch.setattr(module, "estimate", lambda path: pytest.fail("estimated"))
    assert assumed(probe(video), {"noise": 3}, Progress())[0].noise == 3


def test_a_real_video_gives_a_degradation(video) -> None:
    degradation, _ = assumed(probe(video), {"blur": "auto", "noise": "auto", "compression": "auto"}, Progress())
    assert degradation.compression > 0


def test_settings_that_are_auto_wait_for_the_video() -> None:
    assert without_estimates({"space": 2, "blur": "auto", "noise": 3.0}) == {"space": 2, "noise": 3.0}


def test_degrading_leaves_compression_to_the_encoder(video, tmp_path) -> None:
    with pytest.raises(StvsrError, match="`compression` is the encoder's business"):
        plan_degrade(video, tmp_path / "out.mkv", compression=20)
