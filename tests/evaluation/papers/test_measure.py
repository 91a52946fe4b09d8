import numpy as np
import pytest
import torch
from PIL import Image

from studies.page import markdown
from stvsr.errors import StvsrError
from stvsr.evaluation.datasets import VID4
from stvsr.evaluation.documents import read
from stvsr.evaluation.measure import low_frames
from stvsr.evaluation.options import EvaluationOptions
from stvsr.evaluation.papers.cost import gmac_per_megasample
from stvsr.evaluation.papers.measure import PaperEvaluation, choices, find_data
from stvsr.evaluation.papers.tables import TABLES
from stvsr.models.checkpoint import build, save

HEIGHT, WIDTH = 24, 32


def frames(count, seed=0):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = [np.sin(x / 3 + t / 4 + seed) * np.cos(y / 4 - t / 5) for t in range(count)]
    return [np.rint(127 + 90 * np.stack([wave, wave[::-1], -wave], axis=-1)).astype(np.uint8) for wave in waves]


def write(folder, pictures):
    folder.mkdir(parents=True)
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{i:08d}.png")


@pytest.fixture
def general(tmp_path):
    torch.manual_seed(0)
    flow = {"channels": [4], "kernel": 3, "levels": 1}
    enhancer = {"kind": "convolutional", "features": 4, "blocks": 1, "layers": 2, "growth": 4}
    config = {"family": "davsr", "iterations": 1, "hidden": 4, "motion": flow, "enhancer": enhancer}
    save(build(config, "davsr-tiny"), tmp_path / "general")
    return str(tmp_path / "general")


@pytest.fixture
def small(tmp_path):
    torch.manual_seed(0)
    upsampler = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 2, "growth": 4}
    save(build({"scale": [2, 1], "upsampler": upsampler}, "staa-2t1s-tiny"), tmp_path / "small")
    return str(tmp_path / "small")


def measured(name, data, **options):
    given = EvaluationOptions(data=data, protocol=name, ssim=False, device="cpu", **options)
    return PaperEvaluation.of(TABLES[name], given).run()


def methods(one):
    return [row.method for row in one.rows]


def test_what_is_there_is_measured_and_what_is_not_is_told(tmp_path, small):
    for number, name in enumerate(VID4):
        write(tmp_path / "vid4" / name, frames(3, number))
    document = measured("staa-table-1", tmp_path, models=[small], baselines=False)
    parts = {one.part: one for one in document.measurements}
    assert "toflow" in parts["2t1s-vimeo90k"].missing
    assert methods(parts["2t1s-vimeo90k"]) == ["XVFI", "FLAVR", "STAA"]
    assert methods(parts["2t1s-vid4"]) == ["staa-2t1s-tiny"]  # a part of Vid4 stands beside no published figure
    assert "give one with --model" in parts["2t4s-vid4"].missing
    assert document.provenance.command == (
        f"stvsr evaluate {tmp_path.name} --model staa-2t1s-tiny --protocol staa-table-1 --no-baselines --no-ssim"
    )
    page = markdown([document])
    assert "## STAA, Table 1: Methods that shrink clips and expand them" in page
    assert "Not measured: fetch 'The original training" in page
    document.save(tmp_path / "one.json")
    assert read(tmp_path / "one.json") == document


def test_the_whole_of_a_data_set_stands_beside_what_was_published(tmp_path, small):
    for name, count in VID4.items():
        write(tmp_path / name, [frame[:11, :11] for frame in frames(count)])
    document = measured("staa-table-1", tmp_path, models=[small], baselines=False)
    (whole,) = (one for one in document.measurements if one.part == "2t1s-vid4")
    assert methods(whole) == ["XVFI", "FLAVR", "STAA", "staa-2t1s-tiny"]
    page = markdown([document])
    assert "▼ |" in page
    assert "below the best published PSNR" in page
    assert "Measured on Vid4." in page


def test_other_clips_serve_where_none_of_the_data_sets_is_there(tmp_path, small):
    write(tmp_path / "mine" / "a", frames(4))
    document = measured("staa-fig-17", tmp_path / "mine", models=[small])
    kept = {one.part: one.kept for one in document.measurements}
    assert (kept["2t1s-vimeo90k"], kept["1t2s-vimeo90k"], kept["2t4s-vimeo90k"]) == (0.5, 0.25, 0.03125)
    first = document.measurements[0]
    assert first.data.name == "mine"
    assert methods(first)[-1] == "staa-2t1s-tiny"
    assert {row.kind for row in first.rows} == {"baseline", "model"}


def test_the_low_clips_of_reds_are_restored_by_models_that_are_told_of_them(tmp_path, general):
    from stvsr.evaluation.clips import find_clips
    from stvsr.evaluation.protocols import degraded_protocol

    (part,) = TABLES["davsr-table-1"].parts
    for number, name in enumerate(("000", "011")):
        write(tmp_path / "train_orig" / name, frames(15, number))
        (clip,) = find_clips(tmp_path / "train_orig" / name)
        low = list(low_frames(None, clip, degraded_protocol(part.protocol.degradation)))
        write(tmp_path / "train_blur_bicubic" / "X4" / name, low)
    document = measured("davsr-table-1", tmp_path, models=[general])
    (one,) = document.measurements
    assert methods(one)[:3] == ["bicubic (a = -0.75) + linear blend", "trilinear", "nearest"]
    assert methods(one)[-1] == "davsr-tiny"
    assert [clip.size for clip in one.data.clips] == [(15, HEIGHT, WIDTH)] * 2
    parts = measured("davsr-table-3", tmp_path, models=[general], baselines=False).measurements[0]
    assert methods(parts)[-2:] == ["without data step", "whole"]
    assert parts.rows[-1].weights_sha256
    whole = [row.value("all") for row in (one.rows[-1], parts.rows[-1])]
    assert whole[0] == whole[1]


def test_a_rate_change_is_measured_on_any_fast_clip_beside_what_others_had_on_theirs(tmp_path):
    write(tmp_path / "fast" / "a", frames(13))
    document = measured("staa-table-7", tmp_path / "fast")
    (one,) = document.measurements
    assert methods(one)[:7] == [
        "ffmpeg", "Premiere, sampling", "Premiere, blending", "Premiere, optical flow warping", "STAA",
        "nearest frame", "linear blend",
    ]  # fmt: skip
    assert one.data.clips[0].size == (3, HEIGHT, WIDTH)
    assert "clips of its own" in markdown([document])


def test_a_general_model_changes_rates_as_retime_does(tmp_path, general):
    write(tmp_path / "fast" / "a", frames(13))
    (one,) = measured("staa-table-7", tmp_path / "fast", models=[general], baselines=False).measurements
    assert methods(one)[-1] == "davsr-tiny"
    assert one.rows[-1].value("all") > 5


def test_operations_are_counted_by_the_weights_that_outputs_use(small):
    layers = torch.nn.Sequential(torch.nn.Conv3d(3, 4, 3, padding=1), torch.nn.Conv3d(4, 3, 1))
    counted = gmac_per_megasample(layers, torch.zeros(1, 3, 2, 5, 6))
    assert counted == pytest.approx((4 * 3 * 27 + 3 * 4) / 3 / 1e3)
    document = measured("staa-table-4", None)
    (one,) = document.measurements
    counted = {row.method: row.gmac_per_megasample for row in one.rows}
    assert counted["STAA"] == 163.98
    assert counted["STAA, built here"] == pytest.approx(163.98, rel=0.03)
    assert "| STAA *(published: STAA, Table 4)* | 163.98 |" in markdown([document])


def test_what_fits_nothing_is_refused(tmp_path, general, small):
    with pytest.raises(StvsrError, match="fits no part of staa-table-1"):
        choices(TABLES["staa-table-1"], EvaluationOptions(models=[general]))
    with pytest.raises(StvsrError, match="fits no part of davsr-table-2"):
        choices(TABLES["davsr-table-2"], EvaluationOptions(models=[small]))
    with pytest.raises(StvsrError, match="--exposure: davsr-table-2 says itself"):
        choices(TABLES["davsr-table-2"], EvaluationOptions(exposure=0.5))
    with pytest.raises(StvsrError, match="no such file or folder"):
        find_data(TABLES["davsr-table-2"], tmp_path / "missing")
