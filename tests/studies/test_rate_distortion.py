import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from studies import rate_distortion
from studies.page import markdown
from studies.rate_distortion import FULL_SIZE, Way, baselines, compared, main, model_way, send
from studies.rate_report import mean
from stvsr.evaluation.clips import TestClip
from stvsr.evaluation.documents import BDRate, read
from stvsr.figures.plot.rates import rates
from stvsr.figures.plot.style import ACCENT, styled
from stvsr.models.checkpoint import build, save
from stvsr.video.encoders import LOSSLESS_RGB, encoder
from stvsr.video.writer import VideoWriter

SMALL = {"features": 4, "temporal": "none", "blocks": 1, "dense": 1, "layers": 1, "growth": 4}


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Six frames of 64x64 at 50 frames a second: a smooth pattern that slides."""
    path = tmp_path_factory.mktemp("rd") / "one.mkv"
    y, x = np.mgrid[:64, :64]
    with VideoWriter(path, 64, 64, Fraction(50), encoder=LOSSLESS_RGB) as writer:
        for i in range(6):
            wave = 127 + 60 * np.sin((x - 1.5 * i) / 6) * np.cos((y + i) / 5)
            writer.write(np.rint(np.dstack([wave, wave.T, 255 - wave])).astype(np.uint8), Fraction(i, 50))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "staa-2t2s-tiny"
    save(build({"scale": [2, 2], "upsampler": SMALL}, "staa-2t2s-tiny"), folder, {"training": {"steps": 1}})
    return folder


def test_bits_are_of_the_packets_and_rates_of_the_original(clip):
    sent = send(Way(FULL_SIZE), TestClip("one", [clip]), encoder("h264", 30))
    point = sent.point(30)
    assert len(sent.qualities) == 6
    assert point["bpp"] == pytest.approx(sent.bits / (6 * 64 * 64), rel=1e-5)
    assert point["kbps"] == pytest.approx(sent.bits * 50 / 6 / 1000, rel=1e-5)
    assert 0 < sent.bits < 8 * clip.stat().st_size


@pytest.mark.parametrize("way", baselines(), ids=lambda way: way.name)
def test_every_way_gives_all_frames_of_the_original_size_and_the_lossless_limit_is_high(way, clip):
    sent = send(way, TestClip("one", [clip]), encoder("ffv1"))
    assert len(sent.qualities) == 6
    assert min(quality.psnr_y for quality in sent.qualities) > 28
    assert sent.pixels == 6 * 64 * 64


def test_curves_are_compared_with_the_codec_at_full_size():
    def row(name, factor):
        points = [(0.1, 30.0), (0.2, 33.0), (0.4, 36.0)]
        curve = [
            {"crf": 40 - i, "bpp": factor * rate, "kbps": rate, "psnr_y": q, "psnr_rgb": q - 2, "ssim_y": q / 40}
            for i, (rate, q) in enumerate(points)
        ]
        return {"method": name, "kind": "baseline", "clips": {"a": curve, "b": curve}}

    anchor, half, more = compared([row(FULL_SIZE, 1), row("half", 0.5), row("more", 1.1)])
    assert anchor["bd_rate"]["psnr_y"]["mean"] == 0
    assert half["bd_rate"]["psnr_rgb"] == {
        "mean": -50.0,
        "clips": {"a": -50.0, "b": -50.0},
        "overlap": {"a": 1, "b": 1},
    }
    assert [point["saving_y"] for point in half["curve"]] == [-50.0] * 3
    assert half["cheaper"]["psnr_y"] == [[0.1, 0.4]]
    assert more["cheaper"]["psnr_y"] == []
    assert more["bd_rate"]["ssim_y"]["mean"] == pytest.approx(10)


def test_the_command_writes_what_the_page_and_the_figure_show(clip, model, tmp_path, monkeypatch, capsys):
    output = tmp_path / "rd-one.json"
    words = [str(clip.parent), str(output), "--codec", "h264", "--rates", "20", "32", "44", "--model", str(model)]
    assert main(words) == 0
    document = read(output)
    assert [row.method for row in document.rows] == [*(way.name for way in baselines()), "staa-2t2s-tiny"]
    for row in document.rows:
        bits = [point["bpp"] for point in row.clips["one"]]
        assert bits == sorted(bits, reverse=True)
        assert all(math.isfinite(value) for point in row.curve for value in point.values() if value is not None)
    assert document.data.clips[0].rate == "50"
    page = markdown([document])
    assert "BD-rate, PSNR Y" in page
    assert document.provenance.command in page
    with styled():
        (panel,) = rates([document]).axes
    assert len(panel.lines) == len(baselines()) + 1
    assert panel.lines[-1].get_color() == ACCENT

    sent = []
    monkeypatch.setattr(rate_distortion, "send", lambda way, *rest: sent.append(way.name))
    assert main([*words, "--add"]) == 0
    assert (sent, read(output).rows) == ([], document.rows)
    for others in ([*words, "--frames", "4"], [*words[:3], "h265", *words[4:]]):
        assert main([*others, "--add"]) == 2
        assert "leave --add out" in capsys.readouterr().err


def test_the_page_says_of_how_many_clips_a_mean_is():
    assert mean(BDRate(-3.14, {"a": -3.14, "b": -3.14})) == "\N{MINUS SIGN}3.1 %"
    assert mean(BDRate(2.0, {"a": 2.0, "b": None})) == "+2.0 % (1 of 2 clips)"
    assert mean(BDRate(None, {"a": None})) == "– (0 of 1 clips)"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--rates", "20", "20"], "--rates: give at least 2 different rate factors"),
        (["--rates", "20", "99"], "quality 99 is not between"),
        (["--model", "nothing"], "no model 'nothing'"),
        (["--pixel-format", "grey"], "choose one of yuv420p"),
        (["--frames", "0"], "give at least one frame"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(clip, tmp_path, capsys, words, told):
    assert main([str(clip), str(tmp_path / "out.json"), *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_general_model_makes_up_every_second_frame():
    way = model_way("davsr-compact", "cpu")
    assert way.name == "half the frames + davsr-compact"
    assert way.step == 2
