"""A small measurement against a copy of its result: what changes a figure is seen.

After a change that is meant, such as new weights, `python tests/evaluation/test_golden.py` writes the copy anew.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stvsr.evaluation.choice import choose_for
from stvsr.evaluation.clips import find_clips
from stvsr.evaluation.evaluation import Evaluation
from stvsr.evaluation.methods.interpolation import Interpolation, Subsampling, baselines_for, interpolations
from stvsr.evaluation.methods.motion import Cascade
from stvsr.evaluation.protocols import DAVSR_5T4S, STAA_2T1S
from stvsr.evaluation.results import Results

GOLDEN = Path(__file__).parent / "golden"
NAMES = ("staa-2t1s", "davsr-5t4s")
TOLERANCES = {"psnr": 0.02, "ssim": 0.0005, "warping": 0.02, "flow": 0.01, "profile": 0.001, "flicker": 0.02}
FRAMES, HEIGHT, WIDTH = 10, 45, 54


def picture(name, t):
    """Waves that move and, in one clip, a disc before them; whole numbers come of exact arithmetic but for sine."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    waves = [np.sin((x - 1.5 * t) / (3 + k)) * np.cos((y + 0.5 * t) / 4) for k in range(3)]
    image = 127 + 80 * np.stack(waves, axis=-1)
    if name == "disc":
        image[(x - 10 - 3 * t) ** 2 + (y - 22) ** 2 < 60] = (230, 60, 30)
    return np.rint(image).astype(np.uint8)


def clips(folder):
    for name in ("disc", "waves"):
        (folder / name).mkdir()
        for t in range(FRAMES):
            Image.fromarray(picture(name, t)).save(folder / name / f"{t:02d}.png")
    return find_clips(folder)


def document(name, folder):
    """Measure without what depends on the version of FFmpeg or OpenCV."""
    if name == "staa-2t1s":
        protocol = STAA_2T1S
        choice = choose_for(protocol, ["staa-2t1s-compact"])
        flow = Cascade(Subsampling(protocol.scale).degradation, "SPyNet warping")
        methods, details = [*baselines_for(protocol.scale), flow, *choice.models("cpu")], choice.details
    else:
        protocol, details = DAVSR_5T4S, {}
        lanczos = Interpolation(protocol.degradation, "lanczos")
        methods = [*interpolations(protocol.degradation), lanczos]
    found = clips(folder)
    evaluation = Evaluation(methods, found, protocol, ["temporal"], details=details, data="synthetic")
    made = json.loads(replace(evaluation.run(), environment={}).to_json())
    for row in made["rows"]:
        row.pop("seconds_per_megapixel")
    for clip in made["data"]["clips"]:
        clip["sha256"] = ""  # of PNG files, which Pillow may compress otherwise
    return made


def differences(ours, golden, place=""):
    """Where two documents differ by more than the tolerance of the figure."""
    if isinstance(golden, dict):
        if set(ours) != set(golden):
            return [f"{place}: {sorted(set(ours) ^ set(golden))}"]
        return [text for key in golden for text in differences(ours[key], golden[key], f"{place}/{key}")]
    if isinstance(golden, list):
        if len(ours) != len(golden):
            return [f"{place}: {len(ours)} for {len(golden)}"]
        pairs = zip(ours, golden, strict=True)
        return [text for i, (a, b) in enumerate(pairs) for text in differences(a, b, f"{place}/{i}")]
    tolerance = next((value for name, value in TOLERANCES.items() if f"/{name}" in place), 0)
    if isinstance(golden, float) and isinstance(ours, (int, float)):
        return [] if abs(ours - golden) <= tolerance else [f"{place}: {ours} for {golden}"]
    return [] if ours == golden else [f"{place}: {ours} for {golden}"]


@pytest.mark.parametrize("name", NAMES)
def test_a_small_measurement_gives_its_golden_result(name, tmp_path):
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    made = document(name, tmp_path)
    for ours, theirs in zip(made["rows"], golden["rows"], strict=True):
        assert ours.get("weights_sha256") == theirs.get("weights_sha256"), "other weights: write the copy anew"
    assert differences(made, golden) == []


def test_a_difference_beyond_the_tolerance_is_found():
    golden = json.loads((GOLDEN / "staa-2t1s.json").read_text())
    changed = json.loads(json.dumps(golden))
    assert differences(changed, golden) == []
    changed["rows"][0]["mean"]["synthesised"]["psnr_rgb"] += 0.01
    assert differences(changed, golden) == []
    changed["rows"][0]["mean"]["synthesised"]["psnr_rgb"] += 0.02
    changed["rows"][-1]["clips"]["disc"]["frames"]["flicker"][3] += 1
    changed["protocol"]["text"] += "."
    del changed["rows"][1]["clips"]["waves"]
    assert [text.split(":")[0] for text in differences(changed, golden)] == [
        "/protocol/text",
        "/rows/0/mean/synthesised/psnr_rgb",
        "/rows/1/clips",
        f"/rows/{len(golden['rows']) - 1}/clips/disc/frames/flicker/3",
    ]


if __name__ == "__main__":
    import tempfile

    GOLDEN.mkdir(exist_ok=True)
    for one in NAMES:
        with tempfile.TemporaryDirectory() as place:
            Results.from_dict(document(one, Path(place))).save(GOLDEN / f"{one}.json")
