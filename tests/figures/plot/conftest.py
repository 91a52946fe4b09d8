import pytest

from stvsr.evaluation.documents import StudyResults
from stvsr.evaluation.results import Results

ENVIRONMENT = {"date": "2026-01-01", "cpu": "a CPU", "threads": 1, "stvsr": "0", "torch": "2", "python": "3"}


def _row(method, kind, psnr, seconds=None, curve=None, **more):
    means = {"all": {"psnr_rgb": psnr, "psnr_y": psnr + 1}, "synthesised": None}
    clips = {} if curve is None else {"clips": {"one": {**means, "frames": {"psnr_rgb": curve, "psnr_y": curve}}}}
    timed = {} if seconds is None else {"seconds_per_megapixel": seconds}
    return {"method": method, "kind": kind, "mean": means, **clips, **timed, **more}


@pytest.fixture
def document():
    """Give a measurement at a scale: ``document("2t4s")``."""

    def make(scale="2t4s", data="set"):
        values = {
            "version": 1,
            "protocol": {"name": "p", "title": "2x in time", "scale": scale, "frames": "all"},
            "data": {"name": data, "clips": [{"name": "one", "size": [4, 8, 8], "sha256": "0" * 64}]},
            "rows": [
                _row("STAA", "published", 27.0, source="there"),
                _row("other", "published", 30.0, source="there"),
                _row("bicubic", "baseline", 21.0, 0.01, [100.0, 20.0, 100.0, 22.0]),
                _row("ours", "model", 25.0, 1.0, [24.0, 26.0, 25.0, 25.0], parameters=500_000),
            ],
            "command": "stvsr evaluate set",
            "environment": ENVIRONMENT,
        }
        return Results.from_dict(values)

    return make


@pytest.fixture
def study():
    """Give a study of iterations."""

    def make(rows=None):
        rows = rows or {"K = 1": 22.0, "K = 2": 23.0, "K = 2: X0": 20.0, "K = 2: Z1": 21.0, "K = 2: X1": 22.5}
        values = {
            "version": 1,
            "study": {"name": "iterations", "title": "t", "text": "t", "model": "m"},
            "measurements": [
                {
                    "protocol": {"name": "p", "title": "t", "scale": "5t4s"},
                    "data": {"name": "set", "clips": []},
                    "rows": [_row(method, "model", psnr) for method, psnr in rows.items()],
                }
            ],
            "command": "python -m studies.davsr iterations set",
            "environment": ENVIRONMENT,
        }
        return StudyResults.from_dict(values)

    return make
