"""`stvsr inspect`: what a video file holds, and what to know before restoring it."""

from __future__ import annotations

import json as json_format
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from stvsr.cli.parameters import GivenPath

if TYPE_CHECKING:
    from stvsr.video import VideoInfo


def inspect(video: GivenPath, /, *, json: bool = False) -> None:
    """Show a video file's size, rate, length, colour and streams.

    Args:
        video: The file to look at; nothing in it changes.
        json: Print one JSON object instead of a table. Rationals are strings such as "30000/1001".
    """
    from stvsr.video import probe, scan_times

    info = probe(video)
    times = scan_times(video)
    if json:
        print(json_format.dumps(_record(info, times), indent=2, ensure_ascii=False))
    else:
        _show(info, times)


def _record(info: VideoInfo, times: list[Fraction]) -> dict[str, object]:
    colour = info.colour
    return {
        "path": str(info.path),
        "container": info.container,
        "width": info.width,
        "height": info.height,
        "coded_width": info.coded_width,
        "coded_height": info.coded_height,
        "rotation": info.rotation,
        "mirrored": info.mirrored,
        "sample_aspect": str(info.sample_aspect),
        "rate": str(info.rate),
        "constant_rate": _is_constant(times, info.rate),
        "frames": len(times),
        "start": str(times[0]) if times else None,
        "duration": None if info.duration is None else str(info.duration),
        "codec": info.codec,
        "pixel_format": info.pixel_format,
        "bit_depth": info.bit_depth,
        "colour": {
            "space": colour.space,
            "primaries": colour.primaries,
            "transfer": colour.transfer,
            "range": colour.range,
        },
        "interlaced": info.interlaced,
        "has_alpha": info.has_alpha,
        "streams": [
            {"index": s.index, "kind": s.kind, "codec": s.codec, "language": s.language, "title": s.title}
            for s in info.streams
        ],
        "metadata": info.metadata,
        "notes": _notes(info),
    }


def _show(info: VideoInfo, times: list[Fraction]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in _rows(info, times):
        table.add_row(name, Text(value))
    console.print(table)
    for note in _notes(info):
        console.print(Text(f"Note: {note}", style="yellow"))


def _rows(info: VideoInfo, times: list[Fraction]) -> list[tuple[str, str]]:
    colour = info.colour
    turned = f", stored {info.coded_width}x{info.coded_height} and turned by {info.rotation}°" * bool(info.rotation)
    if info.crop:
        turned += f", cropped by the container from {info.coded_width}x{info.coded_height}"
    aspect = f", pixels {info.sample_aspect.numerator}:{info.sample_aspect.denominator}" * (info.sample_aspect != 1)
    pace = "constant" if _is_constant(times, info.rate) else "variable"
    length = "unknown" if info.duration is None else f"{float(info.duration):.3f} s"
    rows = [
        ("File", f"{info.path} ({info.container})"),
        ("Size", f"{info.width}x{info.height}{turned}{aspect}"),
        ("Frames", f"{len(times)} in {length}"),
        ("Rate", f"{float(info.rate):.3f} per second ({info.rate}), {pace}"),
        ("Codec", f"{info.codec}, {info.pixel_format}, {info.bit_depth} bits"),
        ("Colour", f"{colour.space}, {colour.range} range, {colour.primaries} primaries, {colour.transfer} transfer"),
    ]
    if info.mastering is not None and info.mastering.light:
        rows.append(("HDR", f"MaxCLL {info.mastering.light[0]}, MaxFALL {info.mastering.light[1]} cd/m²"))
    rows += [("Stream", str(stream)) for stream in info.streams]
    found = _made_by(info)
    records = {key for key, _, _ in found}
    rows += [(command, words) for _, command, words in found]
    return rows + [("Tag", f"{key} = {value}") for key, value in info.metadata.items() if key not in records]


def _made_by(info: VideoInfo) -> list[tuple[str, str, str]]:
    """Return what the records of this program in a file say in short: their tag, the command, and its words."""
    commands = {"STVSR": "Shrunk", "STVSR_DEGRADE": "Degraded"}
    found = []
    for key, value in info.metadata.items():
        try:
            record = json_format.loads(value) if key.upper() in commands else None
            if record is None:
                continue
            by = record.get("model") or ", ".join(f"{n} {v}" for n, v in record["degradation"].items())
            words = f"from {record['frames']} frames of {record['width']}x{record['height']}; {by}"
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # not one of ours: shown as any other tag
        found.append((key, commands[key.upper()], words))
    return found


def _is_constant(times: list[Fraction], rate: Fraction) -> bool:
    """Whether every step is one frame period, to within a tenth of it: containers round their stamps."""
    steps = (later - earlier for earlier, later in pairwise(times))
    return all(abs(step * rate - 1) < Fraction(1, 10) for step in steps)


def _notes(info: VideoInfo) -> list[str]:
    """What restoring this file would lose or get wrong."""
    notes = []
    if info.colour.is_hdr or info.bit_depth > 8:
        kind = "high dynamic range (PQ or HLG)" if info.colour.is_hdr else f"{info.bit_depth}-bit samples"
        notes.append(f"{kind}: 8 bits of every colour are kept unless --pixel-format asks for more")
    if info.dynamic:
        notes.append(f"{' and '.join(info.dynamic)} metadata: left out")
    if info.dolby_only:
        notes.append("Dolby Vision that shares its colours with no other format (profile 5): refused")
    if info.has_alpha:
        notes.append("a transparency channel: a video that uses it is refused; flatten it onto a colour first")
    if info.interlaced:
        notes.append("interlaced frames: refused unless --interlaced says deinterlace or keep")
    return notes
