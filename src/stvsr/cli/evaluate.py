"""`stvsr evaluate`: how good a model is, beside baselines, on the user's own clips or on a benchmark."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stvsr.cli.figures import progress, show, show_protocols, show_table
from stvsr.cli.parameters import Whole, model_names

if TYPE_CHECKING:
    from stvsr.evaluation.clips import TestClip
    from stvsr.evaluation.evaluation import Choice, Request
    from stvsr.evaluation.measure import Report
    from stvsr.evaluation.papers.tables import PaperTable
    from stvsr.evaluation.results import Document


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
    from stvsr.device import choose_device
    from stvsr.errors import StvsrError
    from stvsr.evaluation.datasets import clips_in
    from stvsr.evaluation.evaluation import Request, choose, peers_of
    from stvsr.evaluation.excerpt import excerpt
    from stvsr.evaluation.methods.peers.packages import conflict
    from stvsr.evaluation.metrics.psnr_ssim import check_installed
    from stvsr.evaluation.papers.tables import TABLES

    check_installed()
    options = {"time": time, "space": space, "exposure": exposure, "shutter": shutter, "blur": blur, "noise": noise}
    request = Request(
        model or [],
        {name: value for name, value in options.items() if value is not None},
        iterations,
        frames,
        external or [],
        frames_of or [],
        baselines,
        ssim,
        metric or [],
        choose_device(device),
        peers,
        excerpt(start, crop),
    )
    if protocol == "list":
        show_protocols()
        return
    if protocol is not None and protocol in TABLES:
        _table(TABLES[protocol], data, request, json_, add)
        return
    if data is None:
        raise StvsrError("give what to measure on: a video, a folder of frames or a folder of such clips")
    clips = [request.excerpt.of(clip) for clip in clips_in(data, frames)]
    choice = choose(model, request.settings, iterations) if protocol is None else _chosen(protocol, request)
    choice = replace(choice, external=request.external, frames_of=request.frames_of)
    choice = replace(choice, peers=peers_of(choice.protocol, request))
    if peers and (wrong := conflict()):
        print(f"stvsr: {wrong}", file=sys.stderr)
    if peers and not choice.peers:
        raise StvsrError(f"--peers: there are none for {choice.protocol.scale}: they enlarge by 2 or 4; leave it out")
    others = choice.others()
    if not (choice.entries or baselines or others):
        what = choice.protocol.title
        raise StvsrError(f"nothing to measure: no model ships for {what}; give --model or leave --no-baselines out")
    if not choice.entries and not others:
        print(f"stvsr: no model ships for {choice.protocol.scale}: measuring interpolation only", file=sys.stderr)
    earlier = _earlier(json_, add, clips, [choice])
    document = _written(json_, lambda report: _single(data, clips, choice, request, protocol, earlier, report))
    show(document)


def _single(
    data: Path,
    clips: Sequence[TestClip],
    choice: Choice,
    request: Request,
    protocol: str | None,
    earlier: Document | None,
    report: Report,
) -> Document:
    """Measure one data set under one protocol."""
    from stvsr.evaluation.evaluation import measure, prepare
    from stvsr.evaluation.results import merged

    document = measure(clips, choice, request, prepare(request, report))
    document["data"]["name"] = request.excerpt.title(data.resolve().name)
    names = [entry.name for entry in choice.entries]
    told = request if protocol else _described(request, choice)
    document["command"] = told.command(data, names, protocol)
    return merged(earlier, document) if earlier else document


def _table(table: PaperTable, data: Path | None, request: Request, output: Path | None, add: bool) -> None:
    """Measure the parts of a table whose data are there, and show all of it."""
    from stvsr.errors import StvsrError
    from stvsr.evaluation.papers.measure import choices, find_data, measure_table

    if add:
        raise StvsrError("--add: a table is measured as a whole; leave it out")
    chosen = choices(table, request)
    found = find_data(table, data, request.frames)
    _earlier(output, False, [clip for _, clips in found for clip in clips], chosen)
    document = _written(output, lambda report: measure_table(table, found, chosen, request, data, report))
    show_table(table, document)


def _written(output: Path | None, measure: Callable[[Report], Document]) -> Document:
    """Measure, write the file if there is to be one, and return the document."""
    from stvsr.evaluation.results import to_json
    from stvsr.files import atomic_write

    with atomic_write(output) if output else nullcontext() as file:
        with progress() as report:
            document = measure(report)
        if file:
            file.write_text(to_json(document), encoding="utf-8")
    return document


def _chosen(protocol: str, request: Request) -> Choice:
    """Return what is measured under a protocol that the user named."""
    from stvsr.errors import StvsrError
    from stvsr.evaluation.evaluation import choose_for, fits
    from stvsr.evaluation.protocols import PROTOCOLS
    from stvsr.models.zoo import find

    if protocol not in PROTOCOLS:
        raise StvsrError(f"--protocol {protocol}: there is none of that name; '--protocol list' names them all")
    for name in request.settings:
        raise StvsrError(f"--{name}: {protocol} says itself how clips are degraded; leave it out")
    for name in request.models:
        if not fits(find(name), PROTOCOLS[protocol]):
            raise StvsrError(f"{name} cannot be measured under {protocol}: choose another one")
    return choose_for(PROTOCOLS[protocol], request.models, request.iterations)


def _earlier(output: Path | None, add: bool, clips: Sequence[TestClip], choices: Sequence[Choice]) -> Document | None:
    """Return the document to add to; refuse to write over a file that is read, or to add what does not belong."""
    from stvsr.errors import StvsrError
    from stvsr.evaluation.results import check_same, read
    from stvsr.models.zoo import CONFIG, TENSORS
    from stvsr.video.output import check_output

    if output is None:
        if add:
            raise StvsrError("--add: give the file to add to with --json")
        return None
    for source in (file for clip in clips for file in (*clip.files, *(clip.low.files if clip.low else ()))):
        check_output(source, output)
    for entry in (entry for choice in choices for entry in choice.entries):
        check_output(entry.folder / CONFIG, output)
        check_output(entry.folder / TENSORS, output)
    if not add or not output.exists():
        return None
    document = read(output)
    check_same(document, choices[0].protocol, clips)
    return document


def _described(request: Request, choice: Choice) -> Request:
    """Return the request with the scale in it that only its defaults told."""
    if choice.entries or choice.protocol.degradation is not None:
        return request
    scale = choice.protocol.scale
    return replace(request, settings={**request.settings, "time": scale.time, "space": scale.width})
