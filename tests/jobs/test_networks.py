from __future__ import annotations

import pytest

from stvsr.jobs.networks import iterations_notice, load_restorer
from stvsr.models.cascade import Cascade
from stvsr.models.zoo import choose
from stvsr.physics.degradation import Degradation

SHARP = Degradation(2, 2, exposure=0.5)


def test_sharp_frames_are_restored_in_space_and_new_ones_made_between_them() -> None:
    chosen = load_restorer(None, SHARP)
    assert isinstance(chosen, Cascade)
    assert chosen.restorer is not None
    assert chosen.restorer.name == choose("restore", Degradation(1, 2).scale, Degradation(1, 2).to_dict()).name
    assert chosen.interpolator.name == choose("interpolate").name


def test_smoother_alone_keeps_the_given_frames() -> None:
    chosen = load_restorer(None, Degradation(3, 1, exposure=0.3))
    assert isinstance(chosen, Cascade)
    assert chosen.restorer is None


@pytest.mark.parametrize(
    "degradation", [Degradation(2, 2), Degradation(2, 2, exposure=0.5, shutter="trapezoid"), Degradation(1, 4)], ids=str
)
def test_where_motion_is_mixed_into_frames_or_left_alone_one_model_undoes_all(degradation: Degradation) -> None:
    chosen = load_restorer(None, degradation)
    assert not isinstance(chosen, Cascade)
    assert chosen.name == choose("restore", degradation.scale, degradation.to_dict()).name


def test_a_model_that_is_named_is_taken_as_it_is() -> None:
    assert load_restorer("davsr-compact", SHARP).name == "davsr-compact"


def test_too_many_rounds_are_told_for_what_is_taken() -> None:
    assert iterations_notice(None, 16, SHARP)
    assert iterations_notice("davsr-compact", 2, SHARP)
    assert iterations_notice("davsr-compact", None, SHARP) is None
