"""Laws of degradations: where each one puts its samples, and that the operator describes what it does to a clip."""

from __future__ import annotations

import io
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import stvsr.physics
from stvsr.errors import StvsrError
from stvsr.layers.quantise import quantise
from stvsr.physics.degradation import Degradation, has_effect

Array = NDArray[np.float64]
FACTORS = [1, 2, 3, 4, 5, 8, 16]
BLURS = ["bicubic", "area", "gaussian:0.6", "gaussian:2.3", "gaussian:0.01"]


# The same degradations from their definitions: plain weights in double precision, nothing shared with the package.


def _keys(x: Array) -> Array:
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _blur_weights(blur: str, factor: int) -> tuple[Array, Array]:
    """The offsets and weights of one axis of space, reaching further than any kernel here."""
    offsets = np.arange(-90, 91, dtype=np.float64)
    away = offsets - (factor - 1) / 2
    if blur == "bicubic":
        weights = _keys(away / factor)
    elif blur == "area":
        weights = (np.abs(away) < factor / 2).astype(np.float64)
    else:
        # an even factor has no tap at the centre: far in the tails only the nearest two count
        exponent = -0.5 * (away / float(blur.partition(":")[2])) ** 2
        weights = np.exp(exponent - exponent.max())
    return offsets.astype(int), weights / weights.sum()


def _shutter_weights(degradation: Degradation) -> tuple[Array, Array]:
    """Counted on a hundred thousand instants of the low frame."""
    time = degradation.time
    if degradation.shutter == "trapezoid":
        weights = np.array([8.5, *[16.0] * (time - 2), 8.5]) if time > 1 else np.ones(1)
    else:
        instants = (np.arange(100_000) + 0.5) / 100_000
        opened = instants[instants < degradation.exposure] * time
        weights = np.bincount(opened.astype(int), minlength=time).astype(np.float64)
    return np.arange(time), weights / weights.sum()


def _reduce(clip: Array, axis: int, step: int, offsets: Array, weights: Array) -> Array:
    """Weigh the samples ``step * i + offset`` of an axis, the outermost ones repeated."""
    size = clip.shape[axis]
    starts = step * np.arange(-(-size // step))
    places = np.clip(starts[:, None] + offsets[weights != 0], 0, size - 1)
    taken = np.take(clip, places, axis=axis)
    return np.tensordot(taken, weights[weights != 0], axes=(axis + 1, 0))


def _by_definition(degradation: Degradation, clip: Array) -> Array:
    """The low clip of ``(C, T, H, W)``, before noise and rounding."""
    clip = _reduce(clip, 1, degradation.time, *_shutter_weights(degradation))
    for axis in (2, 3):
        clip = _reduce(clip, axis, degradation.space, *_blur_weights(degradation.blur, degradation.space))
    return clip


def _clip(frames: int, height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 3, frames, height, width, generator=generator)


OFFERED = [
    Degradation(5, 4),
    Degradation(5, 4, shutter="trapezoid"),
    Degradation(2, 4, exposure=0.5),
    Degradation(2, 3, exposure=0.75, blur="area"),
    Degradation(4, 2, exposure=0.6, blur="gaussian:1.1"),
    Degradation(3, 1, exposure=1 / 3),
    Degradation(1, 4),
    Degradation(1, 1, blur="gaussian:1.7"),
    Degradation(4, 1, shutter="trapezoid", blur="area"),
    Degradation(1, 2, blur="gaussian:0.01"),
]


@pytest.mark.parametrize("degradation", OFFERED, ids=str)
def test_the_operator_on_the_truth_gives_the_low_clip(degradation: Degradation) -> None:
    """A(truth) == Y, where Y comes of the definition by another way."""
    truth = _clip(7, 13, 18)
    expected = _by_definition(degradation, truth[0].double().numpy())
    computed = degradation.operator().forward(truth)
    assert np.abs(computed[0].numpy() - expected).max() < 2e-5  # the shutter is counted, to 1e-5
    low = degradation.apply(truth)
    assert low.shape == computed.shape
    assert (low - computed.clamp(0, 1)).abs().max() <= 0.5 / 255 + 1e-6


def test_vid4_as_the_field_makes_it_is_what_the_operator_gives() -> None:
    """The mean of five frames, a bicubic quarter by Pillow, 8 bits: A(truth) == Y up to the rounding."""
    truth = _clip(10, 48, 64)
    means = truth.reshape(3, 2, 5, 48, 64).mean(dim=2).numpy()
    reduced = [
        [np.asarray(Image.fromarray(image).resize((16, 12), Image.Resampling.BICUBIC)) for image in colour]
        for colour in means
    ]
    made = np.round(np.array(reduced) * 255)
    computed = Degradation(time=5, space=4).operator().forward(truth)[0].numpy() * 255
    inside = np.s_[:, :, 2:-2, 2:-2]  # Pillow cuts its kernel off at the borders
    assert np.abs(computed[inside] - made[inside]).max() <= 0.5 + 1e-3
    assert np.array_equal(Degradation(time=5, space=4).apply(truth)[0].mul(255).round().numpy()[inside], made[inside])


@pytest.mark.parametrize("space", FACTORS)
@pytest.mark.parametrize("blur", BLURS)
def test_a_blur_keeps_brightness_and_sits_in_the_middle_of_its_block(blur: str, space: int) -> None:
    kernel = Degradation(space=space, blur=blur).kernel()
    assert kernel.mass.tolist() == pytest.approx([1], abs=1e-6)
    assert kernel.centroid[0].tolist() == pytest.approx([0, (space - 1) / 2, (space - 1) / 2], abs=1e-4)
    assert torch.allclose(kernel.taps, kernel.taps.flip(2, 3), atol=1e-8)


@pytest.mark.parametrize("time", FACTORS)
@pytest.mark.parametrize("exposure", [1e-300, 0.05, 1 / 3, 0.5, 0.8, 0.999, 1.0])
def test_a_shutter_opens_at_the_start_of_its_frame_and_keeps_brightness(time: int, exposure: float) -> None:
    kernel = Degradation(time=time, exposure=exposure).kernel()
    weights = kernel.taps[0, :, kernel.taps.shape[2] // 2, kernel.taps.shape[3] // 2]
    assert kernel.mass.tolist() == pytest.approx([1], abs=1e-6)
    assert kernel.origin[0] == 0
    assert kernel.size[0] == time
    assert (weights.diff() <= 1e-7).all()  # fully open first, then a part of a frame, then shut
    length = max(time * exposure, 1)
    whole = int(length + 1e-9)
    expected = (whole * (whole - 1) / 2 + (length - whole) * whole) / length
    assert kernel.centroid[0, 0].item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("time", FACTORS)
@pytest.mark.parametrize("shutter", ["box", "trapezoid"])
def test_a_shutter_that_never_closes_sits_in_the_middle_of_its_frame(time: int, shutter: str) -> None:
    kernel = Degradation(time=time, shutter=shutter).kernel()
    assert kernel.mass.tolist() == pytest.approx([1], abs=1e-6)
    assert kernel.centroid[0, 0].item() == pytest.approx((time - 1) / 2, abs=1e-5)


@pytest.mark.parametrize("time", range(1, 17))
def test_a_shutter_open_for_one_high_frame_gives_the_first_one_sharp(time: int) -> None:
    clip = _clip(2 * time + 1, 3, 5)
    low = Degradation(time=time, exposure=1 / time).operator().forward(clip)
    assert torch.allclose(low, clip[:, :, ::time], atol=1e-6)


def test_the_trapezoid_of_reds_is_65_virtual_frames() -> None:
    kernel = Degradation(time=5, space=1, shutter="trapezoid").kernel()
    assert (kernel.taps[0].sum(dim=(1, 2)) * 65).tolist() == pytest.approx([8.5, 16, 16, 16, 8.5], abs=1e-4)
    assert Degradation(time=5, shutter="trapezoid", exposure=0.3).kernel().taps.equal(kernel.taps)


@pytest.mark.parametrize("degradation", [case for case in OFFERED if case.exposure == 1], ids=str)
def test_what_moves_evenly_stays_in_its_place(degradation: Degradation) -> None:
    """A ramp in time and space, reduced, is the ramp at the middles of the blocks."""
    frames, height, width = 6 * degradation.time, 20 * degradation.space, 20 * degradation.space
    t, y, x = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in (frames, height, width)), indexing="ij")
    ramp = (0.3 * t + 0.2 * y - 0.1 * x)[None, None]
    low = degradation.operator().forward(ramp)[0, 0]
    middles = [
        step * torch.arange(n) + (step - 1) / 2 for step, n in zip(degradation.scale.steps, low.shape, strict=True)
    ]
    expected = 0.3 * middles[0][:, None, None] + 0.2 * middles[1][:, None] - 0.1 * middles[2]
    inside = np.s_[:, 8:-8, 8:-8]
    assert torch.allclose(low[inside], expected[inside].double(), atol=1e-4)


def test_noise_has_the_deviation_it_says_and_the_generator_decides_it() -> None:
    degradation = Degradation(time=1, space=1, noise=6.0)
    grey = torch.full((1, 3, 8, 64, 64), 0.5)
    first, again, other = (degradation.apply(grey, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.equal(again)
    assert not first.equal(other)
    codes = (first - 0.5) * 255
    assert codes.mean().item() == pytest.approx(0, abs=0.1)
    assert codes.std().item() == pytest.approx((36 + 1 / 12) ** 0.5, rel=0.02)  # rounding adds a twelfth
    neighbours = (codes[..., 1:] * codes[..., :-1]).mean() / codes.var()
    assert abs(neighbours.item()) < 0.03


def test_without_noise_a_low_clip_is_the_operator_s_in_8_bits() -> None:
    degradation = Degradation(time=2, space=3, blur="gaussian:1.2")
    clip = _clip(5, 11, 7)
    low = degradation.apply(clip, torch.Generator().manual_seed(0))
    assert low.equal(quantise(degradation.operator().forward(clip)))
    assert torch.allclose(low * 255, (low * 255).round(), atol=1e-4)


def test_sizes_are_rounded_up_to_whole_low_samples() -> None:
    degradation = Degradation(time=5, space=4)
    assert degradation.apply(_clip(6, 13, 17)).shape == (1, 3, 2, 4, 5)
    assert degradation.scale.low_size((6, 13, 17)) == (2, 4, 5)
    assert (str(degradation.scale), degradation.operator("periodic").boundary) == ("5t4s", "periodic")


def test_the_blur_alone_is_left_where_both_factors_are_one() -> None:
    clip = _clip(3, 9, 10)
    assert torch.allclose(Degradation().operator().forward(clip), clip, atol=1e-6)
    assert (Degradation(blur="gaussian:1").operator().forward(clip) - clip).abs().max() > 0.1


# Kernels from files


def _save(folder: Path, array: Any) -> str:
    path = folder / "kernel.npy"
    np.save(path, array, allow_pickle=True)
    return str(path)


@pytest.mark.parametrize(("space", "count"), [(4, 6), (4, 7), (3, 7), (3, 4), (1, 5), (1, 2), (2, 25)])
def test_a_kernel_of_a_file_is_centred_on_the_block(tmp_path: Path, space: int, count: int) -> None:
    """Half a sample early where the parities of taps and factor differ, as no whole sample is in the middle then."""
    kernel = Degradation(2, space, blur=_save(tmp_path, np.full((count, count), 3))).kernel()
    early = 0.5 * ((space - count) % 2)
    middle = (space - 1) / 2 - early
    assert kernel.mass.tolist() == pytest.approx([1], abs=1e-6)
    assert kernel.centroid[0].tolist() == pytest.approx([0.5, middle, middle], abs=1e-5)


def test_a_flat_kernel_of_a_file_follows_the_shutter(tmp_path: Path) -> None:
    taps = np.random.default_rng(0).random((5, 3))
    degradation = Degradation(3, 2, exposure=1 / 3, blur=_save(tmp_path, taps))
    clip = _clip(4, 9, 10)
    low = degradation.operator().forward(clip)
    for y, x in ((1, 1), (2, 3)):
        window = clip[0, :, 3, 2 * y - 2 : 2 * y + 3, 2 * x - 1 : 2 * x + 2].numpy()
        expected = (window * taps).sum(axis=(1, 2)) / taps.sum()
        assert low[0, :, 1, y, x].numpy() == pytest.approx(expected, abs=1e-6)


def test_a_kernel_with_time_replaces_the_shutter(tmp_path: Path) -> None:
    taps = np.random.default_rng(0).random((3, 2, 4)).astype(np.float32)
    degradation = Degradation(2, 4, exposure=0.5, blur=_save(tmp_path, np.asfortranarray(taps)))
    kernel = degradation.kernel()
    assert kernel.origin == (-1, 1, 0)
    assert torch.allclose(kernel.taps[0], torch.from_numpy(taps / taps.sum()), atol=1e-6)
    clip = _clip(6, 12, 12)
    expected = (clip[0, :, 1:4, 5:7, 4:8].numpy() * taps).sum(axis=(1, 2, 3)) / taps.sum()
    assert degradation.operator().forward(clip)[0, :, 1, 1, 1].numpy() == pytest.approx(expected, abs=1e-6)


def test_a_kernel_for_each_colour_is_applied_to_that_colour(tmp_path: Path) -> None:
    taps = np.random.default_rng(0).random((3, 3, 2, 4)).astype(np.float32)
    degradation = Degradation(2, 4, blur=_save(tmp_path, taps))
    clip = _clip(6, 12, 12)
    low = degradation.operator().forward(clip)
    expected = (clip[0, :, 1:4, 5:7, 4:8].numpy() * taps).sum(axis=(1, 2, 3)) / taps.sum(axis=(1, 2, 3))
    assert low[0, :, 1, 1, 1].numpy() == pytest.approx(expected, abs=1e-6)


def _header(shape: str, version: int = 1) -> bytes:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text


def _bytes(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


class _Trap:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (pytest.fail, ("unpickled",))


def _archive() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, np.ones((3, 3)))
    return stream.getvalue()


BAD_FILES = {
    "nothing": b"",
    "text": b"1 2 1\n2 4 2\n1 2 1\n",
    "objects": _bytes(np.array([[_Trap()]], dtype=object)),
    "archive": _archive(),
    "cut short": _bytes(np.ones((5, 5)))[:-1],
    "half a header": _header("(3, 3)")[:20],
    "a header of 2 GB": b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{",
    "more than there is": _header("(255, 255, 1000000000)"),
    "more than can be": _header("(9223372036854775807, 9223372036854775807)"),
    "fewer than none": _header("(-3, -3)") + bytes(72),
    "nonsense": _header("(3, 3") + bytes(72),
    "nested": _header("[" * 5000 + "]" * 5000, 2),
    "unknown version": b"\x93NUMPY\x09" + bytes(100),
    "a line": _bytes(np.ones(5)),
    "two colours": _bytes(np.ones((2, 1, 5, 5))),
    "a colour without light": _bytes(np.ones((3, 1, 5, 5)) * [[[[1]]], [[[0]]], [[[1]]]]),
    "empty": _bytes(np.ones((0, 5))),
    "wide": _bytes(np.ones((3, 256))),
    "many taps": _bytes(np.ones((17, 255, 255), np.float32)),
    "too many bytes": _header("(3, 3)") + bytes(1 << 25),
    "words": _bytes(np.array([["1", "2"]])),
    "complex": _bytes(np.ones((3, 3), complex)),
    "not a number": _bytes(np.array([[1, np.nan, 1]])),
    "infinite": _bytes(np.array([[1, np.inf, 1]])),
    "infinite sum": _bytes(np.full((3, 3), 1e308)),
    "zero": _bytes(np.zeros((3, 3))),
    "negative": _bytes(-np.ones((3, 3))),
    "edges": _bytes(np.array([[0.0, -1, 0], [-1, 4.0001, -1], [0, -1, 0]])),
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_is_no_kernel_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kernel.npy"
    path.write_bytes(content)
    degradation = Degradation(2, 4, blur=str(path))
    tracemalloc.start()
    with pytest.raises(StvsrError) as error:
        degradation.kernel()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    line = str(error.value)
    assert line.startswith(f"{path}: ")
    assert line.isprintable()
    assert len(line) < len(str(path)) + 250
    assert peak < 5e6


@pytest.mark.parametrize("name", ["missing.npy", "folder.npy", "null\0.npy", 300 * "x" + ".npy"])
def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(StvsrError, match="not a kernel") as error:
        Degradation(2, 4, blur=str(tmp_path / name)).kernel()
    assert "\n" not in str(error.value)


# Settings


@pytest.mark.parametrize("degradation", [*OFFERED, Degradation(16, 16, 0.01, "trapezoid", "k.npy", 128)], ids=str)
def test_settings_survive_being_written_down(degradation: Degradation) -> None:
    assert Degradation.from_dict(degradation.to_dict()) == degradation


def test_numbers_of_other_libraries_become_plain_ones() -> None:
    made = Degradation(np.int64(2), np.int32(4), np.float32(0.5), noise=np.float64(3))  # type: ignore[arg-type]
    assert made == Degradation(2, 4, 0.5, noise=3)
    assert [type(value) for value in made.to_dict().values()] == [int, int, float, str, str, float, float]


@pytest.mark.parametrize(
    "values",
    [
        {"time": 0},
        {"time": 17},
        {"time": 2.0},
        {"time": True},
        {"time": "2"},
        {"space": -1},
        {"space": None},
        {"exposure": 0},
        {"exposure": 1.01},
        {"exposure": float("nan")},
        {"exposure": "0.5"},
        {"exposure": [1]},
        {"shutter": "round"},
        {"shutter": ["box"]},
        {"noise": -1},
        {"noise": 129},
        {"noise": float("nan")},
        {"noise": None},
        {"blur": "cubic"},
        {"blur": ""},
        {"blur": 3},
        {"blur": None},
        {"blur": "gaussian"},
        {"blur": "gaussian:"},
        {"blur": "gaussian:wide"},
        {"blur": "gaussian:nan"},
        {"blur": "gaussian:0"},
        {"blur": "gaussian:-1"},
        {"blur": "gaussian:inf"},
        {"blur": "gaussian:1e-200"},
        {"speed": 2},
        {3: 4, "b": 1},
        ["time"],
        "time",
        None,
    ],
    ids=str,
)
def test_an_impossible_setting_is_refused_in_one_line(values: Any) -> None:
    with pytest.raises(StvsrError) as error:
        Degradation.from_dict(values)
    assert "\n" not in str(error.value)


def test_a_change_is_checked_and_leaves_the_original_alone() -> None:
    degradation = Degradation(2, 4)
    assert degradation.but(exposure=0.5) == Degradation(2, 4, 0.5)
    assert degradation.exposure == 1
    with pytest.raises(StvsrError, match="impossible"):
        degradation.but(noise=-1)


def test_a_degradation_says_what_matters() -> None:
    assert str(Degradation(1, 1)) == "1x time, 1x space"
    assert str(Degradation(5, 4, 0.8, noise=2)) == "5x time, 4x space, exposure 0.8, bicubic, noise 2"
    assert "trapezoid" in str(Degradation(5, 4, shutter="trapezoid"))


def test_the_package_hands_the_name_on() -> None:
    assert stvsr.physics.Degradation is Degradation


def test_compression_is_what_x264_makes_of_the_low_clip_and_gradients_pass_it():
    torch.manual_seed(0)
    coarse = torch.rand(1, 3, 2, 8, 8)
    high = torch.nn.functional.interpolate(coarse, size=(5, 64, 64), mode="trilinear").requires_grad_()
    plain = Degradation(time=1, space=2)
    low = plain.apply(high)
    errors = []
    for factor in (10, 30, 45):
        compressed = plain.but(compression=factor).apply(high)
        assert compressed.shape == low.shape
        assert torch.equal(compressed.detach(), (compressed.detach() * 255).round() / 255)
        errors.append(float((compressed - low).abs().mean()))
    assert 0 < errors[0] < errors[1] < errors[2]
    compressed.sum().backward()
    assert high.grad.abs().sum() > 0


@pytest.mark.parametrize("value", [-1, 52, "much", True])
def test_an_impossible_compression_is_refused(value):
    with pytest.raises(StvsrError, match="compression"):
        Degradation(compression=value)


def test_compression_alone_is_something_to_undo() -> None:
    assert not has_effect(Degradation())
    for changed in (Degradation(compression=20), Degradation(noise=1), Degradation(space=2), Degradation(time=2)):
        assert has_effect(changed)
