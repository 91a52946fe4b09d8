import pytest

from stvsr.training import display
from stvsr.training.display import Display, clock


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (61.4, "1:01"), (3599.6, "1:00:00"), (86_400, "24:00:00")])
def test_durations_are_read_at_a_glance(seconds, text):
    assert clock(seconds) == text


def test_away_from_a_terminal_there_is_a_line_now_and_then(monkeypatch, capfd):
    now = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    shown = Display(total=1000)
    for step in range(1, 101):
        now[0] += 1
        shown.step(step, {"loss": "0.5"})
    shown.close()
    lines = capfd.readouterr().err.splitlines()
    assert lines == [
        "step 30/1000, 1 steps/s, 16:10 left, loss 0.5",
        "step 60/1000, 1 steps/s, 15:40 left, loss 0.5",
        "step 90/1000, 1 steps/s, 15:10 left, loss 0.5",
    ]


def test_other_processes_are_quiet(monkeypatch, capfd):
    monkeypatch.setattr(display, "LINE_SECONDS", 0.0)
    shown = Display(total=10, quiet=True)
    shown.step(1, {})
    shown.say("hello")
    shown.close()
    assert capfd.readouterr() == ("", "")
