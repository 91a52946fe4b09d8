"""Laws of the progress that users see: frames come a window at a time, the time left must not follow suit."""

from __future__ import annotations

import re

import pytest

from stvsr.cli import progress
from stvsr.cli.progress import TextProgress


def _lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], times: list[float]) -> list[str]:
    """Show frame after frame at the given times, of 400 frames, and return the printed lines."""
    clock = iter([0.0, 0.0, *times])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with TextProgress("expand") as shown:
        shown.begin(400)
        for done in range(1, len(times) + 1):
            shown.step(done)
    return capsys.readouterr().err.splitlines()


def test_windows_of_frames_give_the_time_left_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bursts = [50.0 * window + 0.001 * frame for window in range(1, 5) for frame in range(100)]
    lines = _lines(monkeypatch, capsys, bursts[:301])
    assert lines
    for line in lines:
        done, minutes, seconds = re.findall(r"(\d+)/400.*?(?:(\d+) min )?([\d.]+) s left", line)[0]
        done, left = int(done), 60 * int(minutes or 0) + float(seconds)
        assert left == pytest.approx((400 - done) / 2, rel=0.05)


def test_a_steady_flow_is_told_as_it_comes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = _lines(monkeypatch, capsys, [0.5 * frame for frame in range(1, 200)])
    assert len(lines) == 3
    assert all("2.00 frames/s" in line for line in lines)


def test_what_an_earlier_command_did_does_not_count_for_the_rate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [0.5 * frame for frame in range(1, 100)]
    clock = iter([0.0, 0.0, *times])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with TextProgress("expand") as shown:
        shown.begin(400)
        shown.resume(200)
        for done in range(201, 300):
            shown.step(done)
    first, *rest = capsys.readouterr().err.splitlines()
    assert "going on after 200 of 400 frames" in first
    assert rest
    assert all("2.00 frames/s" in line for line in rest)
