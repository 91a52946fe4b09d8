"""How far optical flow is from the truth, and how well frames between two others come out along it.

    export STVSR_DATA=/folder/with/val,stills
    python benchmarks/flow.py [spynet-compact | FOLDER] [--threads 2] [--scenes 48]

The first table is the mean end-point error in pixels on scenes that no training saw (seeds from two million on), where
one surface is seen in both frames, by the length of the true motion; sharp frames are instants, blurred ones exposed
for the whole time from one frame to the next. The second is the PSNR of the frame half way between two others, made
as the mean of both warped along half their flows (``F_{t->1} = F_{2->1} / 2``), on the validation clips at a third of
their size: low frames 2 or 4 frames apart, exposed for one frame or all the time. Without motion that is a blend.

OpenCV's DIS (Kroeger et al., ECCV 2016) is measured too where OpenCV is installed: pip install opencv-python-headless.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from timing import machine, shortest
from torch import Tensor

from studies.flow.losses import end_point_error
from studies.flow.scenes import PAIRS, FlowScenes, scene_settings
from stvsr.data.cache import ClipCache
from stvsr.data.clips import open_clips
from stvsr.layers.optical_flow import load_flow, warp

Flow = Callable[[Tensor, Tensor], Tensor]

SEED = 2_000_000
BOUNDS = (0.0, 2.0, 8.0, 40.0)
MEGAPIXEL = (768, 1344)


def no_motion(first: Tensor, second: Tensor) -> Tensor:
    """Return a flow of zeros."""
    return first.new_zeros(len(first), 2, *first.shape[-2:])


def dis(preset: str) -> Flow | None:
    """Return OpenCV's DIS flow on luma with a preset, or None without OpenCV."""
    try:
        import cv2
    except ImportError:
        return None
    cv2.setNumThreads(torch.get_num_threads())
    search = cv2.DISOpticalFlow_create(getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset}"))
    luma = torch.tensor([0.299, 0.587, 0.114])[:, None, None]

    def flow(first: Tensor, second: Tensor) -> Tensor:
        found = []
        for pair in zip(first, second, strict=True):
            grey = [((picture * luma).sum(dim=0) * 255).round().byte().numpy() for picture in pair]
            found.append(torch.from_numpy(search.calc(*grey, None)).permute(2, 0, 1))
        return torch.stack(found)

    return flow


def tensor(frames: np.ndarray) -> Tensor:
    """Return the mean of ``(n, h, w, 3)`` uint8 frames, rounded to 8 bits, as ``(1, 3, h, w)``."""
    mean = np.round(frames.mean(axis=0, dtype=np.float32)) / np.float32(255)
    return torch.from_numpy(mean).permute(2, 0, 1)[None]


def pairs(scenes: FlowScenes, blurred: bool) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Give first, second, flow and where it counts for every pair of every scene."""
    for number in range(len(scenes)):
        scene = scenes[number]
        for index, (first, second) in enumerate(PAIRS):
            half = (second - first) // 2 if blurred else 0
            one, other = (tensor(scene.instants[at - half : at + half + 1]) for at in (first, second))
            field = torch.from_numpy(scene.fields[index].astype(np.float32))[None]
            yield one, other, field[:, :2], field[:, 2:] > 0.99


def errors(flow: Flow, scenes: FlowScenes, blurred: bool) -> list[float]:
    """Return the mean end-point error for each range of lengths of the motion, and over all."""
    total, count = np.zeros(len(BOUNDS)), np.zeros(len(BOUNDS))
    for first, second, truth, seen in pairs(scenes, blurred):
        error, length = end_point_error(flow(first, second), truth), truth.norm(dim=1, keepdim=True)
        chosen = [seen & (length >= low) & (length < high) for low, high in pairwise(BOUNDS)]
        for index, where in enumerate([*chosen, seen]):
            total[index] += float(error[where].sum())
            count[index] += int(where.sum())
    return (total / count).tolist()


def triples(folder: str, gap: int, exposure: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Give first, between and second low frames of every validation clip."""
    clips = open_clips({"kind": "videos", "path": folder, "shrink": 3})
    for index in range(len(clips)):
        frames, height, width = clips.shape(index)
        clip = clips.crop(index, 0, frames, 0, 0, height, width)
        for start in range(0, frames - gap - exposure + 1, gap):
            first, between, second = (tensor(clip[at : at + exposure]) for at in (start, start + gap // 2, start + gap))
            yield first, between, second


def middle_psnr(flow: Flow, folder: str, gap: int, exposure: int) -> float:
    """Return the mean PSNR in dB of the frame between, over all triples."""
    found = []
    for first, between, second in triples(folder, gap, exposure):
        made = (warp(first, flow(second, first) / 2) + warp(second, flow(first, second) / 2)) / 2
        found.append(-10 * float((made - between).square().mean().clamp_min(1e-10).log10()))
    return float(np.mean(found))


def table(head: list[str], rows: dict[str, list[float]], digits: int) -> str:
    """Return a Markdown table with one row per method."""
    lines = ["| " + " | ".join(["flow", *head]) + " |", "|---" * (len(head) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(f"{value:.{digits}f}" for value in row) + " |" for name, row in rows.items()]
    return "\n".join(lines)


@torch.inference_mode()
def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("network", nargs="?", default="spynet-compact", help="bundled name or folder of a network")
    parser.add_argument("--scenes", type=int, default=48)
    parser.add_argument("--cache", help="folder for rendered scenes and decoded clips")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = Path(os.environ.get("STVSR_DATA", "."))
    stills = str(data / "stills") if (data / "stills").is_dir() else None
    methods: dict[str, Flow] = {"none": no_motion, Path(options.network).name: load_flow(options.network)}
    for preset in ("FAST", "MEDIUM"):
        if (search := dis(preset)) is not None:
            methods[f"DIS {preset.lower()}"] = search
    print(machine(torch.device("cpu")) + ("" if len(methods) > 2 else "; without DIS: OpenCV is not installed"))

    scenes = FlowScenes(scene_settings(stills=stills), options.scenes, SEED, ClipCache(options.cache))
    ranges = [f"{low:.0f}..{high:.0f} px" for low, high in pairwise(BOUNDS)] + ["all"]
    rows = {name: errors(flow, scenes, False) + errors(flow, scenes, True) for name, flow in methods.items()}
    frames = torch.rand(2, 1, 3, *MEGAPIXEL)
    size = MEGAPIXEL[0] * MEGAPIXEL[1] / 1e6
    for name, flow in methods.items():
        rows[name].append(shortest(lambda flow=flow: flow(*frames), torch.device("cpu")) / size)  # type: ignore[misc]
    head = [f"{kind}, {part}" for kind in ("sharp", "blurred") for part in ranges]
    print("\nEnd-point error in pixels\n\n" + table([*head, "s per megapixel"], rows, 3))

    if (data / "val").is_dir():
        cases = [(2, 1), (2, 2), (4, 1), (4, 4)]
        psnr = {name: [middle_psnr(flow, str(data / "val"), *case) for case in cases] for name, flow in methods.items()}
        print("\nPSNR of the frame between, dB\n\n" + table([f"gap {g}, exposure {e}" for g, e in cases], psnr, 2))


if __name__ == "__main__":
    main()
