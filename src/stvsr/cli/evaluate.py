"""`stvsr evaluate`: how good a model is, beside baselines, on the user's own clips or on a benchmark."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stvsr.cli.parameters import Whole, model_names

if TYPE_CHECKING:
    import torch

    from stvsr.evaluation.clips import TestClip
    from stvsr.evaluation.results import Document
    from stvsr.evaluation.run import Report
    from stvsr.models.zoo import Entry
    from stvsr.physics.scale import Scale


def evaluate(
    data: Path,
    /,
    *,
    model: Annotated[list[str] | None, Parameter(negative="", validator=model_names)] = None,
    time: Whole = None,
    space: Whole = None,
    frames: Whole = None,
    json_: Path | None = None,
    baselines: bool = True,
    device: str = "auto",
) -> None:
    """Measure PSNR and SSIM of models and baselines: shrink clips, restore them, compare with the truth.

    Args:
        data: A video, a folder of frames, or a folder of such clips (the layout of Vid4).
        model: A bundled name, a model folder or a hub id; repeat it for several of one scale. Without it, the model
            that ships for --time and --space.
        time: Factor in time, by default the model's, or 2.
        space: Factor in space, by default the model's, or 4.
        frames: Use only so many frames from the start of each clip.
        json_: Write all figures, frame by frame, with what is needed to check them, to this file.
        baselines: Measure interpolation too, on the same frames.
        device: Where to compute: auto (CUDA where there is one), cpu, cuda or cuda:1.
    """
    from stvsr.errors import StvsrError
    from stvsr.evaluation.clips import find_clips
    from stvsr.evaluation.metrics import check_installed
    from stvsr.restoration.stream import choose_device
    from stvsr.video.output import PartialFile

    check_installed()
    chosen = choose_device(device)
    clips = find_clips(data, frames)
    entries = _entries(model, time, space)
    scale = _scale(entries, time, space)
    if not entries and not baselines:
        raise StvsrError(f"nothing to measure: no model ships for {scale}; give --model or leave --no-baselines out")
    if not entries:
        print(f"stvsr: no model ships for {scale}: measuring interpolation only", file=sys.stderr)
    if json_:
        _check_spared(json_, clips, entries)
    output = PartialFile(json_) if json_ else None
    try:
        document = _measure(clips, entries, scale, baselines, chosen)
        document["data"]["name"] = data.resolve().name
        document["command"] = _command(data, entries, scale, frames, baselines)
        _show(document)
        if output:
            from stvsr.evaluation.results import to_json

            output.path.write_text(to_json(document), encoding="utf-8")
            output.keep()
    finally:
        if output:
            output.discard()


def _check_spared(output: Path, clips: Sequence[TestClip], entries: Sequence[Entry]) -> None:
    """Refuse to write over a file that is read."""
    from stvsr.models.zoo import CONFIG, TENSORS
    from stvsr.video.output import check_output

    for source in (file for clip in clips for file in clip.files):
        check_output(source, output)
    for entry in entries:
        check_output(entry.folder / CONFIG, output)
        check_output(entry.folder / TENSORS, output)


def _entries(models: list[str] | None, time: int | None, space: int | None) -> list[Entry]:
    from stvsr.errors import StvsrError
    from stvsr.models.zoo import find, find_by_scale

    if models:
        return [find(name) for name in models]
    try:
        return [find_by_scale(_given(time, space))]
    except StvsrError:
        return []


def _scale(entries: list[Entry], time: int | None, space: int | None) -> Scale:
    from stvsr.errors import StvsrError

    if not entries:
        return _given(time, space)
    scale = entries[0].scale
    if time not in (None, scale.time) or (space is not None and {space} != {scale.height, scale.width}):
        raise StvsrError(f"{entries[0].name} is made for {scale}; leave --time and --space out")
    return scale


def _given(time: int | None, space: int | None) -> Scale:
    from stvsr.physics.scale import Scale

    return Scale.of(2 if time is None else time, 4 if space is None else space)


def _labels(entries: Sequence[Entry]) -> list[str]:
    """Return what tables call the models: their names, and where several share one also their folders."""
    names = [entry.name for entry in entries]
    return [
        name if names.count(name) == 1 else f"{name} ({entry.folder.parent.name}/{entry.folder.name})"
        for name, entry in zip(names, entries, strict=True)
    ]


def _command(data: Path, entries: Sequence[Entry], scale: Scale, frames: int | None, baselines: bool) -> str:
    """Return the command that measures the same again, free of this machine's folders."""
    words = ["stvsr", "evaluate", data.resolve().name]
    for entry in entries:
        words += ["--model", entry.name]
    if not entries:
        words += ["--time", str(scale.time), "--space", str(scale.width)]
    words += [] if frames is None else ["--frames", str(frames)]
    return shlex.join(words + ([] if baselines else ["--no-baselines"]))


def _measure(
    clips: Sequence[TestClip], entries: Sequence[Entry], scale: Scale, baselines: bool, device: torch.device
) -> Document:
    import stvsr
    from stvsr.evaluation import run
    from stvsr.evaluation.baselines import baselines_for
    from stvsr.evaluation.protocol import protocol_for
    from stvsr.evaluation.provenance import environment
    from stvsr.evaluation.results import Measurement
    from stvsr.restoration.contract import Restorer

    methods: list[Restorer] = [*baselines_for(scale)] if baselines else []
    labels = _labels(entries)
    for label, entry in zip(labels, entries, strict=True):
        model = stvsr.load(entry.folder, device)
        model.name = label
        methods.append(model)
    protocol = protocol_for(scale)
    with _progress(len(clips) * len(methods)) as report:
        results = run.evaluate(methods, clips, protocol, report, _metrics_device(device))
    details = {
        label: {"parameters": entry.parameters, "weights_sha256": entry.checksum}
        for label, entry in zip(labels, entries, strict=True)
    }
    return Measurement("", clips, protocol, results, details, "", environment(str(device))).document()


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
            speed = f"{row['seconds_per_megapixel']:.2g}" if name == "mean" and "clips" in row else ""
            cells = [figure(means.get(frames), colour) for frames, colour in chosen]
            label = row["method"] + (" (published)" if row["kind"] == "published" else "")
            table.add_row(heading, label, *cells, speed)
            heading = ""
        table.add_section()
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    console.print(table)
    console.print(document["protocol"]["text"], highlight=False)
    if any(row["mean"].get(f) and row["mean"][f].get("identical") for row in document["rows"] for f in row["mean"]):
        console.print("* some frames equal the truth exactly; each counts as 100 dB")
