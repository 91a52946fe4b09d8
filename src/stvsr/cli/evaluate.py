"""`stvsr evaluate`: how good a model is, beside baselines, on the user's own clips or on a benchmark."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from stvsr.cli.parameters import Whole, model_names

if TYPE_CHECKING:
    import torch

    from stvsr.evaluation.choice import Choice
    from stvsr.evaluation.clips import TestClip
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
    device: str = "auto",
) -> None:
    """Measure PSNR and SSIM of models and baselines: shrink clips, restore them, compare with the truth.

    A staa model shrinks the clips by itself. A davsr model is told how they were degraded: by --time, --space,
    --exposure, --shutter, --blur and --noise as 'stvsr upscale' takes them, what is not given being the model's own
    default; every method then restores the same low clip. '--time 5 --space 4 --exposure 1' is Table 2 of DAVSR.

    Args:
        data: A video, a folder of frames, or a folder of such clips (the layout of Vid4).
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
        device: Where to compute: auto (CUDA where there is one), cpu, cuda or cuda:1.
    """
    from stvsr.errors import StvsrError
    from stvsr.evaluation.choice import choose
    from stvsr.evaluation.clips import find_clips
    from stvsr.evaluation.metrics import check_installed
    from stvsr.restoration.stream import choose_device
    from stvsr.video.output import PartialFile

    check_installed()
    device_ = choose_device(device)
    clips = find_clips(data, frames)
    options = {"time": time, "space": space, "exposure": exposure, "shutter": shutter, "blur": blur, "noise": noise}
    given = {name: value for name, value in options.items() if value is not None}
    choice = choose(model, given, iterations)
    if not choice.entries and not baselines:
        what = choice.protocol.title
        raise StvsrError(f"nothing to measure: no model ships for {what}; give --model or leave --no-baselines out")
    if not choice.entries:
        print(f"stvsr: no model ships for {choice.protocol.scale}: measuring interpolation only", file=sys.stderr)
    earlier = _earlier(json_, add, clips, choice)
    output = PartialFile(json_) if json_ else None
    try:
        document = _measure(clips, choice, baselines, ssim, device_)
        document["data"]["name"] = data.resolve().name
        limits = {"iterations": iterations, "frames": frames}
        document["command"] = _command(data, choice, {**given, **limits}, baselines, ssim)
        if earlier:
            from stvsr.evaluation.results import merged

            document = merged(earlier, document)
        _show(document)
        if output:
            from stvsr.evaluation.results import to_json

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


def _command(data: Path, choice: Choice, given: Mapping[str, Any], baselines: bool, ssim: bool) -> str:
    """Return the command that measures the same again, free of this machine's folders."""
    words = ["stvsr", "evaluate", data.resolve().name]
    for entry in choice.entries:
        words += ["--model", entry.name]
    if not choice.entries and choice.protocol.degradation is None:
        given = {**given, "time": choice.protocol.scale.time, "space": choice.protocol.scale.width}
    for name in ("time", "space", "exposure", "shutter", "blur", "noise", "iterations", "frames"):
        if given.get(name) is not None:
            value = Path(str(given[name])).name if name == "blur" else str(given[name])
            words += [f"--{name}", value]
    return shlex.join(words + ([] if baselines else ["--no-baselines"]) + ([] if ssim else ["--no-ssim"]))


def _measure(clips: Sequence[TestClip], choice: Choice, baselines: bool, ssim: bool, device: torch.device) -> Document:
    from stvsr.evaluation import run
    from stvsr.evaluation.provenance import environment
    from stvsr.evaluation.results import Measurement

    methods = [*(choice.baselines() if baselines else []), *choice.models(device)]
    with _progress(len(clips) * len(methods)) as report:
        measure = run.Measure(report, _metrics_device(device), ssim)
        results = run.evaluate(methods, clips, choice.protocol, measure)
    used = environment(str(device))
    return Measurement("", clips, choice.protocol, results, choice.details, "", used).document()


def _metrics_device(device: torch.device) -> str:
    """Return where metrics are computed: beside the model where that has the double precision they need."""
    return str(device) if device.type == "cuda" else "cpu"


@contextmanager
def _progress(jobs: int) -> Iterator[Report]:
    """Show which method is at which frame of which clip."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    seen: set[tuple[str, str]] = set()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("opening", total=jobs)

        def report(method: str, clip: str, frames: int) -> None:
            seen.add((method, clip))
            progress.update(task, completed=len(seen) - 1, description=f"{clip}: {method}, frame {frames}")

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
    console.print(document["protocol"]["text"], highlight=False)
    if any(row["mean"].get(f) and row["mean"][f].get("identical") for row in document["rows"] for f in row["mean"]):
        console.print("* some frames equal the truth exactly; each counts as 100 dB")
