"""Laws of model folders: what is saved comes back, and nothing that does not fit gets in."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from stvsr import load
from stvsr.errors import StvsrError
from stvsr.models.checkpoint import build, save
from stvsr.models.staa.config import CONSTRAINTS
from stvsr.models.zoo import choose, entries, find
from stvsr.physics.scale import Scale

CONFIG = {
    "family": "staa",
    "scale": [2, 2],
    "upsampler": {"features": 8, "temporal": "none", "blocks": 1, "dense": 1, "layers": 2, "growth": 4},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save(build(CONFIG, "staa-2t2s-compact"), tmp_path / "model", {"licence": "MIT", "training": {"steps": 3}})
    return tmp_path / "model"


def test_a_saved_model_gives_the_same_answer(folder: Path) -> None:
    torch.manual_seed(0)
    model, clip = build(CONFIG).eval(), torch.rand(1, 3, 4, 8, 8)
    again = load(folder)
    assert again.name == "staa-2t2s-compact"
    assert torch.equal(again.upsample(again.downsample(clip)), model.upsample(model.downsample(clip)))
    assert not again.training
    assert not any(p.requires_grad for p in again.parameters())


@pytest.mark.parametrize("scale", [[2, 4], [2, 1]], ids=str)
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_model_with_any_downsampler_comes_back(tmp_path: Path, constraint: str, scale: list[int]) -> None:
    model = build({**CONFIG, "scale": scale, "downsampler": {"constraint": constraint}}).eval()
    save(model, tmp_path)
    clip = torch.rand(1, 3, 3, 9, 10)
    assert torch.equal(load(tmp_path).downsample(clip), model.downsample(clip))


def test_the_entry_tells_what_the_folder_holds(folder: Path) -> None:
    entry = find(folder)
    assert (entry.name, entry.scale, entry.licence) == ("staa-2t2s-compact", Scale.of(2, 2), "MIT")
    assert entry.parameters == sum(p.numel() for p in build(CONFIG).parameters())
    assert entry.training == {"steps": 3}
    assert len(entry.checksum) == 64


def test_every_bundled_model_loads_and_works() -> None:
    for entry in entries():
        model = load(entry.name)
        assert (model.name, model.scale) == (entry.name, entry.scale)
        clip = torch.rand(1, 3, 3, 17, 19)
        low = clip if entry.task == "interpolate" else model.downsample(clip)
        assert tuple(model.upsample(low).shape[2:]) == model.scale.high_size(tuple(low.shape[2:]))


def test_an_unknown_name_or_scale_says_what_there_is() -> None:
    with pytest.raises(StvsrError, match="no model 'staa-9t9s'"):
        load("staa-9t9s")
    with pytest.raises(StvsrError, match="there are"):
        choose("rescale", Scale.of(7, 7))


def _edit(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _hostile(folder: Path, how: str) -> None:
    config, weights = folder / "config.json", folder / "model.safetensors"
    tensors = load_file(weights)
    if how == "not json":
        config.write_text("{")
    elif how == "binary json":
        config.write_bytes(b"\xff\xfe\x00")
    elif how == "deep json":
        config.write_text('{"model":' + "[" * 100_000)
    elif how == "huge json":
        config.write_text(" " * (2 << 20))
    elif how == "a list":
        config.write_text("[]")
    elif how == "huge network":
        _edit(folder, model={**CONFIG, "scale": ["2", 2, 2], "upsampler": {"features": 1024, "blocks": 64}})
    elif how == "zero scale":
        _edit(folder, model={**CONFIG, "scale": ["1/0", 2, 2]})
    elif how == "unknown family":
        _edit(folder, model={**CONFIG, "family": "../../x"})
    elif how == "truncated":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif how == "empty":
        weights.write_bytes(b"")
    elif how == "missing":
        weights.unlink()
    elif how == "pickle":
        weights.write_bytes(pickle.dumps({"a": 1}))
    elif how == "wrong shape":
        save_file({k: v.reshape(-1) for k, v in tensors.items()}, weights)
    elif how == "one too many":
        save_file({**tensors, "more": torch.zeros(3)}, weights)
    elif how == "one missing":
        save_file({k: v for k, v in tensors.items() if "conv_last" not in k}, weights)
    elif how == "wrong kind":
        save_file({k: v.to(torch.int64) for k, v in tensors.items()}, weights)


HOSTILE = [
    "not json",
    "binary json",
    "deep json",
    "huge json",
    "a list",
    "huge network",
    "zero scale",
    "unknown family",
    "truncated",
    "empty",
    "missing",
    "pickle",
    "wrong shape",
    "one too many",
    "one missing",
    "wrong kind",
]


@pytest.mark.parametrize("how", HOSTILE)
def test_a_malformed_model_is_one_clear_line(folder: Path, how: str) -> None:
    _hostile(folder, how)
    with pytest.raises(StvsrError) as error:
        load(folder)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_no_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(StvsrError, match=r"config\.json"):
        load(tmp_path)
