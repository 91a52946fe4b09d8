import numpy as np
import pytest
import torch
from PIL import Image

from studies.consistency import consistency, main
from stvsr.errors import StvsrError
from stvsr.physics.degradation import Degradation

DEGRADATIONS = [
    Degradation(time=5, space=4),
    Degradation(time=5, space=4, shutter="trapezoid"),
    Degradation(time=2, exposure=0.5),
    Degradation(time=3, space=2, exposure=0.7, blur="gaussian:1"),
    Degradation(space=3, blur="area"),
]


def moving(frames=20, height=32, width=36):
    t, y, x = np.mgrid[:frames, :height, :width]
    waves = [np.sin(x / 3 + t / 2 + k) * np.cos(y / 4 - t / 5) for k in range(3)]
    return np.rint(127 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


def degrade(truth, degradation):
    clip = torch.from_numpy(truth).permute(3, 0, 1, 2)[None].float() / 255
    return (degradation.apply(clip)[0] * 255).round().byte().permute(1, 2, 3, 0).numpy()


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=str)
def test_only_rounding_is_left_at_shift_0(degradation):
    truth = moving()
    found = consistency(degrade(truth, degradation), truth, degradation)
    assert set(found) == set(range(1 - degradation.time, degradation.time))
    assert found.pop(0) > 58
    assert all(psnr < 50 for psnr in found.values())


@pytest.mark.parametrize("shift", [-2, 3])
def test_a_phase_error_is_found(shift):
    truth, degradation = moving(40), Degradation(time=5, space=2)
    low = degrade(truth[10:], degradation)
    found = consistency(low, truth[10 - shift :], degradation)
    assert max(found, key=found.get) == shift


def write(folder, frames):
    folder.mkdir(parents=True)
    for i, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{i:08d}.png")


def test_the_layout_of_reds_is_consistent_with_its_trapezoid_shutter(tmp_path, capsys):
    """65 virtual frames of five originals joined by linear motion: the shutter of REDS, written out."""
    truth = moving(25)
    shares = np.linspace(0, 4, 65)
    virtual = np.stack(
        [np.stack([(1 - s % 1) * truth[i + int(s)] + s % 1 * truth[min(i + int(s) + 1, 24)] for s in shares]).mean(0)
         for i in range(0, 25, 5)]
    )  # fmt: skip
    clip = torch.from_numpy(virtual).permute(3, 0, 1, 2)[None].float() / 255
    low = (Degradation(space=4).apply(clip)[0] * 255).round().byte().permute(1, 2, 3, 0).numpy()
    write(tmp_path / "train_orig" / "000", truth)
    write(tmp_path / "train_blur_bicubic" / "X4" / "000", low)
    folders = [str(tmp_path / "train_blur_bicubic" / "X4" / "000"), str(tmp_path / "train_orig" / "000")]
    assert main([*folders, "--time", "5", "--space", "4", "--shutter", "trapezoid"]) == 0
    shown = capsys.readouterr().out
    assert "truth from frame +0" in shown
    exact = float(shown.split("frame +0:")[1].split()[0])
    assert exact > 58
    main([*folders, "--time", "5", "--space", "4"])  # the plain mean of five is another shutter, and shows as such
    assert float(capsys.readouterr().out.split("frame +0:")[1].split()[0]) < exact - 5


def test_mistakes_are_one_line(tmp_path, capsys):
    write(tmp_path / "low", moving(2, 8, 9))
    write(tmp_path / "truth", moving(4))
    assert main([str(tmp_path / "low"), str(tmp_path / "truth"), "--time", "2", "--space", "2"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main([str(tmp_path / "low"), str(tmp_path)]) == 2
    with pytest.raises(StvsrError, match="too few"):
        consistency(moving(1), moving(3), Degradation(time=4))
