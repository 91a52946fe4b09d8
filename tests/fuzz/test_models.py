"""Model folders of strangers are loaded or refused in one line: no code runs, no memory runs out, nothing hangs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers import importing, program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses limits on processes")

NETWORK = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 1, "growth": 4}
DEFORMABLE = {"temporal": "deformable", "groups": 2}
FLOW = {"channels": [4], "kernel": 3, "levels": 2}
BLOCKS = {"stem_blocks": 1, "branch_blocks": 1, "reconstruction_blocks": 1}
FAMILIES = {
    "staa": {"family": "staa", "scale": ["2", 2, 2], "upsampler": NETWORK},
    "davsr": {
        "family": "davsr",
        "scale": ["2", 2, 2],
        "degradation": {"time": 2, "space": 2},
        "enhancer": {"kind": "convolutional", "features": 4, "blocks": 1, "layers": 1, "growth": 4},
    },
    "deformable": {"family": "staa", "scale": ["2", 2, 2], "upsampler": NETWORK | DEFORMABLE},
    "recurrent": {"family": "staa", "scale": ["2", 2, 2], "upsampler": NETWORK | {"network": "recurrent"}},
    "branches": {
        "family": "davsr",
        "scale": ["2", 2, 2],
        "degradation": {"time": 2, "space": 2},
        "enhancer": {"kind": "recurrent", "features": 4, "groups": 2, "branches": ["forward"], "flow": FLOW, **BLOCKS},
    },
}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A folder with one small model of each kind."""
    from stvsr.models.checkpoint import build, save

    folder = tmp_path_factory.mktemp("models")
    for name, config in FAMILIES.items():
        save(build(config, f"{name}-2t2s-tiny"), folder / name, {"licence": "MIT", "quality": {"val": {"psnr": 30.0}}})
    return folder


def run(models: Path, first: int, last: int) -> tuple[Counter, list[str]]:
    """Return how many folders were loaded, refused or wrong, and what was wrong."""
    counts: Counter = Counter()
    wrong = []
    while first < last:
        command = program("hostile_models", models, ",".join(FAMILIES), first, last)
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=importing(HF_HUB_OFFLINE="1"))
        for line in done.stdout.splitlines():
            number, said = line.split(" ", 1)
            first = int(number) + 1
            counts[said.split()[0].rstrip(":")] += 1
            if said.startswith("wrong"):
                wrong.append(line)
        if done.returncode:
            wrong.append(f"{first} ends the process with {done.returncode}: {done.stderr[-200:]}")
            first += 1
    print(dict(counts), *wrong, sep="\n")
    return counts, wrong


@pytest.mark.timeout(600)
def test_sixty_hostile_model_folders_are_loaded_or_refused_in_one_line(models) -> None:
    counts, wrong = run(models, 0, 60)
    assert wrong == []
    assert counts["refused"] >= 20


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_two_thousand_hostile_model_folders_are_loaded_or_refused_in_one_line(models) -> None:
    counts, wrong = run(models, 1000, 3000)
    assert wrong == []
    assert counts["refused"] >= 1000


def test_a_model_names_no_file_to_open(models, tmp_path) -> None:
    from stvsr import load
    from stvsr.errors import StvsrError

    folder = tmp_path / "model"
    shutil.copytree(models / "davsr", folder)
    config = json.loads((folder / "config.json").read_text())
    config["model"]["degradation"]["blur"] = "/srv/secret/kernel.npy"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(StvsrError, match="a model names no file"):
        load(folder)


@pytest.mark.parametrize("size", [9 << 20, 2**63], ids=["9 MiB", "2^63"])
def test_a_table_of_contents_larger_than_any_is_not_read(models, tmp_path, size: int) -> None:
    from stvsr import load
    from stvsr.errors import StvsrError

    folder = tmp_path / "model"
    shutil.copytree(models / "staa", folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.write(size.to_bytes(8, "little"))
        file.truncate(16 << 20)
    with pytest.raises(StvsrError, match="table of contents"):
        load(folder)


def test_weights_that_are_a_pipe_do_not_wait_for_a_writer(models, tmp_path) -> None:
    from stvsr import load
    from stvsr.errors import StvsrError
    from stvsr.models.zoo import find

    (tmp_path / "config.json").write_text((models / "staa" / "config.json").read_text())
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(StvsrError, match="not a regular file"):
        load(tmp_path)
    with pytest.raises(StvsrError, match="not readable weights"):
        _ = find(tmp_path).checksum
