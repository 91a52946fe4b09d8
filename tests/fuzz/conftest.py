import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Small clips of many kinds, some without one of their streams."""
    from tests.helpers.damage import whole_and_parts

    return whole_and_parts(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def awkward():
    """Awkward files of others."""
    folder = Path(os.environ.get("STVSR_DATA", "/nowhere")) / "torture"
    if not folder.is_dir():
        pytest.skip("set STVSR_DATA to a folder that holds torture/")
    return sorted(folder.iterdir())


@pytest.fixture(scope="session")
def torture(awkward):
    """Those that are small enough to read often."""
    return [path for path in awkward if path.stat().st_size < 150_000]


@pytest.fixture(scope="session")
def light(awkward):
    """Those with so few pixels in all that whole jobs are quick."""
    from stvsr.errors import StvsrError
    from stvsr.video import probe, scan_times

    def pixels(path):
        try:
            info = probe(path)
            return info.width * info.height * len(scan_times(path))
        except StvsrError:
            return 0

    return [path for path in awkward if path.stat().st_size < 1_000_000 and pixels(path) < 10_000_000]
