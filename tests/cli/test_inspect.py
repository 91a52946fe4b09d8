import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stvsr.cli.inspect import inspect
from stvsr.video import VideoWriter

NTSC = Fraction(30000, 1001)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "a [bold] name.mkv"
    with VideoWriter(path, 37, 31, NTSC, metadata={"title": "Test"}) as writer:
        for index in range(5):
            writer.write(np.zeros((31, 37, 3), np.uint8), index / NTSC)
    return path


def test_json_tells_the_facts_with_exact_rationals(video: Path, capsys) -> None:
    inspect(video, json=True)
    facts = json.loads(capsys.readouterr().out)
    assert (facts["width"], facts["height"], facts["frames"]) == (37, 31, 5)
    assert facts["rate"] == "30000/1001"
    assert facts["constant_rate"] is True
    assert facts["colour"]["space"] == "smpte170m"
    assert facts["metadata"]["title"] == "Test"
    assert [stream["kind"] for stream in facts["streams"]] == ["video"]


def test_the_table_shows_names_as_they_are(video: Path, capsys) -> None:
    inspect(video)
    text = " ".join(capsys.readouterr().out.split())
    assert "[bold]" in text
    assert "37x31" in text
    assert "30000/1001" in text


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; from stvsr.cli import main\ntry: main()\nfinally: print('torch' in sys.modules, file=sys.stderr)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, "inspect", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_command_answers_without_torch(video: Path) -> None:
    done = run(str(video), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["frames"] == 5
    assert done.stderr.strip() == "False"


def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = run(str(tmp_path / "nothing.mp4"))
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].endswith("nothing.mp4 does not exist; check the name")
    assert "Traceback" not in done.stderr
