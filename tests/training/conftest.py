import importlib.util
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
pytest.importorskip("yaml")


@pytest.fixture(scope="session")
def tiny():
    specification = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("tiny.py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def rows():
    """Read metrics.csv without the columns that tell the time."""
    import csv

    from stvsr.training.table import TIMING

    def read(folder):
        with (Path(folder) / "metrics.csv").open() as file:
            return [{k: v for k, v in row.items() if k not in TIMING} for row in csv.DictReader(file)]

    return read
