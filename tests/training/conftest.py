from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
pytest.importorskip("yaml")


@pytest.fixture(scope="session")
def tiny():
    from tests.helpers import tiny

    return tiny


@pytest.fixture
def rows():
    """Read metrics.csv without the columns that tell the time."""
    import csv

    from stvsr.training.table import TIMING

    def read(folder):
        with (Path(folder) / "metrics.csv").open() as file:
            return [{k: v for k, v in row.items() if k not in TIMING} for row in csv.DictReader(file)]

    return read
