import random

import numpy as np
import pytest
import torch

from stvsr.errors import StvsrError
from stvsr.training.state import (
    CURRENT,
    PREVIOUS,
    random_state,
    read_state,
    restore_random_state,
    write_state,
)


def test_what_is_written_is_read(tmp_path):
    state = {"weights": {"a": torch.randn(3, 5)}, "progress": {"best": float("-inf"), "step": 7}}
    write_state(tmp_path, state)
    saved, problems = read_state(tmp_path)
    assert problems == []
    assert torch.equal(saved["weights"]["a"], state["weights"]["a"])
    assert saved["progress"] == state["progress"]


def test_a_new_folder_has_no_state(tmp_path):
    assert read_state(tmp_path) == (None, [])


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "missing"])
def test_the_previous_state_stands_in_for_a_damaged_one(tmp_path, damage):
    for step in (1, 2):
        write_state(tmp_path, {"step": step})
    path = tmp_path / CURRENT
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes(data[:-7] if damage == "cut" else b"" if damage == "empty" else data)
    if damage == "missing":
        path.unlink()
    saved, problems = read_state(tmp_path)
    assert saved["step"] == 1
    assert len(problems) == (damage != "missing")


def test_two_damaged_states_are_an_error_and_not_a_new_start(tmp_path):
    (tmp_path / CURRENT).write_bytes(b"x" * 100)
    (tmp_path / PREVIOUS).write_bytes(b"")
    with pytest.raises(StvsrError, match="--fresh"):
        read_state(tmp_path)


def test_a_full_disk_leaves_the_last_state(tmp_path, monkeypatch):
    write_state(tmp_path, {"step": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StvsrError, match="No space left"):
        write_state(tmp_path, {"step": 2})
    assert read_state(tmp_path)[0]["step"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [CURRENT]


class Unwelcome:
    def __reduce__(self):
        return (print, ("this ran",))


def test_reading_never_runs_what_a_file_says(tmp_path, capsys):
    write_state(tmp_path, {"object": Unwelcome()})
    with pytest.raises(StvsrError, match="holds more than tensors"):
        read_state(tmp_path)
    assert "this ran" not in capsys.readouterr().out


def test_every_random_generator_goes_on_where_it_was():
    def draw():
        return random.random(), random.gauss(0, 1), np.random.rand(), float(torch.rand(()))

    random.gauss(0, 1)  # leaves a second value waiting
    state = random_state()
    first = draw()
    restore_random_state(state)
    assert draw() == first
