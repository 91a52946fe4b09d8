"""`stvsr evaluate`: how good a model is, beside baselines, on the user's own clips or on a benchmark."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from stvsr.cli.figures import progress, show_protocols, show_results
from stvsr.cli.parameters import Whole, model_names


def evaluate(
    data: Path | None = None,
    /,
    *,
    protocol: str | None = None,
    model: Annotated[list[str] | None, Parameter(negative="", validator=model_names)] = None,
    time: Whole = None,
    space: Whole = None,
    exposure: float | None = None,
    shutter: str | None = None,
    blur: str | None = None,
    noise: float | None = None,
    iterations: Whole = None,
    frames: Whole = None,
    start: str | None = None,
    crop: str | None = None,
    json_: Path | None = None,
    add: bool = False,
    baselines: bool = True,
    peers: Annotated[bool, Parameter(negative="")] = False,
    ssim: bool = True,
    metric: Annotated[list[str] | None, Parameter(negative="")] = None,
    external: Annotated[list[str] | None, Parameter(negative="")] = None,
    frames_of: Annotated[list[str] | None, Parameter(negative="")] = None,
    device: str = "auto",
) -> None:
    """Measure PSNR and SSIM of models and baselines: shrink clips, restore them, compare with the truth.

    A staa model shrinks the clips by itself. A davsr model is told how they were degraded: by --time, --space,
    --exposure, --shutter, --blur and --noise as 'stvsr upscale' takes them, what is not given being the model's own
    default; every method then restores the same low clip. '--time 5 --space 4 --exposure 1' is Table 2 of DAVSR.

    --protocol measures a table of the papers behind this program, on those of its data sets that DATA is or holds, and
    says what to fetch for the rest; without DATA it only shows what was published. --protocol list names them all.

    Args:
        data: A video, a folder of frames, or a folder of such clips, as Vid4; REDS and Vimeo-90k as they unpack.
        protocol: list, or the name of what to measure, which then says how clips are degraded.
        model: A bundled name, a model folder or a hub id; repeat it for several of one scale. Without it, the model
            that ships for --time and --space, or for a degradation.
        time: Factor in time, by default the model's, or 2.
        space: Factor in space, by default the model's, or 4.
        exposure: The share of a low frame's duration for which the shutter is open, above 0 and at most 1.
        shutter: box or trapezoid.
        blur: bicubic, area, gaussian:SIGMA or a NumPy file of taps.
        noise: Standard deviation of noise that is added to the low clip, in steps of 8 bits.
        iterations: Rounds of restoration of a davsr model, 1 to 16, if not its own number.
        frames: Use only so many frames of each clip.
        start: The number of the first of these, counted from 0, or middle: those in the middle of the clip.
        crop: Use only the middle of every frame, WIDTHxHEIGHT.
        json_: Write all figures, frame by frame, with what is needed to check them, to this file.
        add: Keep the rows of other methods that the file of --json holds already, of the same data and protocol.
        baselines: Measure interpolation too, on the same frames.
        peers: Measure published networks too, on the same frames: SPAN, Real-ESRGAN and RIFE, alone and one after the
            other. They come with other packages (docs/peers.md).
        ssim: Measure SSIM as well, which takes longer than most methods.
        metric: Another metric; repeat it for several. temporal: warping error, flow error, x-t profile error and
            flicker; temporal-dis: the same by OpenCV's optical flow, which is quicker; lpips; vmaf.
        external: A function of yours, MODULE:FUNCTION or file.py:FUNCTION, called with (frames, time, space) for each
            clip: frames (t, h, w, 3) uint8 RGB in, (t * time, h * space, w * space, 3) out. Repeat it for several.
        frames_of: A folder with the result frames of another program, a folder or a video for each clip, or
            NAME=FOLDER. Repeat it for several.
        device: Where to compute: auto (CUDA where there is one), cpu, cuda or cuda:1.
    """
    if protocol == "list":
        show_protocols()
        return
    from stvsr.evaluation.api import plan_evaluation
    from stvsr.evaluation.options import EvaluationOptions

    options = EvaluationOptions(
        models=model or [],
        data=data,
        protocol=protocol,
        time=time,
        space=space,
        exposure=exposure,
        shutter=shutter,
        blur=blur,
        noise=noise,
        iterations=iterations,
        frames=frames,
        start=start,
        crop=crop,
        json=json_,
        add=add,
        baselines=baselines,
        peers=peers,
        ssim=ssim,
        metric=metric or [],
        external=external or [],
        frames_of=frames_of or [],
        device=device,
    )
    plan = plan_evaluation(options)
    for note in plan.notes:
        print(f"stvsr: {note}", file=sys.stderr)
    with progress() as report:
        results = plan.run(report)
    show_results(results)
