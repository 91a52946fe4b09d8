import pytest

from stvsr import device


@pytest.mark.parametrize(("limit", "budget"), [("1000000000\n", 250_000_000), ("max\n", None), ("", None)])
def test_a_container_counts_as_the_machine(tmp_path, monkeypatch, limit, budget):
    path = tmp_path / "memory.max"
    path.write_text(limit)
    monkeypatch.setattr(device, "LIMIT", tmp_path / "missing")
    usual = device.default_budget(None)
    monkeypatch.setattr(device, "LIMIT", path)
    assert device.default_budget(None) == (budget or usual)
