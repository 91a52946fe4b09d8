"""`stvsr evaluate`: how good a model is, beside baselines, on the user's own clips or on a benchmark."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stvsr.cli.parameters import Whole, model_names

if TYPE_CHECKING:
    from rich.console import Console

    from stvsr.evaluation.choice import Choice
    from stvsr.evaluation.clips import TestClip
    from stvsr.evaluation.request import Request
    from stvsr.evaluation.results import Document
    from stvsr.evaluation.run import Report


def evaluate(
    data: Path,
    /,
    *,
    model: Annotated[list[str] | None, Parameter(negative="", validator=model_names)] = None,
    time: Whole = None,
    space: Whole = None,
    exposure: float | None = None,
    shutter: str | None = None,
    blur: str | None = None,
    noise: float | None = None,
    iterations: Whole = None,
    frames: Whole = None,
    json_: Path | None = None,
    add: bool = False,
    baselines: bool = True,
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

    Args:
        data: A video, a folder of frames, or a folder of such clips, as Vid4; REDS and Vimeo-90k as they unpack.
        model: A bundled name, a model folder or a hub id; repeat it for several of one scale. Without it, the model
            that ships for --time and --space, or for a degradation.
        time: Factor in time, by default the model's, or 2.
        space: Factor in space, by default the model's, or 4.
        exposure: The share of a low frame's duration for which the shutter is open, above 0 and at most 1.
        shutter: box or trapezoid.
        blur: bicubic, area, gaussian:SIGMA or a NumPy file of taps.
        noise: Standard deviation of noise that is added to the low clip, in steps of 8 bits.
        iterations: Rounds of restoration of a davsr model, 1 to 16, if not its own number.
        frames: Use only so many frames from the start of each clip.
        json_: Write all figures, frame by frame, with what is needed to check them, to this file.
        add: Keep the rows of other methods that the file of --json holds already, of the same data and protocol.
        baselines: Measure interpolation too, on the same frames.
        ssim: Measure SSIM as well, which takes longer than most methods.
        metric: Another metric; repeat it for several. temporal: warping error, flow error, x-t profile error and
            flicker; temporal-dis: the same by OpenCV's optical flow, which is quicker; lpips; vmaf.
        external: A function of yours, MODULE:FUNCTION or file.py:FUNCTION, called with (frames, time, space) for each
            clip: frames (t, h, w, 3) uint8 RGB in, (t * time, h * space, w * space, 3) out. Repeat it for several.
        frames_of: A folder with the result frames of another program, a folder or a video for each clip, or
            NAME=FOLDER. Repeat it for several.
        device: Where to compute: auto (CUDA where there is one), cpu, cuda or cuda:1.
    """
    from stvsr.errors import StvsrError
    from stvsr.evaluation.choice import choose
    from stvsr.evaluation.datasets import clips_in
    from stvsr.evaluation.metrics import check_installed
    from stvsr.evaluation.request import Request, measure, prepare
    from stvsr.evaluation.results import merged, to_json
    from stvsr.restoration.stream import choose_device
    from stvsr.video.output import PartialFile

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
    )
    clips = clips_in(data, frames)
    choice = choose(model, request.settings, iterations)
    choice = replace(choice, external=request.external, frames_of=request.frames_of)
    others = choice.others()
    if not (choice.entries or baselines or others):
        what = choice.protocol.title
        raise StvsrError(f"nothing to measure: no model ships for {what}; give --model or leave --no-baselines out")
    if not choice.entries and not others:
        print(f"stvsr: no model ships for {choice.protocol.scale}: measuring interpolation only", file=sys.stderr)
    earlier = _earlier(json_, add, clips, choice)
    output = PartialFile(json_) if json_ else None
    try:
        with _progress() as report:
            document = measure(clips, choice, request, prepare(request, report))
        document["data"]["name"] = data.resolve().name
        document["command"] = _described(request, choice).command(data, [entry.name for entry in choice.entries])
        if earlier:
            document = merged(earlier, document)
        _show(document)
        if output:
            output.path.write_text(to_json(document), encoding="utf-8")
            output.keep()
    finally:
        if output:
            output.discard()


def _earlier(output: Path | None, add: bool, clips: Sequence[TestClip], choice: Choice) -> Document | None:
    """Return the document to add to; refuse to write over a file that is read, or to add what does not belong."""
    from stvsr.errors import StvsrError
    from stvsr.evaluation.results import check_same, read
    from stvsr.models.zoo import CONFIG, TENSORS
    from stvsr.video.output import check_output

    if output is None:
        if add:
            raise StvsrError("--add: give the file to add to with --json")
        return None
    for source in (file for clip in clips for file in clip.files):
        check_output(source, output)
    for entry in choice.entries:
        check_output(entry.folder / CONFIG, output)
        check_output(entry.folder / TENSORS, output)
    if not add or not output.exists():
        return None
    document = read(output)
    check_same(document, choice.protocol, clips)
    return document


def _described(request: Request, choice: Choice) -> Request:
    """Return the request with the scale in it that only its defaults told."""
    if choice.entries or choice.protocol.degradation is not None:
        return request
    scale = choice.protocol.scale
    return replace(request, settings={**request.settings, "time": scale.time, "space": scale.width})


@contextmanager
def _progress() -> Iterator[Report]:
    """Show which method is at which frame of which clip."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("opening", total=None)

        def report(method: str, clip: str, frames: int) -> None:
            progress.update(task, description=f"{clip}: {method}, frame {frames}")

        yield report


def _show(document: Document) -> None:
    from rich.console import Console
    from rich.table import Table

    from stvsr.evaluation.report import columns, figure, title

    chosen = columns(document)
    names = [clip["name"] for clip in document["data"]["clips"]]
    table = Table(title=f"{document['data']['name']}, {document['protocol']['title']}: PSNR (dB) / SSIM")
    for heading in ("clip", "method", *(title(*column) for column in chosen), "s/MP"):
        table.add_column(heading, no_wrap=heading != "method")
    for name in [*(names if len(names) > 1 else []), "mean"]:
        heading = name if len(names) > 1 else names[0]
        for row in document["rows"]:
            means = row["mean"] if name == "mean" else row.get("clips", {}).get(name)
            if means is None:
                continue
            seconds = row.get("seconds_per_megapixel")
            speed = f"{seconds:.2g}" if name == "mean" and seconds is not None else ""
            printed = row["kind"] == "published"
            cells = [figure(means.get(frames), colour, printed=printed) for frames, colour in chosen]
            label = row["method"] + (" (published)" if printed else "")
            table.add_row(heading, label, *cells, speed)
            heading = ""
        table.add_section()
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    console.print(table)
    _show_further(document, console)
    console.print(document["protocol"]["text"], highlight=False)
    if any(row["mean"].get(f) and row["mean"][f].get("identical") for row in document["rows"] for f in row["mean"]):
        console.print("* some frames equal the truth exactly; each counts as 100 dB")


def _show_further(document: Document, console: Console) -> None:
    """Show the means of metrics beyond PSNR and SSIM."""
    from rich.table import Table

    from stvsr.evaluation.report import further, further_figure, further_title

    names, frames = further(document), document["protocol"]["frames"]
    if not names:
        return
    table = Table(title=f"{document['data']['name']}: motion and appearance, {frames} frames")
    for heading in ("method", *map(further_title, names)):
        table.add_column(heading, no_wrap=heading != "method")
    for row in document["rows"]:
        figures = row["mean"].get(frames)
        if figures and any(name in figures for name in names):
            table.add_row(row["method"], *(further_figure(figures, name) for name in names))
    console.print(table)
