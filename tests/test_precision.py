import pytest

from stvsr import precision


@pytest.fixture(autouse=True)
def _fresh():
    precision.bf16_gain.cache_clear()
    yield
    precision.bf16_gain.cache_clear()


def test_without_hardware_for_it_bf16_is_not_even_timed(monkeypatch):
    monkeypatch.setattr(precision, "has_bf16", lambda: False)
    monkeypatch.setattr(precision, "_seconds", lambda *_: pytest.fail("timed"))
    assert precision.bf16_gain() == 0
    assert not precision.prefers_bf16()


@pytest.mark.parametrize(("usual", "lower", "pays"), [(3.0, 1.0, True), (1.1, 1.0, False), (1.0, 2.0, False)])
def test_bf16_is_preferred_where_a_layer_is_clearly_faster(monkeypatch, usual, lower, pays):
    times = iter([usual, lower])
    monkeypatch.setattr(precision, "has_bf16", lambda: True)
    monkeypatch.setattr(precision, "_seconds", lambda *_: next(times))
    assert precision.prefers_bf16() is pays
    assert precision.bf16_gain() == pytest.approx(usual / lower)


def test_this_machine_gives_an_answer():
    assert precision.bf16_gain() >= 0
