"""`stvsr deblur` and others with a model that only makes sharp frames of blurred ones."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.commands import TINY_DAVSR, run, write_model, write_slope

TINY: dict[str, Any] = {
    "family": "staa",
    "scale": [5, 1],
    "downsampler": {"constraint": "exposure"},
    "upsampler": {"temporal": "none", "features": 4, "blocks": 1, "dense": 1, "layers": 1, "growth": 4},
}

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")


@pytest.fixture(scope="module")
def blurred(tmp_path_factory):
    """A model that only makes five sharp frames of a blurred one, with next to no layers, in a folder of such."""
    return write_model(TINY, tmp_path_factory.mktemp("weights") / "staa-5t1s-blurred-tiny")


@pytest.fixture
def video(tmp_path):
    return write_slope(tmp_path / "in.mkv", Fraction(20))


def test_it_takes_any_exposure(video, blurred, tmp_path, monkeypatch, capsys):
    made = []
    for exposure in ("0.4", "1"):
        words = [
            "deblur",
            video,
            tmp_path / "o.mkv",
            "--overwrite",
            "--encoder",
            "ffv1",
            "--model",
            blurred,
            "--exposure",
            exposure,
        ]
        code, out, err = run(monkeypatch, capsys, *words)
        assert (code, err) == (0, "")
        assert "o.mkv: 25 frames of 31x37 at 100 fps" in out
        made.append((tmp_path / "o.mkv").read_bytes())
    assert made[0] != made[1]
    words = ["upscale", video, tmp_path / "same.mkv", "--encoder", "ffv1", "--model", blurred, "--exposure", "1"]
    assert run(monkeypatch, capsys, *words)[0] == 0  # its factors are its own, whatever the command's are
    assert (tmp_path / "same.mkv").read_bytes() == made[1]
    words = ["retime", video, tmp_path / "sharp.mkv", "--rate", "1", "--time", "5", "--model", blurred]
    assert "5 frames of 31x37 at 20 fps" in run(monkeypatch, capsys, *words)[1]


def test_it_goes_by_the_record(video, blurred, tmp_path, monkeypatch, capsys):
    low = tmp_path / "low.mkv"
    run(monkeypatch, capsys, "degrade", video, low, "--time", "5", "--space", "1", "--exposure", "0.6")
    code, out, err = run(
        monkeypatch, capsys, "upscale", low, tmp_path / "o.mkv", "--overwrite", "--encoder", "ffv1", "--model", blurred
    )
    assert code == 0
    assert "5 frames of 31x37 at 20 fps" in out
    assert "undoing: 5x time, 1x space, exposure 0.6" in err


def test_deblur_takes_it_unless_more_is_asked_for(video, blurred, tmp_path, monkeypatch, capsys):
    from stvsr.models import zoo

    general = write_model(TINY_DAVSR, tmp_path / "weights" / "davsr-tiny")
    monkeypatch.setattr(zoo, "WEIGHTS", blurred.parent)
    monkeypatch.setattr(zoo, "DEFAULT_RESTORER", str(general))
    more = (["--noise", "2"], ["--blur", "area"], ["--time", "4"], ["--model", general], ["--iterations", "1"])
    for options, taken in (([], True), (["--exposure", "0.5"], True), *((option, False) for option in more)):
        code, out, err = run(
            monkeypatch,
            capsys,
            "deblur",
            video,
            tmp_path / "o.mkv",
            "--overwrite",
            "--encoder",
            "ffv1",
            "--dry-run",
            *options,
        )
        assert code == 0
        assert ("staa-5t1s-blurred-tiny is made for 5t1s" in out + err) == taken


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--time", "2"], "is made for 5t1s, not for 2t1s: take --model davsr-compact"),
        (["--space", "2"], "is made for 5t1s, not for 5t2s: take --model davsr-compact"),
        (["--noise", "2"], "--noise: staa-5t1s-blurred-tiny removes none"),
        (["--blur", "gaussian:2"], "--blur: staa-5t1s-blurred-tiny only removes that of a shutter"),
        (["--iterations", "2"], "--iterations: staa-5t1s-blurred-tiny has no rounds"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_line(
    video: Path, blurred: Path, tmp_path: Path, monkeypatch, capsys, options: list[str], told: str
) -> None:
    words = ["deblur", video, tmp_path / "out.mkv", "--model", blurred, *options]
    code, out, err = run(monkeypatch, capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert list(tmp_path.iterdir()) == [video]
