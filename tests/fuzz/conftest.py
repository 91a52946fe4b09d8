import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Small clips of many kinds, some without one of their streams."""
    from damage import whole_and_parts

    return whole_and_parts(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def torture():
    """Awkward files of others, small enough to read often."""
    folder = Path(os.environ.get("STVSR_DATA", "/nowhere")) / "torture"
    if not folder.is_dir():
        pytest.skip("set STVSR_DATA to a folder that holds torture/")
    return [path for path in sorted(folder.iterdir()) if path.stat().st_size < 150_000]
